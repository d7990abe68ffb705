"""Verifying a webhook (Standard Webhooks), and saying what is wrong with one that does not hold."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from consentcore.domain.event_kinds import CHOOSABLE, NoticeKind
from consentcore.domain.json_text import read_json
from consentcore.webhooks.payload import in_order
from consentcore.webhooks.signing import SCHEMES, is_ed25519, is_hmac

TOLERANCE_S = 300
KNOWN_TYPES = frozenset(kind.value for kind in (*CHOOSABLE, NoticeKind.TEST))
_NUMBER = re.compile(r"[0-9]{1,15}", re.ASCII)
NEEDED = ("webhook-id", "webhook-timestamp", "webhook-signature")


@dataclass(frozen=True)
class Examination:
    """One request: whether its signature holds, and why not or what is noteworthy.

    :ivar problem: "" when it is in order.
    :ivar hint: what to do.
    :ivar event: the parsed body, if it is JSON.
    """

    notice_id: str
    problem: str = ""
    hint: str = ""
    event: object = None

    @property
    def ok(self) -> bool:
        """Whether a receiver may believe it."""
        return not self.problem


@dataclass(frozen=True)
class Trust:
    """What signatures are checked against.

    :ivar secrets: of ``whsec_…``, the current one first, then others that are still good.
    :ivar old: of secrets that were rotated away: what only they verify is not good.
    :ivar public_keys: of ``whpk_…``, for ``v1a``.
    """

    secrets: tuple[bytes, ...] = field(default=(), repr=False)
    old: tuple[bytes, ...] = field(default=(), repr=False)
    public_keys: tuple[bytes, ...] = ()


def examine(headers: Mapping[str, str], body: bytes, trust: Trust, now: float) -> Examination:
    """Verify a request by Standard Webhooks.

    :param headers: with names in lower case.
    :param now: seconds since the epoch.
    """
    notice_id = headers.get("webhook-id", "")
    event = _parsed(body)
    missing = [name for name in NEEDED if not headers.get(name)]
    if missing:
        hint = "a proxy may drop headers that it does not know, or this did not come from consentcore"
        return Examination(notice_id, f"missing headers: {', '.join(missing)}", hint, event)
    timestamp = headers["webhook-timestamp"]
    if not _NUMBER.fullmatch(timestamp):
        return Examination(
            notice_id, f"webhook-timestamp is {timestamp[:40]!r}", "expected whole seconds", event
        )
    presented = _presented(headers["webhook-signature"])
    lacking = _lacking(presented, trust)
    if lacking:
        return Examination(notice_id, *lacking, event)
    check = _Check(f"{notice_id}.{timestamp}.".encode(), presented)
    number = check.position(body, trust)
    if number is None:
        return Examination(notice_id, *_why_not(check, body, trust), event)
    off = int(now) - int(timestamp)  # both whole seconds, or half a second more would show as one
    if abs(off) > TOLERANCE_S:
        direction = "ahead of" if off > 0 else "behind"
        hint = f"set the time of this machine; more than {TOLERANCE_S} s may also mean that an old request was replayed"
        return Examination(
            notice_id, f"clock off by {abs(off)} s: this machine is {direction} the sender", hint, event
        )
    return Examination(notice_id, "", _note(number, event), event)


@dataclass(frozen=True)
class _Check:
    """The signatures of one request.

    :ivar prefix: what is signed before the body.
    """

    prefix: bytes
    presented: Sequence[tuple[str, str]]

    def position(self, body: bytes, trust: Trust) -> int | None:
        """Which of the secrets, or 0 for a public key, signed this body; None when none did."""
        signed = self.prefix + body
        for scheme, given in self.presented:
            if scheme == "v1a" and any(is_ed25519(key, signed, given) for key in trust.public_keys):
                return 0
        for number, secret in enumerate(trust.secrets):
            if any(scheme == "v1" and is_hmac(secret, signed, given) for scheme, given in self.presented):
                return number
        return None


def _presented(header: str) -> list[tuple[str, str]]:
    pairs = [word.partition(",") for word in header.split()]
    return [(scheme, given) for scheme, _, given in pairs if scheme in SCHEMES and given]


def _lacking(presented: Sequence[tuple[str, str]], trust: Trust) -> tuple[str, str] | None:
    """What to say when no signature is of a kind that can be checked."""
    schemes = {scheme for scheme, _ in presented}
    if not schemes:
        return "webhook-signature holds no v1 signature", "expected v1,BASE64 or v1a,BASE64"
    if schemes == {"v1a"} and not trust.public_keys:
        return "signed by v1a (Ed25519) only", "give the endpoint's whpk_ key as --public-key"
    if schemes == {"v1"} and not (trust.secrets or trust.old):
        return "signed by v1 (HMAC) only", "give the endpoint's whsec_ secret as --secret"
    return None


def _note(number: int, event: object) -> str:
    if number:
        return f"signed with older secret number {number + 1}; take it out once the new one is in use"
    kind = event.get("type") if isinstance(event, dict) else None
    if not isinstance(kind, str):
        return "the body is no JSON object with a type"
    return (
        "" if kind in KNOWN_TYPES else f"{kind[:60]!r} is a type that this version does not know: ignore it"
    )


def _why_not(check: _Check, body: bytes, trust: Trust) -> tuple[str, str]:
    if check.position(body, Trust(trust.old)) is not None:
        return (
            "signed with the old secret",
            "only with it: the sender has not rotated yet, or this endpoint is not the one that was rotated",
        )
    everything = Trust((*trust.secrets, *trust.old), (), trust.public_keys)
    if _is_rewritten(check, body, everything):
        return (
            "the body was re-serialised on its way",
            "verify the bytes as they were received, before any JSON parser or proxy touches them",
        )
    if _parsed(body) is None:
        return (
            "no signature matches, and the body is no complete JSON",
            "it was cut off or changed on its way",
        )
    return (
        "no signature matches the secret",
        "wrong secret: that of another endpoint or application, or one that was rotated away; or the body was changed",
    )


def _is_rewritten(check: _Check, body: bytes, trust: Trust) -> bool:
    try:
        return any(check.position(text, trust) is not None for text in _other_forms(body))
    except RecursionError:  # as deep as a parser just bears, and so nothing that was sent from here
        return False


def _other_forms(body: bytes) -> Iterator[bytes]:
    """The body as the sender may have written it, if something on the way parsed and wrote it again."""
    yield body.strip()
    data = _parsed(body)
    if data is None:
        return
    for form in (data, in_order(data)):
        for ascii_only in (False, True):
            for separators in ((",", ":"), (", ", ": ")):
                text = json.dumps(form, ensure_ascii=ascii_only, separators=separators)
                yield text.encode(errors="surrogatepass")


def _parsed(body: bytes) -> object:
    try:
        return read_json(body)
    except ValueError:
        return None
