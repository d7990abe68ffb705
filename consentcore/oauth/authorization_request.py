"""What an authorization request may say (RFC 6749 section 4.1.1), as far as oauthlib does not look."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from oauthlib.oauth2 import InvalidRequestError, InvalidScopeError
from oauthlib.oauth2 import UnsupportedResponseTypeError as UnsupportedResponseType

from consentcore.domain.described_client import described
from consentcore.domain.interaction import AuthorizationRequest
from consentcore.oauth import scope_strings
from consentcore.oauth.authorization_details import requested
from consentcore.oauth.errors import ProtocolError
from consentcore.oauth.grant_management import asked_action
from consentcore.oauth.parameters import several
from consentcore.oauth.pkce import challenge_problem
from consentcore.oauth.resource_indicators import requested_audience
from consentcore.oauth.sign_in_parameters import acr_values_of, max_age_of, prompt_of
from consentcore.oauth.signed_responses import mode_problem
from consentcore.oauth.token_binding import confirmation_of

if TYPE_CHECKING:
    from consentcore.domain.interaction import AuthorizeContext
    from consentcore.domain.scope import Catalog
    from consentcore.oauth.parameters import Parameters

_LOCALE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")


@dataclass(frozen=True, slots=True)
class AuthorizeState:
    """What belongs to one authorization request.

    :ivar pushed: the ``request_uri`` of a request whose parameters came from the client itself and not through a
        browser; "" for any other.
    :ivar acr_values: what the sign-in can be; empty while that is not known.
    :ivar grant_management: the setting of that name.
    """

    parameters: Parameters
    context: AuthorizeContext
    catalog: Catalog
    pushed: str = ""
    acr_values: tuple[str, ...] = ()
    grant_management: str = "off"


def strict_checks(request: Any) -> dict[str, object]:
    """What oauthlib leaves out, in an order that names the first thing wrong. Client and redirect URI are good.

    :raises OAuth2Error: to be redirected.
    :raises ProtocolError: the same, for codes that oauthlib lacks.
    """
    problem = request.authorize_state.parameters.first_problem()
    if problem is not None:
        raise InvalidRequestError(description=problem, request=request)
    for name in ("request", "request_uri"):
        # RFC 9101 section 6.3; never fetched.
        if name in request.authorize_state.parameters.values:
            raise ProtocolError(
                400, f"{name}_not_supported", f"{name}: expected plain parameters, or a pushed request"
            )
    if not request.authorize_state.pushed and _must_push(request):
        raise InvalidRequestError(description="request_uri: expected a pushed request", request=request)
    if request.require_redirect_uri and request.using_default_redirect_uri:
        problem = "redirect_uri: expected in every request"
        raise InvalidRequestError(description=problem, request=request)
    if request.response_type is not None and request.response_type != "code":
        raise UnsupportedResponseType(request=request)
    problem = mode_problem(request.client, request.response_mode)
    if problem is not None:
        raise InvalidRequestError(description=problem, request=request)
    problem = challenge_problem(request.code_challenge, request.code_challenge_method)
    if problem is not None:
        raise InvalidRequestError(description=problem, request=request)
    request.confirmation = confirmation_of(
        request.authorize_state.parameters.values.get("dpop_jkt"), request.client
    )
    _read_sign_in(request)
    request.audience = requested_audience(
        request.client, several(request.authorize_state.parameters.values, "resource")
    )
    request.details = requested(
        request.client,
        request.authorize_state.catalog,
        request.authorize_state.parameters.values.get("authorization_details"),
    )
    _set_scopes(request)
    state = request.authorize_state
    request.grant_action, request.grant_id = asked_action(
        state.parameters.values, request.client, state.grant_management
    )
    return {}


def _must_push(request: Any) -> bool:
    """Whether it has to come from the client itself; what is to be signed is taken there and nowhere else."""
    client = request.client
    return bool(
        client.require_par
        or request.require_par
        or client.require_signed_request_object
        or request.require_signed_request_object
    )


def _read_sign_in(request: Any) -> None:
    values = request.authorize_state.parameters.values
    request.prompt = prompt_of(values.get("prompt"))
    request.max_age = max_age_of(values.get("max_age"))
    request.acr_values = acr_values_of(values.get("acr_values"), request.authorize_state.acr_values)


def _set_scopes(request: Any) -> None:
    if request.scope is None:
        return  # oauthlib asks the validator for the default
    tokens = scope_strings.parse(request.scope)
    if tokens is None:
        raise InvalidScopeError(description=scope_strings.MALFORMED, request=request)
    request.scopes = list(tokens)


def authorization_request(request: Any) -> AuthorizationRequest:
    """What is kept of oauthlib's request once it was found good."""
    locales = (request.ui_locales or "").split(" ")
    return AuthorizationRequest(
        client_id=request.client.client_id,
        redirect_uri=request.redirect_uri,
        redirect_uri_given=not request.using_default_redirect_uri,
        scopes=tuple(request.scopes),
        state=request.state,
        code_challenge=request.code_challenge or "",
        prompt=request.prompt,
        ui_locales=tuple(locale for locale in locales if _LOCALE.fullmatch(locale))[:10],
        audience=request.audience,
        confirmation=request.confirmation,
        authorization_details=request.details,
        response_alg=request.response_alg,
        max_age=request.max_age,
        acr_values=request.acr_values,
        login_hint=request.authorize_state.parameters.values.get("login_hint", ""),
        described=described(request.client),
        grant_action=request.grant_action,
        grant_id=request.grant_id,
    )
