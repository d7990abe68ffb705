"""What anybody can check: Ed25519 signatures of the evidence, and from when to when each key may make them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from consentcore.ports.keys import KeyRing

PURPOSE = "evidence-signing"


@dataclass(frozen=True, slots=True)
class KeyTimes:
    """The times of a key, in ms since the epoch.

    :ivar used_from: from when on things are made with it; 0 is from the beginning.
    :ivar retired_at: when another took its place; None while it is the one in use, or waits. 0: not known.
    :ivar revoked_at: since when nothing that it makes counts; None when it was not revoked.
    """

    used_from: int
    retired_at: int | None
    revoked_at: int | None


class EvidenceSigner:
    """Signs checkpoints, receipts and exports with one key for each master key of the ring. Safe to share.

    The private half is derived (RFC 5869, purpose ``evidence-signing``) and kept nowhere; signing asks for no I/O.
    """

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys

    @property
    def current_id(self) -> str:
        """Id of the key that signs now."""
        return self._keys.current_id

    @property
    def ids(self) -> Sequence[str]:
        """All key ids, newest first."""
        return self._keys.ids

    def private(self, key_id: str = "") -> Ed25519PrivateKey:
        """The private half.

        :param key_id: empty means the current one.
        :raises KeyUnavailable: when the ring lacks it.
        """
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self._keys.subkey(PURPOSE, key_id))

    def public(self, key_id: str = "") -> bytes:
        """The public half, 32 bytes (RFC 8032).

        :raises KeyUnavailable: see :meth:`private`.
        """
        return self.private(key_id).public_key().public_bytes_raw()

    def sign(self, data: bytes, key_id: str = "") -> bytes:
        """Sign: 64 bytes (RFC 8032). ``data`` has to say itself what it is, so that it never passes for something else.

        :raises KeyUnavailable: see :meth:`private`.
        """
        return self.private(key_id).sign(data)

    def times(self, key_id: str) -> KeyTimes:
        """From when to when a key may sign.

        :raises KeyUnavailable: when the ring lacks it.
        """
        ids = list(self._keys.ids)
        place, current = ids.index(key_id) if key_id in ids else -1, ids.index(self._keys.current_id)
        used_from, revoked_at = self._keys.used_from(key_id), self._keys.revoked_at(key_id)
        retired_at = self._keys.used_from(ids[place - 1]) if place > current else None
        return KeyTimes(used_from, retired_at, revoked_at or None)
