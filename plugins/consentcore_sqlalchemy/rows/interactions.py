"""Rows of pending authorization requests."""

from __future__ import annotations

import json
from dataclasses import fields

from consentcore.api import AuthorizationRequest, Interaction
from consentcore_sqlalchemy.rows.common import to_json
from consentcore_sqlalchemy.rows.records import PROOF, Form, Records
from consentcore_sqlalchemy.tables import interaction


def _request(kept: str) -> AuthorizationRequest:
    found = json.loads(kept)
    for name in ("scopes", "ui_locales", "audience"):
        found[name] = tuple(found.get(name, ()))
    return AuthorizationRequest(**found)


_REQUEST = tuple(each.name for each in fields(AuthorizationRequest))

INTERACTIONS = Records(
    Interaction,
    interaction.c,
    request=Form(lambda request: to_json({name: getattr(request, name) for name in _REQUEST}), _request),
    seal=PROOF,
)
