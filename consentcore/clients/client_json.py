"""A client as JSON, without its secrets."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from consentcore.domain.clock import iso

if TYPE_CHECKING:
    from collections.abc import Iterable

    from consentcore.domain.client import Client, WebhookEndpoint


def client_json(client: Client, now: int) -> dict[str, Any]:
    """What is registered of a client. A further plain field of one comes at the end by itself.

    :param now: milliseconds since the epoch; secrets that have run out are left out.
    """
    shown = {
        "client_id": client.client_id,
        "name": client.name,
        "kind": client.kind.value,
        **access_json(client),
        "public": client.public,
        "auth_method": client.auth_method.value,
        "jwks": client.jwks,
        "jwks_uri": client.jwks_uri,
        "require_par": client.require_par,
        "assertion_audience": client.assertion_audience or "endpoint",
        "access_token_format": client.access_token_format.value,
        "resources": list(client.audiences),
        "require_pkce": client.require_pkce,
        "redirect_uris": list(client.redirect_uris),
        "scopes": list(client.scopes),
        "publisher": client.publisher,
        "website": client.website,
        "privacy_url": client.privacy_url,
        "purpose": client.purpose,
        "contact_email": client.contact_email,
        "created_at": iso(client.created_at),
        "secrets": [
            {"created_at": iso(one.created_at), "expires_at": iso(one.expires_at) if one.expires_at else None}
            for one in client.live_secrets(now)
        ],
    }
    shown["verified_at"] = iso(client.verified_at) if client.verified_at is not None else None
    shown["suspensions"] = [{"since": iso(one.since), "until": iso(one.until)} for one in client.suspensions]
    shown["self_registered"] = _self_registered(client)
    further = [each.name for each in fields(client) if each.name not in {*shown, "audiences", "seal"}]
    return {**shown, **{name: getattr(client, name) for name in further}}


def _self_registered(client: Client) -> dict[str, Any] | None:
    """What it says of itself; None where an operator has registered it."""
    said = client.self_registered
    if said is None:
        return None
    return {**asdict(said), "at": iso(said.at), "contacts": list(said.contacts)}


def client_details_json(client: Client, endpoints: Iterable[WebhookEndpoint], now: int) -> dict[str, Any]:
    """The same with where it is told."""
    webhooks = [
        {
            "endpoint_id": one.endpoint_id,
            "url": one.url,
            "events": list(one.events),
            "enabled": one.disabled_at is None,
            "disabled_reason": one.disabled_reason,
        }
        for one in endpoints
    ]
    return {**client_json(client, now), "webhooks": webhooks}


def access_json(client: Client) -> dict[str, object]:
    """Whether a client is kept out, since when, by whom and why."""
    return {
        "enabled": client.enabled,
        **{
            name: {"since": iso(halt.at), "by": halt.by, "reason": halt.reason} if halt else None
            for name, halt in (("disabled", client.disabled), ("suspended", client.suspended))
        },
    }


def access_state(client: Client) -> str:
    """``enabled``, ``disabled`` or ``suspended``."""
    if client.suspended is not None:
        return "suspended"
    return "enabled" if client.enabled else "disabled"
