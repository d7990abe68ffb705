"""The keys that somebody trusts: as a file names them, or, for want of it, as a bundle names its own."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BinasciiError
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from consentcore.consent.bundle.values import array, text
from consentcore.domain.errors import InvalidInput
from consentcore.domain.json_text import read_json
from consentcore.tlog import BadNote, VerifierKey
from consentcore.tlog.note import COSIGNATURE, ED25519

MOST_KEYS = 1000
LONGEST = 1_000_000
"""Characters of a file of keys."""


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A public key of a log.

    :ivar public: 32 bytes (RFC 8032).
    :ivar key_id: as the key ring calls it; "" where nobody said.
    :ivar times: ``used_from``, ``retired_at`` and ``revoked_at`` (ISO 8601), those that there are.
    """

    public: bytes
    key_id: str = ""
    times: Mapping[str, str] | None = None

    @property
    def is_revoked(self) -> bool:
        """Whether nothing that it signs counts any more."""
        return "revoked_at" in (self.times or {})

    def jwk(self, key_id: str) -> dict[str, object]:
        """It as a JSON Web Key (RFC 8037), with its times, under an id."""
        x = urlsafe_b64encode(self.public).rstrip(b"=").decode()
        return {"kty": "OKP", "crv": "Ed25519", "kid": key_id, "x": x, **(self.times or {})}


@dataclass(frozen=True, slots=True)
class TrustedKeys:
    """Keys of logs, and of witnesses."""

    keys: tuple[KnownKey, ...] = ()
    witnesses: tuple[VerifierKey, ...] = ()

    @property
    def publics(self) -> frozenset[bytes]:
        """The public keys that may sign."""
        return frozenset(one.public for one in self.keys if not one.is_revoked)

    def jwks(self, key_id: str) -> list[dict[str, object]]:
        """Those that may have signed under an id."""
        return [one.jwk(key_id) for one in self.keys if one.key_id in {"", key_id}]


def read_keys(file: str) -> TrustedKeys:
    """Read a file of keys: verifier keys of signed notes, one a line (those of witnesses too); or the JSON of
    ``/.well-known/consent-log/keys``; or that of ``/.well-known/consent-receipt-keys.json`` (RFC 7517).

    :raises InvalidInput: field ``keys``, when it is none of these or names no key.
    """
    try:
        found = _read(file.strip()) if len(file) <= LONGEST else None
    except (ValueError, TypeError, LookupError, AttributeError, BinasciiError) as error:
        raise InvalidInput("keys", f"expected public keys, as they are published ({error})") from None
    if found is None or not 0 < len(found.keys) <= MOST_KEYS:
        raise InvalidInput("keys", "expected public keys, as they are published")
    return found


def listed(keys: object) -> TrustedKeys:
    """The keys of a list as it is published: ``key_id``, ``key`` and times. Those for cosignatures sign no log.

    :raises BadLine, BadNote: at what is no list of keys.
    :raises LookupError, TypeError, AttributeError: likewise.
    """
    found = [(VerifierKey.read(text(one["key"])), text(one["key_id"]), _times(one)) for one in array(keys)]
    return TrustedKeys(
        tuple(KnownKey(key.public, key_id, times) for key, key_id, times in found if key.kind == ED25519)
    )


def _read(file: str) -> TrustedKeys:
    if not file.startswith("{"):
        keys = [VerifierKey.read(line.strip()) for line in file.splitlines() if line.strip()]
        return TrustedKeys(
            tuple(KnownKey(one.public) for one in keys if one.kind != COSIGNATURE),
            tuple(one for one in keys if one.kind == COSIGNATURE),
        )
    members = read_json(file)["keys"]
    return TrustedKeys(tuple(map(_jwk, members))) if members and "kty" in members[0] else listed(members)


def _jwk(one: Mapping[str, Any]) -> KnownKey:
    public = urlsafe_b64decode(one["x"] + "=" * (-len(one["x"]) % 4))
    if (one["kty"], one["crv"]) != ("OKP", "Ed25519") or len(public) != 32:
        raise BadNote("expected Ed25519 keys")
    return KnownKey(public, str(one["kid"]), _times(one))


def _times(one: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: str(one[name])
        for name in ("used_from", "retired_at", "revoked_at")
        if one.get(name) is not None
    }
