"""Rows of consent events, snapshots, disclosures and checkpoints."""

from __future__ import annotations

from sqlalchemy import exists, tuple_

from consentcore.api import Checkpoint, ConsentEvent, Disclosure, NoticeSnapshot, Tombstone
from consentcore_sqlalchemy.rows.records import PROOF, Records
from consentcore_sqlalchemy.tables import (
    checkpoint,
    consent_event,
    disclosure,
    notice_snapshot,
    tombstone,
)

EVENTS = Records(ConsentEvent, consent_event.c)
SNAPSHOT = [column for column in notice_snapshot.c if column.key != "copy"]
SNAPSHOTS = Records(NoticeSnapshot, SNAPSHOT, seal=PROOF)
_earlier = notice_snapshot.alias("earlier")
FIRST_COPY = ~exists().where(
    _earlier.c.snapshot_hash == notice_snapshot.c.snapshot_hash,
    tuple_(_earlier.c.created_at, _earlier.c.copy)
    < tuple_(notice_snapshot.c.created_at, notice_snapshot.c.copy),
)
"""Of a page that was stored more than once, the one that counts."""
CHECKPOINTS = Records(
    Checkpoint,
    checkpoint.c,
    # Those of before have none.
    seal=PROOF,
)
DISCLOSURES = Records(Disclosure, disclosure.c)
TOMBSTONES = Records(Tombstone, tombstone.c)
