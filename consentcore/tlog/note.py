"""Signed notes (C2SP ``signed-note``): a text, a blank line, and lines of signatures."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from consentcore.tlog.base64 import decoded, encoded
from consentcore.tlog.errors import BadNote

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ED25519 = 0x01
COSIGNATURE = 0x04
"""Types of keys: plain Ed25519 signatures, and Ed25519 cosignatures with their time."""
_DASH = "— "
_MOST_SIGNATURES = 100
_LONGEST = 1_000_000
_NAME = re.compile(r"[^\s+]+")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with the name that it signs under.

    :ivar name: without blanks and ``+``.
    :ivar kind: :data:`ED25519` or :data:`COSIGNATURE`.
    :ivar public: 32 bytes (RFC 8032).
    """

    name: str
    public: bytes
    kind: int = ED25519

    def __post_init__(self) -> None:
        """:raises BadNote: when it is none."""
        if not _NAME.fullmatch(self.name) or _CONTROL.search(self.name):
            raise BadNote("the name of a key has neither blanks nor +")
        if self.kind not in {ED25519, COSIGNATURE} or len(self.public) != 32:
            raise BadNote("expected an Ed25519 key, for notes or for cosignatures")

    @property
    def key_id(self) -> bytes:
        """The four bytes by which a signature names its key."""
        return sha256(self.name.encode() + b"\n" + self._encoded).digest()[:4]

    @classmethod
    def read(cls, text: str) -> VerifierKey:
        """Read ``<name>+<hex of the key id>+<base64 of type and key>``.

        :raises BadNote: when it is none, or the id is that of another key.
        """
        parts = text.split("+", 2)
        if len(parts) != 3:
            raise BadNote("expected a verifier key: name+id+key")
        name, key_id, material = parts
        data = decoded(material)
        if not data:
            raise BadNote("expected a verifier key: name+id+key")
        key = cls(name, data[1:], data[0])
        if key.key_id.hex() != key_id:
            raise BadNote("the id of the verifier key is not that of its key")
        return key

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{encoded(self._encoded)}"

    @property
    def _encoded(self) -> bytes:
        return bytes([self.kind]) + self.public

    def check(self, message: bytes, signature: bytes) -> bool:
        """Whether this key made the 64 bytes of an Ed25519 signature over ``message``."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signature:
    """One line under a note.

    :ivar key_id: four bytes.
    :ivar data: what the type of the key says it is.
    """

    name: str
    key_id: bytes
    data: bytes

    def __str__(self) -> str:
        return f"{_DASH}{self.name} {encoded(self.key_id + self.data)}\n"

    @classmethod
    def read(cls, line: str) -> Signature:
        """Read a line without its newline.

        :raises BadNote: when it is none.
        """
        name, blank, rest = line.removeprefix(_DASH).partition(" ")
        if not line.startswith(_DASH) or not blank or not _NAME.fullmatch(name):
            raise BadNote("expected a line of a signature: — name base64")
        data = decoded(rest)
        if len(data) < 5:
            raise BadNote("a signature is longer than the id of its key")
        return cls(name, data[:4], data[4:])

    def is_by(self, key: VerifierKey) -> bool:
        """Whether it claims to be that key's."""
        return (self.name, self.key_id) == (key.name, key.key_id)


@dataclass(frozen=True, slots=True)
class Note:
    """A text and who signed it.

    :ivar text: ends with a newline; the blank line after it does not belong to it.
    """

    text: str
    signatures: tuple[Signature, ...]

    @classmethod
    def read(cls, written: str) -> Note:
        """Take a note apart. That says nothing of whether its signatures are right: see :meth:`signed_by`.

        :raises BadNote: when it is none.
        """
        if len(written) > _LONGEST or _CONTROL.search(written):
            raise BadNote("expected a note without control characters, of at most a million characters")
        text, blank, lines = written.rpartition("\n\n")
        if not blank or not lines.endswith("\n"):
            raise BadNote("expected a text, a blank line and lines of signatures")
        found = lines[:-1].split("\n")
        if len(found) > _MOST_SIGNATURES:
            raise BadNote(f"expected at most {_MOST_SIGNATURES} signatures")
        return cls(text + "\n", tuple(map(Signature.read, found)))

    def __str__(self) -> str:
        return f"{self.text}\n{''.join(map(str, self.signatures))}"

    def with_signatures(self, more: Iterable[Signature]) -> Note:
        """The note with further signatures, each once."""
        return Note(self.text, tuple(dict.fromkeys((*self.signatures, *more))))

    def signed_by(self, keys: Iterable[VerifierKey]) -> tuple[VerifierKey, ...]:
        """Which of the keys have signed; signatures by others count for nothing.

        :param keys: of kind :data:`ED25519`.
        :raises BadNote: when a signature that claims to be by one of them is not.
        """
        found = []
        for key in keys:
            claimed = [one for one in self.signatures if one.is_by(key)]
            if any(not key.check(self.text.encode(), one.data) for one in claimed):
                raise BadNote(f"the signature of {key.name} is wrong")
            if claimed:
                found.append(key)
        return tuple(found)


def sign(text: str, name: str, private: Ed25519PrivateKey) -> Note:
    """Sign a text that ends with a newline, under a name.

    :raises BadNote: when the text or the name has no place in a note.
    """
    if not text.endswith("\n") or _CONTROL.search(text):
        raise BadNote("expected a text that ends with a newline, without other control characters")
    key = VerifierKey(name, private.public_key().public_bytes_raw())
    return Note(text, (Signature(name, key.key_id, private.sign(text.encode())),))
