"""Rows of pending authorization requests."""

from __future__ import annotations

import json

from consentcore.api import AuthorizationRequest, Interaction
from consentcore_sqlalchemy.rows.common import Row, Values, to_json


def interaction_values(interaction: Interaction) -> Values:
    """Columns of an interaction."""
    request = interaction.request
    return {
        "interaction_hash": interaction.interaction_hash,
        "session_hash": interaction.session_hash,
        "request": to_json(
            {
                "client_id": request.client_id,
                "redirect_uri": request.redirect_uri,
                "redirect_uri_given": request.redirect_uri_given,
                "scopes": list(request.scopes),
                "state": request.state,
                "code_challenge": request.code_challenge,
                "prompt": request.prompt,
                "ui_locales": list(request.ui_locales),
                "audience": list(request.audience),
            }
        ),
        "created_at": interaction.created_at,
        "expires_at": interaction.expires_at,
        "owner_id": interaction.owner_id,
    }


def interaction_from(row: Row) -> Interaction:
    """Read an interaction."""
    request = json.loads(row[2])
    for name in ("scopes", "ui_locales", "audience"):
        request[name] = tuple(request.get(name, ()))
    return Interaction(
        interaction_hash=row[0],
        session_hash=row[1],
        request=AuthorizationRequest(**request),
        created_at=row[3],
        expires_at=row[4],
        owner_id=row[5],
    )
