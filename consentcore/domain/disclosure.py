"""Personal values that stand apart from what is chained: the chained text has a digest, the value is kept beside it.

In the form of SD-JWT (RFC 9901 section 4.2): whoever holds a disclosure can compare it with the digest, whoever holds
the digest alone learns nothing, because of the salt. What is forgotten leaves the digest, and the chain, as they were.
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

from consentcore.domain.errors import InvalidInput
from consentcore.domain.json_text import read_json

SALT_BYTES = 16
"""128 bits (RFC 9901 section 9.3)."""
MOST_CHARACTERS = 90_000
"""Of one encoded disclosure; what is longer has to be several."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """A value with what its digest was made of.

    :ivar digest: base64url of the SHA-256 of ``encoded``, without padding: 43 characters.
    :ivar encoded: base64url of the JSON array of salt, name and value, without padding.
    """

    digest: str
    encoded: str

    @property
    def is_sound(self) -> bool:
        """Whether it is what its digest was made of."""
        return digest_of(self.encoded) == self.digest

    def read(self) -> tuple[str, object]:
        """Its name and value.

        :raises ValueError: when it is no disclosure.
        """
        data = urlsafe_b64decode(self.encoded + "=" * (-len(self.encoded) % 4))
        if _base64(data) != self.encoded:
            raise ValueError("a disclosure is base64url in its one spelling, without padding")
        found = read_json(data.decode())
        if not isinstance(found, list) or len(found) != 3 or not isinstance(found[1], str):
            raise ValueError("a disclosure is an array of salt, name and value")
        return found[1], found[2]

    def __repr__(self) -> str:
        return f"Disclosure({self.digest}, ***)"


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What is left of something that was forgotten, so that nobody takes it for something that was made away with.

    :ivar subject: the digest of a disclosure, or the hash of a notice snapshot.
    :ivar forgotten_at: milliseconds since the epoch.
    :ivar reason: a code, such as ``erasure`` or ``retention``.
    :ivar seal: keyed hash over the other fields: without the key nobody makes one.
    """

    subject: str
    forgotten_at: int
    reason: str
    key_id: str
    seal: bytes


def disclose(name: str, value: object, salt: bytes) -> Disclosure:
    """Make a disclosure.

    :param value: anything that JSON has.
    :param salt: at least 16 bytes that nobody can guess.
    :raises InvalidInput: when it is longer than 90,000 characters, or has no form in UTF-8.
    """
    text = json.dumps([_base64(salt), name, value], ensure_ascii=False, separators=(",", ":"))
    try:
        encoded = _base64(text.encode())
    except UnicodeEncodeError as error:
        raise InvalidInput(name, "expected valid Unicode") from error
    if len(encoded) > MOST_CHARACTERS:
        raise InvalidInput(name, f"expected at most {MOST_CHARACTERS} characters with its salt, encoded")
    return Disclosure(digest_of(encoded), encoded)


def digest_of(encoded: str) -> str:
    """The digest of an encoded disclosure (RFC 9901 section 4.2.3)."""
    return _base64(hashlib.sha256(encoded.encode("utf-8", "surrogatepass")).digest())


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
