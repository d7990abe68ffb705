"""Rows of clients and of their webhook endpoints."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from consentcore.api import (
    AuthMethod,
    Client,
    ClientKind,
    ClientSecret,
    EndpointHealth,
    Halt,
    SealedSecret,
    TokenFormat,
    WebhookEndpoint,
)
from consentcore_sqlalchemy.rows.common import Row, Values, texts, texts_json, to_json


def client_values(client: Client) -> Values:
    """Columns of a client."""
    return {
        "client_id": client.client_id,
        "name": client.name,
        "created_at": client.created_at,
        "kind": client.kind.value,
        "auth_method": client.auth_method.value,
        "secrets": to_json([[s.hash.hex(), s.created_at, s.expires_at] for s in client.secrets]),
        "redirect_uris": texts_json(client.redirect_uris),
        "scopes": texts_json(client.scopes),
        "publisher": client.publisher,
        "website": client.website,
        "privacy_url": client.privacy_url,
        "purpose": client.purpose,
        "require_pkce": client.require_pkce,
        "enabled": client.enabled,
        "contact_email": client.contact_email,
        "jwks": client.jwks,
        "jwks_uri": client.jwks_uri,
        "require_par": client.require_par,
        "access_token_format": client.access_token_format.value,
        "resources": texts_json(client.audiences),
        **_halt_values("disabled", client.disabled),
        **_halt_values("suspended", client.suspended),
        "assertion_audience": client.assertion_audience,
    }


def _halt_values(name: str, halt: Halt | None) -> Values:
    return {
        f"{name}_at": halt.at if halt else None,
        f"{name}_by": halt.by if halt else "",
        f"{name}_reason": halt.reason if halt else "",
    }


def client_from(row: Row) -> Client:
    """Read a client."""
    return _client(tuple(row))


@lru_cache(maxsize=256)
def _client(row: tuple[Any, ...]) -> Client:
    # Keyed by everything that was read: a changed row is another key, so the cache cannot be stale.
    return Client(
        client_id=row[0],
        name=row[1],
        created_at=row[2],
        kind=ClientKind(row[3]),
        auth_method=AuthMethod(row[4]),
        secrets=tuple(ClientSecret(bytes.fromhex(h), made, ends) for h, made, ends in json.loads(row[5])),
        redirect_uris=texts(row[6]),
        scopes=texts(row[7]),
        publisher=row[8],
        website=row[9],
        privacy_url=row[10],
        purpose=row[11],
        require_pkce=bool(row[12]),
        enabled=bool(row[13]),
        contact_email=row[14],
        jwks=row[15],
        jwks_uri=row[16],
        require_par=bool(row[17]),
        access_token_format=TokenFormat(row[18]),
        audiences=texts(row[19]),
        disabled=Halt(*row[20:23]) if row[20] is not None else None,
        suspended=Halt(*row[23:26]) if row[23] is not None else None,
        assertion_audience=row[26],
    )


def endpoint_values(endpoint: WebhookEndpoint) -> Values:
    """Columns of a webhook endpoint, but for its health."""
    return {
        "endpoint_id": endpoint.endpoint_id,
        "client_id": endpoint.client_id,
        "url": endpoint.url,
        "created_at": endpoint.created_at,
        "secrets": to_json([[s.sealed, s.created_at, s.expires_at] for s in endpoint.secrets]),
        "events": texts_json(endpoint.events),
        "disabled_at": endpoint.disabled_at,
        "disabled_reason": endpoint.disabled_reason,
    }


def endpoint_from(row: Row) -> WebhookEndpoint:
    """Read a webhook endpoint."""
    return WebhookEndpoint(
        endpoint_id=row[0],
        client_id=row[1],
        url=row[2],
        created_at=row[3],
        secrets=tuple(SealedSecret(sealed, made, ends) for sealed, made, ends in json.loads(row[4])),
        events=texts(row[5]),
        disabled_at=row[6],
        disabled_reason=row[7],
        health=EndpointHealth(row[8], row[9], row[10], row[11], row[12]),
    )


def health_values(health: EndpointHealth) -> Values:
    """Columns of an endpoint's health."""
    return {
        "failing_since": health.failing_since,
        "last_failure_at": health.last_failure_at,
        "last_success_at": health.last_success_at,
        "warned_at": health.warned_at,
        "slow_until": health.slow_until,
    }
