"""Rows of the transparency log."""

from __future__ import annotations

from consentcore.api import LogObject
from consentcore_sqlalchemy.rows.records import Records
from consentcore_sqlalchemy.tables import log_object

OBJECTS = Records(LogObject, log_object.c)
