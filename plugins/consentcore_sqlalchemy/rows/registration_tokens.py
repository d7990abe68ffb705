"""Rows of initial access tokens."""

from __future__ import annotations

from consentcore.api import InitialAccessToken
from consentcore_sqlalchemy.rows.records import PROOF, Records
from consentcore_sqlalchemy.tables import registration_token

REGISTRATION_TOKENS = Records(InitialAccessToken, registration_token.c, seal=PROOF)
