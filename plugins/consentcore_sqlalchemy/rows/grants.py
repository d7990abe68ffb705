"""Rows of grants."""

from __future__ import annotations

from consentcore.api import Grant
from consentcore_sqlalchemy.rows.records import Records
from consentcore_sqlalchemy.tables import consent_grant

GRANTS = Records(Grant, consent_grant.c)
