"""Applications, owners, and requests that wait for an answer."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from consentcore.api import (
    AuthMethod,
    AuthorizationRequest,
    Client,
    ClientKind,
    ClientSecret,
    EndpointHealth,
    Halt,
    Interaction,
    Owner,
    OwnerIdentity,
    OwnerSession,
    OwnerTicket,
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


def owner_values(owner: Owner) -> Values:
    """Columns of an owner, but for the password."""
    return {
        "owner_id": owner.owner_id,
        "email": owner.email,
        "created_at": owner.created_at,
        "name": owner.name,
        "locale": owner.locale,
        "timezone": owner.timezone,
        "previous_email": owner.previous_email,
        "email_changed_at": owner.email_changed_at,
    }


def owner_from(row: Row) -> Owner:
    """Read an owner."""
    return Owner(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7])


def ticket_values(ticket: OwnerTicket) -> Values:
    """Columns of a ticket."""
    return {
        "ticket_hash": ticket.ticket_hash,
        "purpose": ticket.purpose,
        "owner_id": ticket.owner_id,
        "created_at": ticket.created_at,
        "expires_at": ticket.expires_at,
        "payload": ticket.payload,
        "used_at": ticket.used_at,
    }


def ticket_from(row: Row) -> OwnerTicket:
    """Read a ticket."""
    return OwnerTicket(row[0], row[1], row[2], row[3], row[4], row[5], row[6])


def identity_values(identity: OwnerIdentity) -> Values:
    """Columns of an identity."""
    return {
        "issuer": identity.issuer,
        "subject": identity.subject,
        "owner_id": identity.owner_id,
        "created_at": identity.created_at,
    }


def identity_from(row: Row) -> OwnerIdentity:
    """Read an identity."""
    return OwnerIdentity(row[0], row[1], row[2], row[3])


def session_values(session: OwnerSession) -> Values:
    """Columns of a browser session."""
    return {
        "session_hash": session.session_hash,
        "owner_id": session.owner_id,
        "created_at": session.created_at,
        "expires_at": session.expires_at,
        "auth_time": session.auth_time,
        "acr": session.acr,
        "amr": texts_json(session.amr),
        "seen_at": session.seen_at,
        "address": session.address,
        "browser": session.browser,
    }


def session_from(row: Row) -> OwnerSession:
    """Read a browser session."""
    return OwnerSession(
        session_hash=row[0],
        owner_id=row[1],
        created_at=row[2],
        expires_at=row[3],
        auth_time=row[4],
        acr=row[5],
        amr=texts(row[6]),
        seen_at=row[7],
        address=row[8],
        browser=row[9],
    )


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
