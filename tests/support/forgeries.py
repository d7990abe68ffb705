"""What somebody with the signing key could make of a bundle, so that every rule of docs/evidence.md stands alone.

Each changes one thing and signs the end, or the whole log, anew. ``tests/support/forged_bundles.py`` lists them.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from tests.support.forging import Forged, NotHereError, base64, note, root_of, sha, text_in

if TYPE_CHECKING:
    from collections.abc import Callable

LAST_TIME = "2026-05-03T10:00:00.000Z"


def spelled(kind: str, change: Callable[[bytes], bytes]) -> Callable[[Forged], None]:
    """Other bytes in the first line of a kind."""

    def forge(bundle: Forged) -> None:
        bundle.spell(bundle.first(kind), change)
        bundle.seal()

    return forge


def member(kind: str, name: str, change: Callable[[Any], object]) -> Callable[[Forged], None]:
    """Another value of a member of the first line of a kind."""

    def forge(bundle: Forged) -> None:
        content = bundle.at(kind)
        content[name] = change(content[name])
        bundle.seal()

    return forge


def without(kind: str, name: str) -> Callable[[Forged], None]:
    def forge(bundle: Forged) -> None:
        del bundle.at(kind)[name]
        bundle.seal()

    return forge


def added(line: str, before: str = "event") -> Callable[[Forged], None]:
    """One more line."""

    def forge(bundle: Forged) -> None:
        bundle.lines.insert(bundle.first(before), *[list(pair) for pair in json.loads(line).items()])
        bundle.seal()

    return forge


def head(change: Callable[[str], str], more: str = "") -> Callable[[Forged], None]:
    """Another text of the checkpoint, well signed."""

    def forge(bundle: Forged) -> None:
        bundle.sign_head(change(text_in(bundle.head["checkpoint"])), more=more)
        bundle.seal()

    return forge


def size_as(write: Callable[[str], str]) -> Callable[[Forged], None]:
    def change(text: str) -> str:
        name, size, rest = text.split("\n", 2)
        return f"{name}\n{write(size)}\n{rest}"

    return head(change)


def body(change: Callable[[dict[str, Any]], object]) -> Callable[[Forged], None]:
    """Another body of the last event, in a log that is written anew."""

    def forge(bundle: Forged) -> None:
        bundle.body(bundle.last_event(), change)
        bundle.write_log()

    return forge


def told(change: Callable[[dict[str, Any]], object], what: str = "keys") -> Callable[[Forged], None]:
    """A statement that says something else, in a log that is written anew."""

    def forge(bundle: Forged) -> None:
        bundle.keeps_roots = what != "resumed"
        at = bundle.statement(what)
        says = bundle.said(at)
        change(says)
        bundle.say(at, says, name=says.get("log") or bundle.name)
        bundle.write_log()

    return forge


def stated(**facts: Any) -> Callable[[Forged], None]:
    def forge(bundle: Forged) -> None:
        bundle.state(facts)
        bundle.write_log()

    return forge


def ends(**facts: Any) -> Callable[[Forged], None]:
    return lambda bundle: bundle.seal(**facts)


def ends_with_true(bundle: Forged) -> None:
    """Where Python has True for 1."""
    kind = next((kind for kind in ("grant", "event", "statement") if len(bundle.all(kind)) == 1), "")
    if not kind:
        raise NotHereError("one of a kind")
    bundle.seal(**{f"{kind}s": True})


def ends_in_capitals(bundle: Forged) -> None:
    bundle.seal()
    says = json.loads(text_in(bundle.lines[-1][1]["note"]))
    bundle.seal(sha256=says["sha256"].upper())


def disclosed(value: object) -> str:
    return _url(json.dumps(value, ensure_ascii=False).encode())


def _url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _digest(encoded: str) -> str:
    return _url(sha(encoded.encode()))


TOMBSTONE: dict[str, object] = {"forgotten_at": LAST_TIME, "reason": "erasure"}


def buried(bundle: Forged, stays: bool) -> None:
    at = bundle.first("disclosure")
    tombstone = ["tombstone", {"subject": _digest(bundle.lines[at][1]), **TOMBSTONE}]
    bundle.lines[at : at + 1] = [tombstone, bundle.lines[at]] if stays else [tombstone]
    bundle.seal()


def twice(kind: str) -> Callable[[Forged], None]:
    def forge(bundle: Forged) -> None:
        at = bundle.first(kind)
        bundle.lines.insert(at, bundle.copy(at))
        bundle.seal()

    return forge


def in_other_order(bundle: Forged) -> None:
    one, two = (bundle.lines[at][1] for at in bundle.chain()[:2])
    one["index"], two["index"] = two["index"], one["index"]
    bundle.write_log()


def sealed_with_an_ended_key(bundle: Forged) -> None:
    over = bundle.lines[bundle.statement("keys")][1]["index"]
    behind = [at for at in bundle.all("event") if bundle.lines[at][1]["index"] > over]
    if not behind:
        raise NotHereError("an event behind it")
    bundle.body(behind[0], lambda facts: facts.update(key_id=bundle.old.key_id))
    bundle.write_log()


def stated_by_an_ended_key(bundle: Forged) -> None:
    bundle.statement("keys")
    bundle.state({"statement": "upgraded"}, bundle.old)
    bundle.write_log()


def current_key_ended(bundle: Forged) -> None:
    key = {"key_id": bundle.pen.key_id, "key": bundle.pen.named(bundle.name)}
    bundle.state({"statement": "keys", "ended": [key]})
    bundle.write_log()


def all_by_a_stranger(bundle: Forged) -> None:
    key = {"key_id": "mine", "key": bundle.stranger.named(bundle.name), "revoked_at": None}
    bundle.head["keys"].append(key)
    bundle.write_log(bundle.stranger)


def own_key_for_cosignatures(bundle: Forged) -> None:
    key = {"key_id": "mine", "key": bundle.stranger.named("witness.example", 4)}
    bundle.head["keys"] = [key]
    bundle.write_log(bundle.stranger)


def statement_by_an_own_key_for_cosignatures(bundle: Forged) -> None:
    key = {"key_id": "mine", "key": bundle.stranger.named("witness.example", 4)}
    bundle.head["keys"].append(key)
    bundle.state({"statement": "upgraded"}, bundle.stranger)
    bundle.write_log()


def head_by(*others: str, text: str = "") -> Callable[[Forged], None]:
    """The checkpoint with lines of these pens, beside ours where it is named."""

    def forge(bundle: Forged) -> None:
        right = text_in(bundle.head["checkpoint"])
        lines = "".join(getattr(bundle, one).line(bundle.name, text or right) for one in others[1:])
        bundle.sign_head(right, getattr(bundle, others[0]), more=lines)
        bundle.seal()

    return forge


def continues(size: int, proof: int = 0, root: bytes = b"", signed: str = "pen") -> Callable[[Forged], None]:
    """One more line ``consistency``: of so many leaves, the whole log where -1."""

    def forge(bundle: Forged) -> None:
        hashes = bundle.write_log()
        leaves = len(hashes) if size < 0 else size
        text = f"{bundle.name}\n{leaves}\n{base64(root or root_of(hashes[:leaves]))}\n"
        checkpoint = note(text, bundle.name, getattr(bundle, signed))
        content = {"checkpoint": checkpoint, "proof": [base64(bytes(32))] * proof}
        bundle.lines.insert(1, ["consistency", content])
        bundle.seal()

    return forge


def last_keyed_hash(bundle: Forged) -> None:
    bundle.lines[bundle.last_event()][1]["record_hash"] = "00" * 32
    bundle.seal()


def not_ascii(bundle: Forged) -> None:
    bundle.last_event()
    group = bundle.groups()[-1]
    bundle.lines[group[0]][1]["grant_id"] = "é"
    for at in group:
        if bundle.lines[at][0] == "event":
            bundle.body(at, lambda facts: facts.update(grant_id="é"))
    bundle.write_log()


def nameless_tombstone(bundle: Forged) -> None:
    """Beside an event that names no page."""
    for at in bundle.all("event"):
        if json.loads(bundle.lines[at][1]["body"])["evidence"]["snapshot_hash"] == "":
            start = max(one for one in bundle.all("grant") if one < at)
            bundle.lines.insert(start + 1, ["tombstone", {"subject": "", **TOMBSTONE}])
            bundle.seal()
            return
    raise NotHereError("an event without a page")


def other_spelling_of_a_disclosure(bundle: Forged) -> None:
    encoded = _url(b'["salt","name","value"]')
    bundle.lines.insert(bundle.first("event"), ["disclosure", encoded[:-1] + chr(ord(encoded[-1]) + 1)])
    bundle.seal()


def page_as_tombstone(bundle: Forged) -> None:
    """A page beside its own tombstone: it is what was shown, and forgotten or not."""
    at = bundle.first("snapshot")
    subject = "sha256:" + sha256(bundle.lines[at][1]["content"].encode()).hexdigest()
    bundle.lines.insert(at, ["tombstone", {"subject": subject, **TOMBSTONE}])
    bundle.seal()


def revoked(value: object) -> Callable[[Forged], None]:
    def forge(bundle: Forged) -> None:
        for key in bundle.head["keys"]:
            key["revoked_at"] = value
        bundle.seal()

    return forge
