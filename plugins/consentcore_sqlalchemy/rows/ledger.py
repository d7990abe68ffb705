"""Rows of consent events, snapshots, disclosures and checkpoints."""

from __future__ import annotations

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
SNAPSHOTS = Records(NoticeSnapshot, notice_snapshot.c, seal=PROOF)
CHECKPOINTS = Records(
    Checkpoint,
    checkpoint.c,
    # Those of before have none.
    seal=PROOF,
)
DISCLOSURES = Records(Disclosure, disclosure.c)
TOMBSTONES = Records(Tombstone, tombstone.c)
