"""Rows of pushed requests."""

from __future__ import annotations

from consentcore.api import PushedRequest
from consentcore_sqlalchemy.rows.records import PROOF, Records
from consentcore_sqlalchemy.tables import pushed_request

PUSHED_REQUESTS = Records(PushedRequest, pushed_request.c, seal=PROOF)
