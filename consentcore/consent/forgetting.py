"""Tombstones: proof that something was forgotten by us, and not made away with."""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING

from consentcore.consent.ledger import canonical
from consentcore.domain.disclosure import Tombstone
from consentcore.domain.errors import InvalidInput, KeyUnavailable
from consentcore.keys.seals import Verdict

if TYPE_CHECKING:
    from consentcore.ports.keys import KeyRing

TOMBSTONE = "tombstone"
ERASURE = "erasure"
RETENTION = "retention"


def make_tombstone(keys: KeyRing, subject: str, now: int, reason: str) -> Tombstone:
    """Say under seal that a value, or a snapshot, is forgotten.

    :param subject: the digest of a disclosure, or the hash of a snapshot.
    :param now: milliseconds since the epoch.
    :param reason: a code: :data:`ERASURE` or :data:`RETENTION`.
    """
    key_id = keys.current_id
    return Tombstone(subject, now, reason, key_id, _seal(keys, subject, now, reason, key_id))


def is_sealed(keys: KeyRing, tombstone: Tombstone) -> bool:
    """Whether it is ours, by a key that nobody else is known to have.

    :raises KeyUnavailable: when the ring lacks its key.
    """
    return _fits(keys, tombstone) and not keys.revoked_at(tombstone.key_id)


def judge(keys: KeyRing, tombstone: Tombstone) -> Verdict:
    """Say what the seal of a tombstone is worth."""
    try:
        if not _fits(keys, tombstone):
            return Verdict.STRANGE
        return Verdict.REVOKED if keys.revoked_at(tombstone.key_id) else Verdict.OURS
    except KeyUnavailable:
        return Verdict.STRANGE


def seal_anew(keys: KeyRing, tombstone: Tombstone) -> bytes:
    """The seal that a tombstone has by the current key."""
    one = tombstone
    return _seal(keys, one.subject, one.forgotten_at, one.reason, keys.current_id)


def _fits(keys: KeyRing, tombstone: Tombstone) -> bool:
    one = tombstone
    try:
        return compare_digest(_seal(keys, one.subject, one.forgotten_at, one.reason, one.key_id), one.seal)
    except (InvalidInput, TypeError):  # a store may hold values of another kind, which we never wrote
        return False


def _seal(keys: KeyRing, subject: str, now: int, reason: str, key_id: str) -> bytes:
    text = canonical({"subject": subject, "forgotten_at": now, "reason": reason, "key_id": key_id})
    return keys.mac(TOMBSTONE, text.encode(), key_id)
