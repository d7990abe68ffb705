"""The URL space."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyramid.config import Configurator


def includeme(config: Configurator) -> None:
    """Add every route of the core."""
    settings = config.registry["consentcore.runtime"].settings
    prefix = settings.oauth.prefix.rstrip("/")
    for name in ("authorize", "par", "token", "revoke", "introspect", "register"):
        config.add_route(f"oauth.{name}", f"{prefix}/{name}")
    config.add_route("oauth.grants", f"{prefix}/grants/{{grant_id}}")
    config.add_route("oauth.metadata", metadata_path(settings.issuer))
    config.add_route("oauth.jwks", "/jwks")
    # Beside the endpoints too, where who goes by the prefix looks; the metadata names the one above.
    config.add_route("oauth.jwks.prefixed", f"{prefix}/jwks")

    _add_api(config)
    _add_documents(config)
    _add_log(config)

    config.add_route("developer.scopes", "/scopes")
    config.add_route("developer.scopes.json", "/scopes.json")

    config.add_route("livez", "/livez")
    config.add_route("readyz", "/readyz")
    config.add_route("metrics", "/metrics")
    config.add_static_view("static", "consentcore_templates:static", cache_max_age=3600)

    config.add_route("theme.css", "/theme.css")
    config.add_route("theme.mark", "/theme/{name}")
    config.add_route("application.logo", "/applications/{client_id}/logo")

    config.add_route("home", "/")
    config.add_route("login", "/login")
    config.add_route("login.callback", "/login/callback")
    config.add_route("login.out", "/login/out")
    config.add_route("logout", "/logout")
    config.add_route("account", "/account")
    config.add_route("account.sessions", "/account/sessions")
    config.add_route("account.language", "/account/language")
    config.add_route("account.password", "/account/password")
    config.add_route("account.email", "/account/email")
    config.add_route("account.email.confirm", "/account/email/confirm")
    config.add_route("account.reset", "/account/reset")
    config.add_route("account.reset.sent", "/account/reset/sent")
    config.add_route("account.reset.new", "/account/reset/new")
    config.add_route("account.reset.done", "/account/reset/done")
    config.add_route("consent", "/consent")
    _add_consents(config)


def _add_consents(config: Configurator) -> None:
    """What owners see of their permissions. What has a name of its own comes before the ids."""
    config.add_route("consents", "/consents")
    config.add_route("consents.revoked", "/consents/revoked")
    config.add_route("consents.history", "/consents/history")
    config.add_route("consents.revoke_all", "/consents/revoke-all")
    config.add_route("consents.grant", "/consents/{grant_id}")
    config.add_route("consents.progress", "/consents/{grant_id}/progress")
    config.add_route("consents.change", "/consents/{grant_id}/change")
    config.add_route("consents.revoke", "/consents/{grant_id}/revoke")
    config.add_route("consents.seen", "/consents/{grant_id}/seen/{event_id}")


def _add_documents(config: Configurator) -> None:
    """What people take home; who has the address of a receipt needs no sign-in."""
    config.add_route("account.data", "/account/data")
    config.add_route("account.data.json", "/account/data/everything.json")
    config.add_route("account.data.jsonld", "/account/data/consents.jsonld")
    config.add_route("account.data.csv", "/account/data/history.csv")
    config.add_route("account.data.print", "/account/data/print")
    config.add_route("account.data.deletion", "/account/data/deletion")
    config.add_route("receipt", "/receipts/{receipt}")
    config.add_route("receipt.signed", "/receipts/{receipt}/signed")
    config.add_route("receipt.revoke", "/receipts/{receipt}/revoke")
    config.add_route("verify", "/verify")
    config.add_route("evidence.keys", "/.well-known/consent-receipt-keys.json")


def _add_log(config: Configurator) -> None:
    """The log of evidence, for everybody."""
    for name, path in (("checkpoint", "checkpoint"), ("keys", "keys"), ("tile", "tile/*tile")):
        config.add_route(f"log.{name}", f"/.well-known/consent-log/{path}")


def _add_api(config: Configurator) -> None:
    """What applications call with their own credentials."""
    config.add_route("api.grants", "/api/v1/grants")
    config.add_route("api.grant", "/api/v1/grants/{grant_id}")
    config.add_route("api.grant.deletion", "/api/v1/grants/{grant_id}/deletion")
    config.add_route("api.grant.at", "/api/v1/grants/{grant_id}/at")
    config.add_route("api.events", "/api/v1/events")
    config.add_route("api.endpoints", "/api/v1/endpoints")
    config.add_route("api.endpoint", "/api/v1/endpoints/{endpoint_id}")
    config.add_route("api.endpoint.rotate", "/api/v1/endpoints/{endpoint_id}/rotate-secret")
    for action in ("enable", "disable", "test"):
        config.add_route(f"api.endpoint.{action}", f"/api/v1/endpoints/{{endpoint_id}}/{action}")
    config.add_route("api.deliveries", "/api/v1/deliveries")
    config.add_route("api.deliveries.replay", "/api/v1/deliveries/replay")
    config.add_route("api.delivery", "/api/v1/deliveries/{delivery_id}")
    config.add_route("api.delivery.replay", "/api/v1/deliveries/{delivery_id}/replay")
    config.add_route("openapi", "/openapi.json")


def metadata_path(issuer: str) -> str:
    """Where the metadata of an issuer is found: the well-known part goes between host and path
    (RFC 8414 section 3.1)."""
    from urllib.parse import urlsplit

    return "/.well-known/oauth-authorization-server" + urlsplit(issuer).path.rstrip("/")
