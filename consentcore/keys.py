"""The key ring: master keys from a file, the environment or a plugin, and everything derived from them."""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import re
import secrets
import tempfile
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BinasciiError
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from consentcore.domain.errors import ConfigurationError, KeyUnavailable

if TYPE_CHECKING:
    from consentcore.ports.keys import KeyProvider

log = logging.getLogger("consentcore.keys")

KEY_BYTES = 32
_SALT = b"consentcore key ring 1"
_NONCE_BYTES = 12
_KEY_ID = re.compile(r"[a-z0-9]{1,16}")
_HEADER = """\
# The master keys of consentcore, newest first: id, key, time of making. Keep this file secret, keep a copy of it
# in a safe place, and keep old keys: without them evidence cannot be verified and secrets cannot be read.
"""


class KeyProviders(Protocol):
    """What gives key providers by name: the plugin registry."""

    def key_provider(self, name: str) -> KeyProvider: ...


class Keys:
    """A key ring (:class:`consentcore.ports.keys.KeyRing`) over given master keys.

    :param master_keys: pairs of key id (1 to 16 of ``[a-z0-9]``) and 32 secret bytes, newest first, at least one.
    :raises ValueError: when they are not that; the text never shows a key.
    """

    def __init__(self, master_keys: Sequence[tuple[str, bytes]]) -> None:
        if not master_keys:
            raise ValueError("a key ring needs at least one key")
        for key_id, key in master_keys:
            if not _KEY_ID.fullmatch(key_id):
                raise ValueError("a key id is 1 to 16 lower-case letters and digits")
            if len(key) != KEY_BYTES:
                raise ValueError(f"key {key_id} has {len(key)} bytes, expected {KEY_BYTES}")
        self._ids = tuple(key_id for key_id, _ in master_keys)
        if len(set(self._ids)) != len(self._ids):
            raise ValueError("two keys have the same id")
        # RFC 5869 section 2.2: the extracted key is what everything else is expanded from.
        self._extracted = {key_id: hmac.digest(_SALT, key, "sha256") for key_id, key in master_keys}
        self._subkeys: dict[tuple[str, str], bytes] = {}

    def __repr__(self) -> str:
        return f"Keys({', '.join(self._ids)})"

    @property
    def current_id(self) -> str:
        """Id of the key that new things are made with."""
        return self._ids[0]

    @property
    def ids(self) -> Sequence[str]:
        """All key ids, newest first."""
        return self._ids

    def subkey(self, purpose: str, key_id: str = "") -> bytes:
        """32 bytes for one purpose. :raises KeyUnavailable: when the ring lacks the key."""
        name = (key_id or self._ids[0], purpose)
        found = self._subkeys.get(name)
        if found is None:
            found = self._subkeys[name] = self._expand(*name)
        return found

    def mac(self, purpose: str, data: bytes, key_id: str = "") -> bytes:
        """HMAC-SHA-256 under a subkey."""
        return hmac.digest(self.subkey(purpose, key_id), data, "sha256")

    def stable_mac(self, purpose: str, data: bytes) -> bytes:
        """HMAC-SHA-256 under the subkey of the oldest key."""
        return self.mac(purpose, data, self._ids[-1])

    def seal(self, purpose: str, plaintext: bytes, context: str) -> str:
        """Encrypt: ``1.<key id>.<base64url of nonce, ciphertext and tag>``."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = secrets.token_bytes(_NONCE_BYTES)
        box = AESGCM(self.subkey(purpose)).encrypt(nonce, plaintext, _associated(purpose, context))
        return f"1.{self.current_id}.{_encode(nonce + box)}"

    def open(self, purpose: str, sealed: str, context: str) -> bytes:
        """Undo :meth:`seal`. :raises KeyUnavailable: unknown key. :raises ValueError: tampered or wrong context."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        version, _, rest = sealed.partition(".")
        key_id, _, text = rest.partition(".")
        if version != "1" or not _KEY_ID.fullmatch(key_id):
            raise ValueError("this is no sealed text")
        key = self.subkey(purpose, key_id)
        box = _decode(text)
        if len(box) < _NONCE_BYTES + 16:
            raise ValueError("the sealed text is too short")
        try:
            return AESGCM(key).decrypt(box[:_NONCE_BYTES], box[_NONCE_BYTES:], _associated(purpose, context))
        except InvalidTag:
            raise ValueError("the sealed text was changed, or belongs elsewhere") from None

    def _expand(self, key_id: str, purpose: str) -> bytes:
        if key_id not in self._extracted:
            raise KeyUnavailable(f"the key ring has no key {key_id!r}")
        # RFC 5869 section 2.3 for one block: T(1) = HMAC(PRK, info | 0x01).
        return hmac.digest(self._extracted[key_id], purpose.encode() + b"\x01", "sha256")


def open_key_ring(
    setting: str,
    registry: KeyProviders | None = None,
    base_dir: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Keys:
    """Open what ``consentcore.keys`` names: a file (``PATH`` or ``file:PATH``), ``env:NAME``, ``provider:NAME``.

    :param base_dir: where relative paths start.
    :raises ConfigurationError: when there is none, or it is not in order; keys are never shown.
    """
    if setting.startswith("provider:"):
        if registry is None:
            raise ConfigurationError([f"consentcore.keys: {setting} needs the plugins to be loaded"])
        pairs = registry.key_provider(setting.removeprefix("provider:")).master_keys()
    elif setting.startswith("env:"):
        name = setting[4:]
        text = (os.environ if environ is None else environ).get(name, "")
        if not text.strip():
            raise ConfigurationError(
                [f"consentcore.keys: expected the environment variable {name} to be set"]
            )
        pairs = [pair[:2] for pair in _parse(text, f"environment variable {name}")]
    else:
        pairs = [pair[:2] for pair in read_key_file(key_file(setting, base_dir))]
    try:
        return Keys(pairs)
    except ValueError as error:
        raise ConfigurationError([f"consentcore.keys: {error}"]) from None


def key_file(setting: str, base_dir: Path | None = None) -> Path:
    """The file that a setting of that kind names. :raises ConfigurationError: when it names none."""
    if setting.startswith(("env:", "provider:")):
        raise ConfigurationError([f"consentcore.keys: {setting} is no file, so its keys are kept elsewhere"])
    return (base_dir or Path.cwd()) / Path(setting.removeprefix("file:")).expanduser()


def read_key_file(path: Path) -> list[tuple[str, bytes, str]]:
    """Key id, key and time of making (ISO, may be empty) of every line, newest first.

    :raises ConfigurationError: naming the line that is wrong.
    """
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        raise ConfigurationError(
            [
                f"consentcore.keys: there is no file {path}; `consentcore init` or `consentcore keys create` makes it"
            ]
        ) from None
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError([f"consentcore.keys: expected a readable key file {path}"]) from None
    if mode & 0o077:
        log.warning("%s can be read by others than its owner; chmod 600 it", path)
    return _parse(text, str(path))


def create_key_file(path: Path | str) -> bool:
    """Make a key file with one new key, readable by its owner only; False when there was one before.

    Two that do this at once end with one and the same file, and nobody ever reads half a file.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = _write_draft(target, [new_master_key()])
    try:
        os.link(draft, target)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True


def rotate_key_file(path: Path) -> str:
    """Put a new master key before those of a key file and return its id; the old ones stay.

    :raises ConfigurationError: when the file is not in order.
    """
    before = read_key_file(path)
    fresh = new_master_key()
    draft = _write_draft(path, [fresh, *before])
    draft.replace(path)
    return fresh[0]


def new_master_key() -> tuple[str, bytes, str]:
    """A new key id, 32 random bytes, and the time."""
    return (
        f"k{secrets.token_hex(4)}",
        secrets.token_bytes(KEY_BYTES),
        datetime.now(UTC).isoformat(timespec="seconds"),
    )


def key_line(key: tuple[str, bytes, str]) -> str:
    """A key as a line of a key file. This is the key itself: only for files and ``env:`` values."""
    return f"{key[0]} {_encode(key[1])} {key[2]}".strip()


def _write_draft(target: Path, keys: Sequence[tuple[str, bytes, str]]) -> Path:
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(_HEADER + "".join(f"{key_line(key)}\n" for key in keys))
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)


def _parse(text: str, place: str) -> list[tuple[str, bytes, str]]:
    """Lines ``id key [created]``, or a single ``key`` whose id is then derived from it."""
    found = []
    for number, line in enumerate(re.split(r"[\n;]", text), 1):
        parts = line.split()
        if not parts or parts[0].startswith("#"):
            continue
        try:
            key_id, encoded = (parts[0], parts[1]) if len(parts) > 1 else ("", parts[0])
            key = _decode(encoded)
            if len(key) != KEY_BYTES:
                raise ValueError("wrong length")
        except ValueError:
            raise ConfigurationError(
                [
                    f"consentcore.keys: {place} line {number}: expected a key id and {KEY_BYTES} bytes in base64"
                ]
            ) from None
        found.append((key_id or _fingerprint(key), key, " ".join(parts[2:])))
    if not found:
        raise ConfigurationError([f"consentcore.keys: {place} holds no key"])
    return found


def _fingerprint(key: bytes) -> str:
    return "k" + hashlib.sha256(b"consentcore key id" + key).hexdigest()[:8]


def _associated(purpose: str, context: str) -> bytes:
    return f"{purpose}\x00{context}".encode()


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    """Read base64 of either alphabet, with or without padding. :raises ValueError: when it is none."""
    bare = text.rstrip("=").replace("+", "-").replace("/", "_")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", bare):
        raise ValueError("this is not base64")
    try:
        return urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except BinasciiError:
        raise ValueError("this is not base64") from None
