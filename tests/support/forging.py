"""A bundle taken apart, and put together again by somebody who has the signing key of the log.

Made from docs/evidence.md alone: trees, proofs, notes and keys are not those of the product, which is to judge it.
"""

from __future__ import annotations

import copy
import hmac
import json
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMA = "urn:consentcore:evidence-bundle:1"


class NotHereError(Exception):
    """A bundle has nothing to which somebody could do this."""


def sha(*parts: bytes) -> bytes:
    return sha256(b"".join(parts)).digest()


def base64(data: bytes) -> str:
    return b64encode(data).decode()


def canonical(value: object) -> str:
    """RFC 8785, for texts and whole numbers."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def root_of(hashes: list[bytes]) -> bytes:
    """RFC 6962 section 2.1."""
    if len(hashes) < 2:
        return hashes[0] if hashes else sha()
    half = _half(len(hashes))
    return sha(b"\1", root_of(hashes[:half]), root_of(hashes[half:]))


def inclusion(at: int, hashes: list[bytes]) -> list[bytes]:
    """RFC 6962 section 2.1.1."""
    if len(hashes) < 2:
        return []
    half = _half(len(hashes))
    if at < half:
        return [*inclusion(at, hashes[:half]), root_of(hashes[half:])]
    return [*inclusion(at - half, hashes[half:]), root_of(hashes[:half])]


def consistency(size: int, hashes: list[bytes], whole: bool = True) -> list[bytes]:
    """RFC 6962 section 2.1.2."""
    if size == 0:
        return []
    if size == len(hashes):
        return [] if whole else [root_of(hashes)]
    half = _half(len(hashes))
    if size <= half:
        return [*consistency(size, hashes[:half], whole), root_of(hashes[half:])]
    return [*consistency(size - half, hashes[half:], False), root_of(hashes[:half])]


def _half(size: int) -> int:
    """The greatest power of two that is less."""
    return 1 << (size - 1).bit_length() - 1


@dataclass(frozen=True)
class Pen:
    """A key of a log, by its seed."""

    key_id: str
    seed: bytes

    @classmethod
    def of(cls, key_id: str, master: bytes) -> Pen:
        """The evidence key of a master key, as the page derives it."""
        extracted = hmac.digest(b"consentcore key ring 1", master, "sha256")
        return cls(key_id, hmac.digest(extracted, b"evidence-signing\1", "sha256"))

    @property
    def public(self) -> bytes:
        return self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def named(self, name: str, kind: int = 1) -> str:
        """Its verifier key."""
        return f"{name}+{self._id(name, kind).hex()}+{base64(bytes([kind]) + self.public)}"

    def line(self, name: str, text: str) -> str:
        """A line of signature below a note."""
        return f"— {name} {base64(self._id(name, 1) + self._private.sign(text.encode()))}\n"

    def cosigned(self, name: str, text: str, at: int) -> str:
        """A line of a witness (C2SP tlog-cosignature)."""
        message = f"cosignature/v1\ntime {at}\n{text}".encode()
        return f"— {name} {base64(self._id(name, 4) + at.to_bytes(8, 'big') + self._private.sign(message))}\n"

    def _id(self, name: str, kind: int) -> bytes:
        return sha(name.encode(), b"\n", bytes([kind]), self.public)[:4]

    @property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


def note(text: str, name: str, *pens: Pen) -> str:
    return text + "\n" + "".join(pen.line(name, text) for pen in pens)


def text_in(signed: str) -> str:
    return signed.rpartition("\n\n")[0] + "\n"


class Forged:
    """A bundle in the hands of somebody who has the pens.

    :ivar keeps_roots: whether statements ``resumed`` are written anew when the leaves before them change.
    """

    def __init__(self, bundle: bytes, pen: Pen, old: Pen, stranger: Pen) -> None:
        self.lines: list[list[Any]] = [
            list(pair) for line in bundle.splitlines() for pair in json.loads(line).items()
        ]
        self.pen, self.old, self.stranger = pen, old, stranger
        self.behind = b""
        self.keeps_roots = True
        self._spelled: dict[int, bytes] = {}

    @property
    def head(self) -> dict[str, Any]:
        return self.lines[0][1]  # type: ignore[no-any-return]  # JSON

    @property
    def name(self) -> str:
        return str(self.head["log"])

    def bytes(self) -> bytes:
        return b"".join(map(self._line, range(len(self.lines)))) + self.behind

    def all(self, kind: str) -> list[int]:
        return [at for at, (found, _) in enumerate(self.lines) if found == kind]

    def first(self, kind: str) -> int:
        if not self.all(kind):
            raise NotHereError(kind)
        return self.all(kind)[0]

    def last_event(self) -> int:
        self.first("event")
        return self.all("event")[-1]

    def at(self, kind: str) -> Any:
        """The content of the first line of a kind."""
        return self.lines[self.first(kind)][1]

    def groups(self) -> list[range]:
        starts = [*self.all("grant"), len(self.lines) - 1]
        return [range(one, two) for one, two in pairwise(starts)]

    def chain(self) -> list[int]:
        """The lines of the events of a grant that has several."""
        for group in self.groups():
            events = [at for at in group if self.lines[at][0] == "event"]
            if len(events) > 1:
                return events
        raise NotHereError("a chain")

    def statement(self, what: str) -> int:
        for at in self.all("statement"):
            if self.said(at)["statement"] == what:
                return at
        raise NotHereError(what)

    def said(self, at: int) -> dict[str, Any]:
        return json.loads(text_in(self.lines[at][1]["note"]))  # type: ignore[no-any-return]  # JSON

    def say(self, at: int, says: object, *pens: Pen, name: str = "") -> None:
        under = name or (says["log"] if isinstance(says, dict) and "log" in says else self.name)
        self.lines[at][1]["note"] = note(canonical(says) + "\n", under, *(pens or (self.pen,)))

    def state(self, facts: dict[str, Any], *pens: Pen) -> int:
        """One more statement at the end of the log; its line."""
        place = len(self.all("event")) + len(self.all("statement"))
        at = max([0, *self.all("statement")]) + 1
        self.lines.insert(at, ["statement", {"index": place, "proof": []}])
        self.say(at, {"index": place, "log": self.name, "at": "2026-05-03T10:00:00.000Z", **facts}, *pens)
        return at

    def body(self, at: int, change: Callable[[dict[str, Any]], object]) -> None:
        body = json.loads(self.lines[at][1]["body"])
        change(body)
        self.lines[at][1]["body"] = canonical(body)

    def spell(self, at: int, change: Callable[[bytes], bytes]) -> None:
        """Other bytes of a line, where JSON has several for the same."""
        self._spelled[at] = change(self._line(at))

    def sign_head(self, text: str, *pens: Pen, more: str = "") -> None:
        self.head["checkpoint"] = note(text, self.name, *(pens or (self.pen,))) + more

    def seal(self, *pens: Pen, **other: Any) -> None:
        """An end that fits, with other facts in it."""
        size = json.loads(text_in(self.lines[-1][1]["note"]))["size"]
        says = {
            "bundle": SCHEMA,
            "size": size,
            "sha256": sha(*map(self._line, range(len(self.lines) - 1))).hex(),
            **{f"{kind}s": len(self.all(kind)) for kind in ("grant", "event", "statement")},
            **other,
        }
        signed = note(canonical(says) + "\n", self.name, *(pens or (self.pen,)))
        self.lines[-1][1] = {"note": signed}

    def write_log(self, *pens: Pen) -> list[bytes]:
        """The whole log anew, of what the lines say: proofs, checkpoint and end; its leaf hashes."""
        if not self.head["complete"]:
            raise NotHereError("all of the log")
        leaves = [at for at in range(len(self.lines)) if self.lines[at][0] in {"event", "statement"}]
        hashes: list[bytes] = []
        for at in sorted(leaves, key=lambda at: self.lines[at][1]["index"]):
            hashes.append(sha(b"\0", sha(self._leaf(at, hashes).encode())))
        for kind, content in self.lines:
            if kind in {"event", "statement"}:
                content["proof"] = [*map(base64, inclusion(content["index"], hashes))]
            if kind == "statement" and "kept" in (says := json.loads(text_in(content["note"]))):
                content["consistency"] = [*map(base64, consistency(says["kept"]["size"], hashes))]
            if kind == "consistency":
                size = int(content["checkpoint"].split("\n")[1])
                text = f"{self.name}\n{size}\n{base64(root_of(hashes[:size]))}\n"
                content["checkpoint"] = note(text, self.name, self.pen)
                content["proof"] = [*map(base64, consistency(size, hashes))]
        self.sign_head(f"{self.name}\n{len(hashes)}\n{base64(root_of(hashes))}\n", *pens)
        self.seal(*pens, size=len(hashes))
        return hashes

    def _leaf(self, at: int, before: list[bytes]) -> str:
        kind, content = self.lines[at]
        if kind == "event":
            return str(content["body"])
        says = self.said(at)
        kept = says.get("kept")
        if kept is not None and self.keeps_roots:
            kept["root"] = root_of(before[: kept["size"]]).hex()
            self.say(at, says)
        return text_in(content["note"])[:-1]

    def copy(self, at: int) -> list[Any]:
        return copy.deepcopy(self.lines[at])

    def _line(self, at: int) -> bytes:
        if at in self._spelled:
            return self._spelled[at]
        kind, content = self.lines[at]
        return written({kind: content})


def written(line: dict[str, Any]) -> bytes:
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
