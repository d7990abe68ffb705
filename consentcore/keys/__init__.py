"""The key ring: master keys from a file, the environment or a plugin, and everything derived from them."""

from consentcore.keys.file import (
    NoOldKey,
    create_key_file,
    key_file_turn,
    key_line,
    new_master_key,
    read_key_file,
    revoke_old_keys,
    rotate_key_file,
)
from consentcore.keys.opening import key_file, open_key_ring, read_master_keys
from consentcore.keys.ring import KEY_BYTES, Keys, MasterKey
from consentcore.keys.signing import EvidenceSigner, KeyTimes
from consentcore.keys.watched import WatchedKeys

__all__ = [
    "KEY_BYTES",
    "EvidenceSigner",
    "KeyTimes",
    "Keys",
    "MasterKey",
    "NoOldKey",
    "WatchedKeys",
    "create_key_file",
    "key_file",
    "key_file_turn",
    "key_line",
    "new_master_key",
    "open_key_ring",
    "read_key_file",
    "read_master_keys",
    "revoke_old_keys",
    "rotate_key_file",
]
