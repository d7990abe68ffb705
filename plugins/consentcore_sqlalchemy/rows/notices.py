"""Rows of notices."""

from __future__ import annotations

from consentcore.api import Notice
from consentcore_sqlalchemy.rows.records import PROOF, Records
from consentcore_sqlalchemy.tables import notice

NOTICE = tuple(column for column in notice.c if column.name not in {"expanded_at", "feed_index"})
NOTICES = Records(Notice, NOTICE, seal=PROOF)
