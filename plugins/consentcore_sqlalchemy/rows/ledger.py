"""Rows of consent events, snapshots and checkpoints."""

from __future__ import annotations

from consentcore.api import Checkpoint, ConsentEvent, NoticeSnapshot
from consentcore_sqlalchemy.rows.records import Records
from consentcore_sqlalchemy.tables import checkpoint, consent_event, notice_snapshot

EVENTS = Records(ConsentEvent, consent_event.c)
SNAPSHOTS = Records(NoticeSnapshot, notice_snapshot.c)
CHECKPOINTS = Records(Checkpoint, checkpoint.c)
