"""Rows of what entries of the scope catalog said."""

from __future__ import annotations

from consentcore.api import PinnedScope
from consentcore_sqlalchemy.rows.records import PROOF, Records
from consentcore_sqlalchemy.tables import pinned_scope

PINNED_SCOPES = Records(PinnedScope, pinned_scope.c, seal=PROOF)
