"""The authorization endpoint up to the point where a person, or a remembered consent, decides."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from oauthlib.common import Request
from oauthlib.oauth2 import FatalClientError, InvalidRequestError, InvalidScopeError, OAuth2Error
from oauthlib.oauth2 import UnsupportedResponseTypeError as UnsupportedResponseType

from consentcore.domain.interaction import AuthorizationRequest
from consentcore.domain.secret import CODE, digest, mint
from consentcore.domain.token import Code
from consentcore.oauth import par_endpoint as pushed
from consentcore.oauth import parameters as front
from consentcore.oauth import scope_strings as scopes
from consentcore.oauth.errors import ProtocolError, description_of, plain
from consentcore.oauth.grants.oauthlib_types import code_grant
from consentcore.oauth.messages import PageError, Pending, Redirect
from consentcore.oauth.pkce import challenge_problem
from consentcore.oauth.redirect_uris import is_registered, with_parameters
from consentcore.oauth.resource_indicators import requested_audience

if TYPE_CHECKING:
    from collections.abc import Mapping

    from consentcore.domain.grant import Grant
    from consentcore.domain.interaction import AuthorizeContext
    from consentcore.domain.owner import OwnerSession
    from consentcore.domain.scope import Catalog
    from consentcore.oauth.context import Parts
    from consentcore.oauth.parameters import Parameters
    from consentcore.oauth.validator import Validator

USED_UP = PageError(400, "invalid_request_uri", "request_uri: expected a new one for each request", over=True)
"""A pushed request that is no longer there (OpenID Connect Core section 3.1.2.6 has the name)."""
PROMPTS = {"none": "none", "login": "login", "select_account": "login", "consent": "consent"}
SUSPENDED = "unauthorized_client"
KEPT_OUT = PageError(403, SUSPENDED, "client_id: this application is suspended")
"""Nobody is led on to an application that is kept out, perhaps because of where it leads."""
_LOCALE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")
_FATAL = {
    "MissingClientIdError": "client_id: expected the id of a registered application",
    "InvalidClientIdError": "client_id: expected the id of a registered application",
    "MissingRedirectURIError": "redirect_uri: expected, because the application has registered more than one",
    "InvalidRedirectURIError": "redirect_uri: expected an absolute URI",
    "MismatchingRedirectURIError": "redirect_uri: expected exactly one of the registered URIs",
}


@dataclass(frozen=True, slots=True)
class Asking:
    """What belongs to one authorization request.

    :ivar pushed: the ``request_uri`` of a request whose parameters came from the client itself and not through a
        browser; "" for any other.
    """

    parameters: Parameters
    context: AuthorizeContext
    catalog: Catalog
    pushed: str = ""


class AuthorizationEndpoint:
    """Validates authorization requests and writes the answers into redirect URIs."""

    def __init__(self, parts: Parts, validator: Validator) -> None:
        self._parts = parts
        self._grant = code_grant(validator, strict_checks)

    def authorize(self, query: str, session_hash: bytes | None) -> PageError | Redirect | Pending:
        """Validate: one read, and one write for a pushed request. See :meth:`AuthorizationServer.authorize`."""
        parameters = front.read_query(query, front.AUTHORIZE)
        for name in ("client_id", "redirect_uri"):
            if name in parameters.problems:
                return PageError(400, "invalid_request", f"{name}: {parameters.problems[name]}")
        if parameters.problems.get("state") == front.LONG_STATE:
            # Without its state an answer is another request's, or nobody's (RFC 6749 section 4.1.2.1).
            return PageError(400, "invalid_request", f"state: {front.LONG_STATE}")
        client_id = parameters.values.get("client_id")
        if client_id is None:
            return PageError(400, "invalid_request", _FATAL["MissingClientIdError"])
        request_uri = parameters.values.get("request_uri", "")
        if pushed.is_pushed(request_uri):
            return self._open(parameters, request_uri, client_id, session_hash)
        return self._judged(Asking(parameters, self._read(client_id, session_hash), self._parts.catalog))

    def _read(self, client_id: str, session_hash: bytes | None) -> AuthorizeContext:
        return self._parts.storage.protocol.read_authorize(client_id, session_hash, self._parts.clock.now())

    def _judged(self, asking: Asking) -> PageError | Redirect | Pending:
        client = asking.context.client
        if client is not None and client.suspended is not None:
            return KEPT_OUT
        request = self._request(asking)
        try:
            self._grant.validate_authorization_request(request)
        except FatalClientError as error:
            return PageError(400, str(error.error), _fatal(error))
        except OAuth2Error as error:
            return self._refusal(request, str(error.error), description_of(error))
        except ProtocolError as error:
            return self._refusal(request, error.error, error.description)
        shared = pushed.shared_name(asking.pushed) if asking.pushed else ""
        return Pending(_wanted(request), asking.context, shared)

    def check(self, wanted: Mapping[str, str], context: AuthorizeContext) -> None:
        """Judge the parameters of a request that is pushed, by the rules of :meth:`authorize`.

        :raises ProtocolError: 400, with the error that a redirect, or the page, would have had.
        """
        parameters = front.Parameters(dict(wanted), {})
        request = self._request(Asking(parameters, context, self._parts.catalog, pushed=pushed.URN))
        try:
            self._grant.validate_authorization_request(request)
        except FatalClientError as error:
            raise ProtocolError(400, str(error.error), _fatal(error)) from None
        except OAuth2Error as error:
            raise ProtocolError(400, str(error.error), description_of(error)) from None

    def _open(
        self, given: Parameters, request_uri: str, client_id: str, session_hash: bytes | None
    ) -> PageError | Redirect | Pending:
        """The parameters that were pushed, or what stands since they were opened before; what is beside ``client_id``
        and ``request_uri`` does not count (RFC 9101 section 6.3). Without them no redirect URI is known, so a refusal
        is a page, and no answer: it uses nothing up."""
        problem = given.first_problem()
        if problem is not None:
            return PageError(400, "invalid_request", problem)
        if not pushed.is_whole(request_uri):
            return PageError(400, "invalid_request_uri", "request_uri: expected one as it was given out")
        taken = pushed.take(self._parts, request_uri, client_id)
        if taken is None:
            return self._open_again(request_uri, client_id, session_hash)
        parameters = front.read_query(taken.query, front.AUTHORIZE)
        context = self._read(client_id, session_hash)
        judged = self._judged(Asking(parameters, context, self._parts.catalog, request_uri))
        if isinstance(judged, PageError):
            self._parts.storage.protocol.push_request(taken)
        return judged

    def _open_again(
        self, request_uri: str, client_id: str, session_hash: bytes | None
    ) -> PageError | Pending:
        found = pushed.standing(self._parts, request_uri, client_id)
        if found is None:
            return USED_UP
        context = self._read(client_id, session_hash)
        client = context.client
        if client is None or not is_registered(client, found.request.redirect_uri):
            return PageError(400, "invalid_request", _FATAL["MismatchingRedirectURIError"])
        if client.suspended is not None:
            return KEPT_OUT
        return Pending(found.request, context, pushed.shared_name(request_uri), found)

    def issue_code(
        self, request: AuthorizationRequest, grant: Grant, session: OwnerSession | None = None
    ) -> Redirect | None:
        """See :meth:`AuthorizationServer.issue_code`."""
        now = self._parts.clock.now()
        code = mint(CODE)
        stored = self._parts.storage.protocol.issue_code(
            Code(
                code_hash=digest(code),
                family_id=str(uuid4()),
                grant_id=grant.grant_id,
                client_id=request.client_id,
                redirect_uri=request.redirect_uri,
                redirect_uri_given=request.redirect_uri_given,
                code_challenge=request.code_challenge,
                scopes=request.scopes,
                created_at=now,
                expires_at=now + self._parts.lifetimes.code_ms,
                audience=request.audience,
                auth_time=session.auth_time if session else None,
                acr=session.acr if session else "",
            )
        )
        return Redirect(self.success_url(request, code)) if stored else None

    def success_url(self, request: AuthorizationRequest, code: str) -> str:
        """See :meth:`AuthorizationServer.success_url`."""
        return self._answer(request.redirect_uri, [("code", code)], request.state)

    def error_url(self, request: AuthorizationRequest, error: str, description: str) -> str:
        """See :meth:`AuthorizationServer.error_url`."""
        return self._answer(request.redirect_uri, _error_pairs(error, description), request.state)

    def _request(self, asking: Asking) -> Any:
        # As a body, because oauthlib raises on a query that has a quote or a bar in it (gap 14).
        request = Request("", "GET", dict(asking.parameters.values))
        request.asking = asking
        request.require_pkce = self._parts.settings.oauth.require_pkce
        request.require_par = self._parts.settings.oauth.require_par
        return request

    def _refusal(self, request: Any, error: str, description: str) -> Redirect:
        return Redirect(self._answer(request.redirect_uri, _error_pairs(error, description), request.state))

    def _answer(self, redirect_uri: str, pairs: list[tuple[str, str]], state: str | None) -> str:
        """Add state (once, as it came) and ``iss`` (RFC 9207 section 2; gap 17)."""
        if state is not None:
            pairs.append(("state", state))
        pairs.append(("iss", self._parts.settings.issuer))
        return with_parameters(redirect_uri, pairs)


def strict_checks(request: Any) -> dict[str, object]:
    """What oauthlib leaves out, in an order that names the first thing wrong. Client and redirect URI are good.

    :raises OAuth2Error: to be redirected.
    :raises ProtocolError: the same, for codes that oauthlib lacks.
    """
    problem = request.asking.parameters.first_problem()
    if problem is not None:
        raise InvalidRequestError(description=problem, request=request)
    for name in ("request", "request_uri"):
        # RFC 9101 section 6.3; never fetched.
        if name in request.asking.parameters.values:
            raise ProtocolError(400, f"{name}_not_supported", f"{name}: expected plain parameters")
    if (request.client.require_par or request.require_par) and not request.asking.pushed:
        raise InvalidRequestError(description="request_uri: expected a pushed request", request=request)
    if request.response_type is not None and request.response_type != "code":
        raise UnsupportedResponseType(request=request)
    if request.response_mode not in (None, "query"):
        raise InvalidRequestError(description="response_mode: expected query", request=request)
    problem = challenge_problem(request.code_challenge, request.code_challenge_method)
    if problem is not None:
        raise InvalidRequestError(description=problem, request=request)
    request.prompt = _prompt(request)
    request.audience = requested_audience(
        request.client, front.several(request.asking.parameters.values, "resource")
    )
    _set_scopes(request)
    return {}


def _fatal(error: FatalClientError) -> str:
    return _FATAL.get(type(error).__name__, description_of(error))


def _set_scopes(request: Any) -> None:
    if request.scope is None:
        return  # oauthlib asks the validator for the default
    wanted = scopes.parse(request.scope)
    if wanted is None:
        raise InvalidScopeError(description=scopes.MALFORMED, request=request)
    request.scopes = list(wanted)


def _prompt(request: Any) -> str:
    """One word for the web layer: a new login leads to the consent page anyway, so it stands for both."""
    words = (request.prompt or "").split(" ") if request.prompt else []
    if any(word not in PROMPTS for word in words):
        raise InvalidRequestError(description="prompt: expected none, login or consent", request=request)
    kinds = {PROMPTS[word] for word in words}
    if "none" in kinds and len(words) > 1:
        raise InvalidRequestError(description="prompt: expected none alone", request=request)
    for kind in ("none", "login", "consent"):
        if kind in kinds:
            return kind
    return ""


def _wanted(request: Any) -> AuthorizationRequest:
    locales = (request.ui_locales or "").split(" ")
    return AuthorizationRequest(
        client_id=request.client_id,
        redirect_uri=request.redirect_uri,
        redirect_uri_given=not request.using_default_redirect_uri,
        scopes=tuple(request.scopes),
        state=request.state,
        code_challenge=request.code_challenge or "",
        prompt=request.prompt,
        ui_locales=tuple(locale for locale in locales if _LOCALE.fullmatch(locale))[:10],
        audience=request.audience,
    )


def _error_pairs(error: str, description: str) -> list[tuple[str, str]]:
    pairs = [("error", error)]
    if description:
        pairs.append(("error_description", plain(description)))
    return pairs
