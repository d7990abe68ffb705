"""Passwords under a seal: what a login plugin keeps of one is tied to its owner."""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING

from consentcore.domain.errors import KeyUnavailable
from consentcore.keys.seals import PURPOSE, Verdict

if TYPE_CHECKING:
    from consentcore.ports.keys import KeyRing


def seal_password(keys: KeyRing, owner_id: str, encoded: str, key_id: str = "") -> str:
    """Tie what a login plugin keeps as a password to its owner: ``1.<key id>.<64 hexadecimal digits>.<encoded>``.

    :param key_id: empty means the current one.
    :raises KeyUnavailable: when the ring lacks it.
    """
    key_id = key_id or keys.current_id
    mac = keys.mac(PURPOSE, f"password\0{owner_id}\0{encoded}".encode(), key_id)
    return f"1.{key_id}.{mac.hex()}.{encoded}"


def judge_password(keys: KeyRing, owner_id: str, kept: str) -> tuple[Verdict, str]:
    """Undo :func:`seal_password`: what its seal is worth, and what the login plugin keeps; "" where that is nothing."""
    version, _, rest = kept.partition(".")
    key_id, _, rest = rest.partition(".")
    encoded = rest.partition(".")[2]
    if version != "1" or not key_id:
        return Verdict.STRANGE, ""
    try:
        wanted = seal_password(keys, owner_id, encoded, key_id)
        if not compare_digest(wanted.encode(), kept.encode()):
            return Verdict.STRANGE, ""
        return (Verdict.REVOKED if keys.revoked_at(key_id) else Verdict.OURS), encoded
    except KeyUnavailable:
        return Verdict.STRANGE, ""


def open_password(keys: KeyRing, owner_id: str, kept: str) -> str | None:
    """Undo :func:`seal_password`; None when it was not written by us for this owner, or by a key that was revoked."""
    verdict, encoded = judge_password(keys, owner_id, kept)
    return encoded if verdict is Verdict.OURS else None
