"""Signed requests for the tests of a receiver, with what it should do with each."""

from __future__ import annotations

import json
import uuid
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from consentcore.domain.event_kinds import CHOOSABLE, NoticeKind
from consentcore.webhooks.payload import webhook_body
from consentcore.webhooks.samples import sample_notice
from consentcore.webhooks.signing import make_secret, public_key, signature_header

ISSUER = "https://consent.example.com"
SUBJECT = "pairwise-name-of-one-person-for-one-client0"
CLIENT_ID = "acme-crm"
SCOPES = ("comfort.read", "energy.read")
STALE_S = 600

ACCEPT, REJECT = "accept", "reject"


@dataclass(frozen=True)
class _Keys:
    current: str
    old: str
    strange: str
    private: str


def make_fixtures(secret: str, old_secret: str, now: int) -> dict[str, Any]:
    """Make them.

    :param secret: ``whsec_…``, the one that a receiver under test knows.
    :param old_secret: one that was rotated away.
    :param now: Unix seconds at which the receiver under test has to believe to be; a receiver allows five minutes.
    """
    keys = _Keys(secret, old_secret, make_secret("v1"), make_secret("v1a"))
    return {
        "secret": secret,
        "old_secret": old_secret,
        "public_key": public_key(keys.private),
        "now": now,
        "fixtures": [*_good(keys, now), *_odd(keys, now), *_bad(keys, now)],
    }


def _good(keys: _Keys, now: int) -> Iterator[dict[str, Any]]:
    for kind in (*CHOOSABLE, NoticeKind.TEST):
        name = f"good-{kind.value.replace('.', '-')}"
        body = _body(kind, now)
        yield _fixture(name, ACCEPT, "as it is sent", body=body, sent_at=now, secrets=(keys.current,))


def _odd(keys: _Keys, now: int) -> Iterator[dict[str, Any]]:
    body = _body(NoticeKind.REVOKED, now)
    unknown = body.replace(b'"consent.revoked"', b'"consent.something_new"')
    member = body.replace(b'"version"', b'"new_member":{"a":1},"version"')
    two, beside = (keys.current, keys.old), (keys.private, keys.current)
    for name, why, sent, secrets in (
        ("rotating", "two secrets sign while one is rotated; one match is enough", body, two),
        ("other-scheme-beside", "v1a stands beside v1; pass over what you do not know", body, beside),
        ("unknown-type", "answer 2xx and ignore it", unknown, (keys.current,)),
        ("unknown-member", "ignore the member", member, (keys.current,)),
    ):
        yield _fixture(name, ACCEPT, why, body=sent, sent_at=now, secrets=secrets)
    why = "signed by Ed25519 only; verify it with the public key of the index"
    only = _fixture("ed25519", ACCEPT, why, body=body, sent_at=now, secrets=(keys.private,))
    yield only | {"verify_with": "public_key"}


def _bad(keys: _Keys, now: int) -> Iterator[dict[str, Any]]:
    body = _body(NoticeKind.REVOKED, now)

    def bad(name: str, why: str, sent_at: int = now, secret: str = keys.current) -> dict[str, Any]:
        return _fixture(name, REJECT, why, body=body, sent_at=sent_at, secrets=(secret,))

    changed = body.replace(b'"status":"revoked"', b'"status":"active"')
    yield bad("tampered", "the body was changed") | _body_members(changed)
    rewritten = json.dumps(json.loads(body)).encode()
    yield bad("reserialised", "the body was parsed and written again on its way") | _body_members(rewritten)
    yield bad("old-secret", "the secret was rotated away", secret=keys.old)
    yield bad("wrong-secret", "another endpoint's secret", secret=keys.strange)
    yield bad("stale", "ten minutes old: maybe recorded and replayed", now - STALE_S)
    yield bad("future", "ten minutes ahead", now + STALE_S)
    moved = bad("moved-timestamp", "the timestamp was changed")
    moved["headers"]["webhook-timestamp"] = str(now - 1)
    yield moved
    for header in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        lacking = bad(f"no-{header}", f"without {header}")
        del lacking["headers"][header]
        yield lacking


def _body(kind: NoticeKind, now: int) -> bytes:
    notice = sample_notice(kind, CLIENT_ID, SCOPES, now * 1000)
    return webhook_body(notice, subject=SUBJECT, issuer=ISSUER)


def _fixture(
    name: str, verdict: str, why: str, *, body: bytes, sent_at: int, secrets: Sequence[str]
) -> dict[str, Any]:
    notice_id = str(uuid.uuid4())
    return {
        "name": name,
        "verdict": verdict,
        "why": why,
        "verify_with": "secret",
        "method": "POST",
        "headers": {
            "content-type": "application/json",
            "user-agent": "consentcore-webhooks/fixtures",
            "webhook-id": notice_id,
            "webhook-timestamp": str(sent_at),
            "webhook-signature": signature_header(secrets, notice_id, sent_at, body),
            "consentcore-delivery": f"dlv_{uuid.uuid4().hex}",
            "consentcore-attempt": "1",
        },
        **_body_members(body),
    }


def _body_members(body: bytes) -> dict[str, str]:
    return {"body": body.decode(), "body_base64": b64encode(body).decode()}
