"""Attacks on the evidence by somebody who has the database, an old backup of it, an anchor, or a leaked key."""

from drill import (
    attacks_access,
    attacks_amended,
    attacks_backup,
    attacks_beside,
    attacks_leaked,
    attacks_ledger,
    attacks_rollback,
)

EXPECTED = (
    *attacks_ledger.ATTACKS,
    *attacks_amended.ATTACKS,
    *attacks_access.ATTACKS,
    *attacks_beside.ATTACKS,
    *attacks_backup.ATTACKS,
    *attacks_leaked.ATTACKS,
    *attacks_rollback.ATTACKS,
)
"""Every attack with what has to find it: the one place where that stands. The documentation is written from it."""
