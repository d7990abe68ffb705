"""The key ring: one versioned master key, subkeys by purpose. Nothing else invents a key."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from typing import Protocol


class KeyRing(Protocol):
    """Purposes in use: ``session``, ``csrf``, ``ledger``, ``grant-seal``, ``checkpoint``, ``pairwise``,
    ``refresh``, ``webhook``, ``evidence``, ``evidence-signing``, ``signing-es256``, ``signing-eddsa``, ``ticket``,
    ``tombstone``, ``login``, ``session-name``, ``browser``, ``receipt-link``, ``dpop-nonce``."""

    @property
    def current_id(self) -> str:
        """Id of the key that new things are made with: the newest whose time has come.

        A key that was added by a rotation waits, so that every process has read it, and everybody who verifies
        signatures has fetched its public half, before anything is made with it.
        """
        ...

    @property
    def ids(self) -> Sequence[str]:
        """All key ids, newest first."""
        ...

    def used_from(self, key_id: str) -> int:
        """From when on new things are made with a key, in ms since the epoch; 0 is at once.

        :raises KeyUnavailable: when the ring lacks it.
        """
        ...

    def revoked_at(self, key_id: str) -> int:
        """Since when nothing that a key makes counts, in ms since the epoch: it may be known to others; 0: never.

        :raises KeyUnavailable: when the ring lacks it.
        """
        ...

    def subkey(self, purpose: str, key_id: str = "") -> bytes:
        """32 bytes for one purpose (HKDF-SHA-256 of the master key).

        :param key_id: empty means the current one.
        :raises KeyUnavailable: when the ring lacks it.
        """
        ...

    def mac(self, purpose: str, data: bytes, key_id: str = "") -> bytes:
        """HMAC-SHA-256 of ``data`` under the subkey: 32 bytes.

        :raises KeyUnavailable: see :meth:`subkey`.
        """
        ...

    def stable_mac(self, purpose: str, data: bytes) -> bytes:
        """Like :meth:`mac` under the oldest key, for values that must survive rotation (pairwise ``sub``)."""
        ...

    def seal(self, purpose: str, plaintext: bytes, context: str) -> str:
        """Encrypt and authenticate (AES-256-GCM). ``context`` (such as an endpoint id) must be given again to open.
        The text names the key id."""
        ...

    def open(self, purpose: str, sealed: str, context: str) -> bytes:
        """Undo :meth:`seal`.

        :raises KeyUnavailable: unknown key.
        :raises ValueError: tampered or wrong context.
        """
        ...


class KeyProvider(Protocol):
    """Where master keys live (a vault, an HSM); ``consentcore.keys = provider:NAME`` chooses one."""

    def master_keys(
        self,
    ) -> Sequence[tuple[str, bytes] | tuple[str, bytes, int] | tuple[str, bytes, int, int]]:
        """Key ids (1 to 16 of ``[a-z0-9]``) and 32 secret bytes, newest first; at least one. Asked once, at start.

        A third member says from when on new things are made with the key, in ms since the epoch: later than the
        moment at which every process has been started with it. Without one it is used at once. A fourth says since when
        the key is revoked because others may have it, likewise; 0: it is not.
        """
        ...


def pairwise_subject(keys: KeyRing, client_id: str, owner_id: str) -> str:
    """The name under which one client knows one owner: the same for ever, and another one for every other client.

    43 characters of base64url, from the oldest key, so that it outlives rotation (OpenID Connect Core section 8.1).
    """
    mac = keys.stable_mac("pairwise", f"{client_id}|{owner_id}".encode())
    return urlsafe_b64encode(mac).rstrip(b"=").decode()
