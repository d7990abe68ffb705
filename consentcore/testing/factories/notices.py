"""Notices."""

from __future__ import annotations

import json
import uuid
from typing import Any

from consentcore.api import Audience, Grant, Notice, NoticeKind
from consentcore.testing.factories.base import NOW, SCOPES, made


def notice(grant: Grant, **overrides: Any) -> Notice:
    """Make the notice that tells owner and client of a grant."""
    defaults = {
        "notice_id": str(uuid.uuid4()),
        "kind": NoticeKind.GRANTED,
        "grant_id": grant.grant_id,
        "client_id": grant.client_id,
        "owner_id": grant.owner_id,
        "audiences": (Audience.OWNER, Audience.CLIENT),
        "occurred_at": NOW,
        "data": json.dumps({"sequence": grant.sequence, "scopes": list(SCOPES)}),
    }
    return made(Notice, defaults, overrides)
