"""Rows of pending authorization requests."""

from __future__ import annotations

import json

from consentcore.api import AuthorizationRequest, Interaction
from consentcore_sqlalchemy.rows.common import to_json
from consentcore_sqlalchemy.rows.records import PROOF, Form, Records
from consentcore_sqlalchemy.tables import interaction

INTERACTIONS = Records(
    Interaction,
    interaction.c,
    request=Form(
        lambda request: to_json(request.members()), lambda kept: AuthorizationRequest.of(json.loads(kept))
    ),
    seal=PROOF,
)
