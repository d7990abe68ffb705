"""Authorization details of the bundled catalog's type, as a client asks for them (RFC 9396)."""

from __future__ import annotations

import json

from tests.support.platform import Platform, Request

TYPE = "meter_readings"
READ_DAILY = {"type": TYPE, "actions": ["read"], "datatypes": ["daily"]}
BOTH = {"type": TYPE, "actions": ["read", "download"], "datatypes": ["daily", "interval"]}


def asking(*details: object, scope: str = "", **fields: object) -> Request:
    """A request for these details."""
    extra = fields.pop("extra", {})
    return Request(scope=scope, extra={**extra, "authorization_details": written(*details)}, **fields)


def written(*details: object) -> str:
    """The parameter."""
    return json.dumps(details)


def with_sites(detail: dict, *sites: str) -> dict:
    """What is told of a detail of which these sites were chosen."""
    chosen = [{"type": "site", "identifiers": sorted(sites)}] if sites else []
    return {**detail, "resources": chosen}


def registered(platform: Platform, *types: str, client_id: str = "coolsite", **members: object) -> None:
    """Let a client ask for details of these types."""
    from dataclasses import replace

    with platform.runtime.storage.transaction() as uow:
        client = uow.clients.get(client_id)
        uow.clients.update(replace(client, authorization_details_types=types or (TYPE,), **members))
