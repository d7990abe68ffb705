"""The key ring itself: from master keys to subkeys, and which of them new things are made with."""

from __future__ import annotations

import hmac
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BinasciiError
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from consentcore.domain.clock import SystemClock
from consentcore.domain.errors import KeyUnavailable

if TYPE_CHECKING:
    from consentcore.domain.clock import Clock

KEY_BYTES = 32
_SALT = b"consentcore key ring 1"
_NONCE_BYTES = 12
_BLOCK_BYTES = 64
_KEY_ID = re.compile(r"[a-z0-9]{1,16}")


@dataclass(frozen=True, slots=True)
class MasterKey:
    """A master key.

    :ivar key_id: 1 to 16 of ``[a-z0-9]``.
    :ivar secret: 32 bytes.
    :ivar made: when it was made (ISO), or "".
    :ivar used_from: from when on new things are made with it, in ms since the epoch; 0 is at once.
    :ivar revoked_at: since when nothing that it makes counts, because it may be known to others; 0: it was not revoked.
    """

    key_id: str
    secret: bytes = field(repr=False)
    made: str = ""
    used_from: int = 0
    revoked_at: int = 0


class Loaded:
    """Master keys that are in order, and the subkeys that were derived so far. Never changes otherwise."""

    def __init__(self, master_keys: Sequence[MasterKey]) -> None:
        if not master_keys:
            raise ValueError("a key ring needs at least one key")
        for key in master_keys:
            if not _KEY_ID.fullmatch(key.key_id):
                raise ValueError("a key id is 1 to 16 lower-case letters and digits")
            if len(key.secret) != KEY_BYTES:
                raise ValueError(f"key {key.key_id} has {len(key.secret)} bytes, expected {KEY_BYTES}")
        self.ids = tuple(key.key_id for key in master_keys)
        if len(set(self.ids)) != len(self.ids):
            raise ValueError("two keys have the same id")
        self.used_from = {key.key_id: key.used_from for key in master_keys}
        self.revoked_at = {key.key_id: key.revoked_at for key in master_keys}
        # RFC 5869 section 2.2: the extracted key is what everything else is expanded from.
        self.extracted = {key.key_id: hmac.digest(_SALT, key.secret, "sha256") for key in master_keys}
        self.subkeys: dict[tuple[str, str], bytes] = {}
        self.macs: dict[tuple[str, str], Mac] = {}
        self._sound = [key_id for key_id in self.ids if not self.revoked_at[key_id]] or list(self.ids)

    def current_at(self, now: int) -> str:
        """The newest key whose time has come; the oldest has no predecessor to wait for, and the successor of a revoked
        one is not waited for: by a clock that is late nothing may be made that counts for nothing."""
        for key_id in self._sound:
            if self.used_from[key_id] <= now:
                return key_id
        return self._sound[-1]

    def subkey(self, purpose: str, key_id: str) -> bytes | None:
        """32 bytes for one purpose; None when there is no such key."""
        found = self.subkeys.get((key_id, purpose))
        if found is None and key_id in self.extracted:
            # RFC 5869 section 2.3 for one block: T(1) = HMAC(PRK, info | 0x01).
            found = hmac.digest(self.extracted[key_id], purpose.encode() + b"\x01", "sha256")
            self.subkeys[key_id, purpose] = found
        return found


class Mac:
    """HMAC-SHA-256 (RFC 2104) under one key, whose two blocks are hashed once and not for every text. OpenSSL looks
    its parts up anew for each text, which takes longer than hashing it. Safe to share between threads.

    :param key: at most 64 bytes.
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = key.ljust(_BLOCK_BYTES, b"\0")
        self._inner = sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = sha256(bytes(byte ^ 0x5C for byte in block))

    def digest(self, data: bytes) -> bytes:
        """The 32 bytes for a text."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(data)
        outer.update(inner.digest())
        return outer.digest()


class Keys:
    """A key ring (:class:`consentcore.ports.keys.KeyRing`) over given master keys. Safe to share between threads.

    :param master_keys: newest first, at least one; pairs of id and secret are keys that are used at once.
    :param clock: tells which key's time has come.
    :raises ValueError: when they are not in order; the text never shows a key.
    """

    def __init__(
        self, master_keys: Iterable[MasterKey | tuple[str, bytes]], clock: Clock | None = None
    ) -> None:
        self._clock = clock or SystemClock()
        self._loaded = Loaded([key if isinstance(key, MasterKey) else MasterKey(*key) for key in master_keys])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self._loaded.ids)})"

    @property
    def current_id(self) -> str:
        """Id of the key that new things are made with: the newest whose time has come."""
        return self._ring().current_at(self._clock.now())

    @property
    def ids(self) -> Sequence[str]:
        """All key ids, newest first."""
        return self._ring().ids

    def used_from(self, key_id: str) -> int:
        """From when on new things are made with a key, in ms; 0 is at once.

        :raises KeyUnavailable: unknown key.
        """
        times = self._ring().used_from
        if key_id not in times:
            raise KeyUnavailable(f"the key ring has no key {key_id!r}")
        return times[key_id]

    def revoked_at(self, key_id: str) -> int:
        """Since when nothing that a key makes counts, in ms; 0: it was not revoked.

        :raises KeyUnavailable: unknown key.
        """
        times = self._ring().revoked_at
        if key_id not in times:
            raise KeyUnavailable(f"the key ring has no key {key_id!r}")
        return times[key_id]

    def subkey(self, purpose: str, key_id: str = "") -> bytes:
        """32 bytes for one purpose.

        :raises KeyUnavailable: when the ring lacks the key.
        """
        wanted = key_id or self.current_id
        found = self._ring().subkey(purpose, wanted) or self._look_again().subkey(purpose, wanted)
        if found is None:
            raise KeyUnavailable(f"the key ring has no key {wanted!r}")
        return found

    def mac(self, purpose: str, data: bytes, key_id: str = "") -> bytes:
        """HMAC-SHA-256 under a subkey."""
        ring = self._ring()
        which = key_id or ring.current_at(self._clock.now()), purpose
        made = ring.macs.get(which)
        if made is None:
            made = Mac(self.subkey(purpose, which[0]))
            ring.macs[which] = made
        return made.digest(data)

    def stable_mac(self, purpose: str, data: bytes) -> bytes:
        """HMAC-SHA-256 under the subkey of the oldest key."""
        return self.mac(purpose, data, self._ring().ids[-1])

    def seal(self, purpose: str, plaintext: bytes, context: str) -> str:
        """Encrypt: ``1.<key id>.<base64url of nonce, ciphertext and tag>``."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key_id, nonce = self.current_id, secrets.token_bytes(_NONCE_BYTES)
        key = self.subkey(purpose, key_id)
        box = AESGCM(key).encrypt(nonce, plaintext, _associated(purpose, context))
        return f"1.{key_id}.{encode(nonce + box)}"

    def open(self, purpose: str, sealed: str, context: str) -> bytes:
        """Undo :meth:`seal`.

        :raises KeyUnavailable: unknown key.
        :raises ValueError: tampered or wrong context.
        """
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        version, _, rest = sealed.partition(".")
        key_id, _, text = rest.partition(".")
        if version != "1" or not _KEY_ID.fullmatch(key_id):
            raise ValueError("this is no sealed text")
        key = self.subkey(purpose, key_id)
        box = decode(text)
        if len(box) < _NONCE_BYTES + 16:
            raise ValueError("the sealed text is too short")
        try:
            return AESGCM(key).decrypt(box[:_NONCE_BYTES], box[_NONCE_BYTES:], _associated(purpose, context))
        except InvalidTag:
            raise ValueError("the sealed text was changed, or belongs elsewhere") from None

    def _ring(self) -> Loaded:
        """The keys as they are now."""
        return self._loaded

    def _look_again(self) -> Loaded:
        """The keys, read anew where that is possible: a key is named that is not among them."""
        return self._loaded


def sealed_by(text: str) -> str:
    """The id of the key that a text of :meth:`Keys.seal` says it is of; "" where it is none."""
    parts = text.split(".")
    return parts[1] if len(parts) == 3 else ""


def _associated(purpose: str, context: str) -> bytes:
    return f"{purpose}\x00{context}".encode()


def encode(data: bytes) -> str:
    """Write base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Read base64 of either alphabet, with or without padding.

    :raises ValueError: when it is none.
    """
    bare = text.rstrip("=").replace("+", "-").replace("/", "_")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", bare):
        raise ValueError("this is not base64")
    try:
        return urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except BinasciiError:
        raise ValueError("this is not base64") from None
