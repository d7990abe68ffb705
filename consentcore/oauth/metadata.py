"""Authorization server metadata (RFC 8414). Gap 22: oauthlib's lists what does not work and leaves out what does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from consentcore.domain.client import FAPI2
from consentcore.jose.dpop import ALGORITHMS as DPOP_ALGORITHMS
from consentcore.oauth.client_auth.key_set import ALGORITHMS
from consentcore.oauth.client_certificate import certificate_members, certificate_methods
from consentcore.oauth.fapi import ALGORITHMS as FAPI_ALGORITHMS
from consentcore.oauth.fapi import METHODS
from consentcore.oauth.grant_management import ACTIONS, OFF, QUERY_SCOPE, REQUIRED, REVOKE_SCOPE
from consentcore.oauth.request_objects import ALGORITHMS as REQUEST_ALGORITHMS
from consentcore.oauth.sign_in_parameters import PROMPTS
from consentcore.oauth.signed_responses import PLAIN, SIGNED
from consentcore.oauth.signing_keys import ALGORITHMS as SIGNING_ALGORITHMS

if TYPE_CHECKING:
    from consentcore.oauth.context import ServerContext

CONFIDENTIAL = ("client_secret_basic", "client_secret_post", "private_key_jwt")


def metadata(server: ServerContext, grant_types: Iterable[str]) -> dict[str, object]:
    """Describe the server: only what works, every endpoint absolute and from the settings, never from a request.

    :param grant_types: what the token endpoint knows.
    """
    issuer, url = server.settings.issuer, server.settings.endpoint_url
    confidential = (*CONFIDENTIAL, *certificate_methods(server.settings))
    strict = server.settings.oauth.profile == FAPI2
    every = tuple(one for one in confidential if one in METHODS) if strict else (*confidential, "none")
    algorithms = FAPI_ALGORITHMS if strict else ALGORITHMS
    return {
        "issuer": issuer,
        "authorization_endpoint": url("authorize"),
        "token_endpoint": url("token"),
        "pushed_authorization_request_endpoint": url("par"),
        "require_pushed_authorization_requests": strict
        or server.settings.oauth.require_par
        or server.settings.oauth.require_signed_request_object,
        "require_signed_request_object": server.settings.oauth.require_signed_request_object,
        "request_object_signing_alg_values_supported": list(REQUEST_ALGORITHMS),
        "authorization_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
        "introspection_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
        "revocation_endpoint": url("revoke"),
        "introspection_endpoint": url("introspect"),
        "jwks_uri": issuer.rstrip("/") + "/jwks",
        "scopes_supported": sorted(scope.scope_id for scope in server.catalog) + _own_scopes(server),
        "response_types_supported": ["code"],
        "response_modes_supported": [PLAIN, *SIGNED],
        "grant_types_supported": list(grant_types),
        **_authentication("token", every, algorithms),
        **_authentication("revocation", every, algorithms),
        **_authentication("introspection", confidential, ALGORITHMS),
        **certificate_members(server.settings),
        "code_challenge_methods_supported": ["S256"],
        **_details_types(server),
        "dpop_signing_alg_values_supported": list(DPOP_ALGORITHMS),
        "authorization_response_iss_parameter_supported": True,
        "prompt_values_supported": list(PROMPTS),
        **({"acr_values_supported": list(server.acr_values)} if server.acr_values else {}),
        **_registration(server),
        **_grant_management(server),
        "service_documentation": server.settings.web_url.rstrip("/") + "/scopes",
        **_protected_resources(server.settings.oauth.protected_resources),
    }


def _protected_resources(identifiers: tuple[str, ...]) -> dict[str, object]:
    """RFC 9728 section 4, for clients that ask whether an API is meant that names this server."""
    return {"protected_resources": list(identifiers)} if identifiers else {}


def _own_scopes(server: ServerContext) -> list[str]:
    return [] if server.settings.oauth.grant_management == OFF else [QUERY_SCOPE, REVOKE_SCOPE]


def _grant_management(server: ServerContext) -> dict[str, object]:
    """Grant Management for OAuth 2.0 section 7.1; nothing where it is off."""
    mode = server.settings.oauth.grant_management
    if mode == OFF:
        return {}
    return {
        "grant_management_endpoint": server.settings.endpoint_url("grants"),
        "grant_management_actions_supported": ["query", "revoke", *ACTIONS],
        "grant_management_action_required": mode == REQUIRED,
    }


def _registration(server: ServerContext) -> dict[str, object]:
    """What applications need to know that register themselves; nothing where none can."""
    found: dict[str, object] = {}
    if server.settings.registration.endpoint != "off":
        found["registration_endpoint"] = server.settings.endpoint_url("register")
    if server.settings.registration.documents:
        found["client_id_metadata_document_supported"] = True
    return found


def _details_types(server: ServerContext) -> dict[str, object]:
    """RFC 9396 section 10."""
    types = sorted(server.catalog.detail_types)
    return {"authorization_details_types_supported": types} if types else {}


def _authentication(endpoint: str, methods: Sequence[str], algorithms: Sequence[str]) -> dict[str, object]:
    return {
        f"{endpoint}_endpoint_auth_methods_supported": list(methods),
        f"{endpoint}_endpoint_auth_signing_alg_values_supported": list(algorithms),
    }
