"""The authorization endpoint up to the point where a person, or a remembered consent, decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oauthlib.oauth2 import FatalClientError, OAuth2Error

from consentcore.domain.described_client import kept_id
from consentcore.oauth import pushed_requests
from consentcore.oauth.authorization_request import AuthorizeState, authorization_request, strict_checks
from consentcore.oauth.client_documents import DocumentRefused, asking_id, is_document_id, read_context
from consentcore.oauth.codes import new_code
from consentcore.oauth.errors import ProtocolError, description_of, plain
from consentcore.oauth.fapi import demanded
from consentcore.oauth.grant_management import authorize_parameters, check_grant_id
from consentcore.oauth.grants.oauthlib_types import code_grant
from consentcore.oauth.messages import PageError, Pending, Redirect
from consentcore.oauth.parameters import LONG_STATE, Parameters, read_query
from consentcore.oauth.parsed_request import ParsedRequest
from consentcore.oauth.redirect_uris import is_registered, with_parameters
from consentcore.oauth.signed_responses import response_alg, signed_response
from consentcore.oauth.sound_requests import SoundRequests

if TYPE_CHECKING:
    from collections.abc import Mapping

    from consentcore.domain.client import Client
    from consentcore.domain.grant import Grant
    from consentcore.domain.interaction import AuthorizationRequest, AuthorizeContext
    from consentcore.domain.owner import OwnerSession
    from consentcore.oauth.context import ServerContext
    from consentcore.oauth.validator import Validator

USED_UP = PageError(400, "invalid_request_uri", "request_uri: expected a new one for each request", over=True)
"""A pushed request that is no longer there (OpenID Connect Core section 3.1.2.6 has the name)."""
SUSPENDED = "unauthorized_client"
KEPT_OUT = PageError(403, SUSPENDED, "client_id: this application is suspended")
"""Nobody is led on to an application that is kept out, perhaps because of where it leads."""
_FATAL = {
    "MissingClientIdError": "client_id: expected the id of a registered application",
    "InvalidClientIdError": "client_id: expected the id of a registered application",
    "MissingRedirectURIError": "redirect_uri: expected, because the application has registered more than one",
    "InvalidRedirectURIError": "redirect_uri: expected an absolute URI",
    "MismatchingRedirectURIError": "redirect_uri: expected exactly one of the registered URIs",
}


class AuthorizationEndpoint:
    """Validates authorization requests and writes the answers into redirect URIs."""

    def __init__(self, server: ServerContext, validator: Validator) -> None:
        self._server = server
        self._grant = code_grant(validator, strict_checks)
        self._sound = SoundRequests()
        self._known = authorize_parameters(server.settings.oauth.grant_management)

    def validate(self, query: str, session_hash: bytes | None) -> PageError | Redirect | Pending:
        """Validate an authorization request (RFC 6749 section 4.1.1), with one read; one write besides takes a
        pushed one out of the store (RFC 9126 section 4).

        :param query: the raw query string of a GET, as it came.
        :param session_hash: SHA-256 of the browser's session cookie, None without one.
        :returns: ``PageError`` when client or redirect URI are not good (and then nothing is redirected),
            ``Redirect`` with any other error, ``Pending`` when somebody has to decide. A request without
            ``scope`` asks for all that the client is registered for, but ``offline_access``.
        :raises StorageError: the storage did not answer.
        :raises Busy: in a request that must not wait here for the document of a client.
        """
        parameters = read_query(query, self._known)
        for name in ("client_id", "redirect_uri"):
            if name in parameters.problems:
                return PageError(400, "invalid_request", f"{name}: {parameters.problems[name]}")
        if parameters.problems.get("state") == LONG_STATE:
            # Without its state an answer is another request's, or nobody's (RFC 6749 section 4.1.2.1).
            return PageError(400, "invalid_request", f"state: {LONG_STATE}")
        client_id = parameters.values.get("client_id")
        if client_id is None:
            return PageError(400, "invalid_request", _FATAL["MissingClientIdError"])
        request_uri = parameters.values.get("request_uri", "")
        try:
            if pushed_requests.is_pushed(request_uri):
                return self._open_pushed(parameters, request_uri, client_id, session_hash)
            return self._validate(self._state(parameters, self._read(client_id, session_hash)))
        except DocumentRefused as error:
            return PageError(400, "invalid_client", str(error))

    def _read(self, client_id: str, session_hash: bytes | None) -> AuthorizeContext:
        return read_context(self._server, client_id, session_hash)

    def _state(self, parameters: Parameters, context: AuthorizeContext, pushed: str = "") -> AuthorizeState:
        server = self._server
        mode = server.settings.oauth.grant_management
        return AuthorizeState(parameters, context, server.catalog, pushed, server.acr_values, mode)

    def _judge(self, request: Any) -> None:
        self._grant.validate_authorization_request(request)
        if request.grant_id:
            check_grant_id(self._server, request.client.client_id, request.grant_id)

    def _validate(self, state: AuthorizeState) -> PageError | Redirect | Pending:
        client = state.context.client
        if client is not None and client.suspended is not None:
            return KEPT_OUT
        sound = self._sound.like(state)
        if sound is not None:
            return Pending(sound, state.context)
        request = self._request(state)
        try:
            self._judge(request)
        except FatalClientError as error:
            return PageError(400, str(error.error), _fatal(error))
        except OAuth2Error as error:
            return self._refused(request, client, str(error.error), description_of(error))
        except ProtocolError as error:
            return self._refused(request, client, error.error, error.description)
        shared = pushed_requests.shared_name(state.pushed) if state.pushed else ""
        sound = authorization_request(request)
        self._sound.keep(state, sound)
        return Pending(sound, state.context, shared)

    def _refused(
        self, request: Any, client: Client | None, error: str, description: str
    ) -> PageError | Redirect:
        """Nobody is led to an address of a stranger's choice who was not asked (RFC 9700 section 4.11.2)."""
        if client is not None and client.unknown:
            return PageError(400, error, description)
        return Redirect(self.error_url(request, error, description))

    def check(self, values: Mapping[str, str], context: AuthorizeContext) -> None:
        """Judge the parameters of a request that is pushed, by the rules of :meth:`validate`.

        :raises ProtocolError: 400, with the error that a redirect, or the page, would have had.
        """
        parameters = Parameters(dict(values), {})
        request = self._request(self._state(parameters, context, pushed_requests.URN))
        try:
            self._judge(request)
        except FatalClientError as error:
            raise ProtocolError(400, str(error.error), _fatal(error)) from None
        except OAuth2Error as error:
            raise ProtocolError(400, str(error.error), description_of(error)) from None

    def _open_pushed(
        self, given: Parameters, request_uri: str, client_id: str, session_hash: bytes | None
    ) -> PageError | Redirect | Pending:
        """The parameters that were pushed, or what stands since they were opened before; what is beside ``client_id``
        and ``request_uri`` does not count (RFC 9101 section 6.3). Without them no redirect URI is known, so a refusal
        is a page, and no answer: it uses nothing up."""
        problem = given.first_problem()
        if problem is not None:
            return PageError(400, "invalid_request", problem)
        if not pushed_requests.is_whole(request_uri):
            return PageError(400, "invalid_request_uri", "request_uri: expected one as it was given out")
        # A document that has to be fetched lets the request begin anew: what was taken by then would be lost.
        described = self._read(client_id, session_hash) if is_document_id(client_id) else None
        pushed = pushed_requests.take(self._server, request_uri, kept_id(client_id))
        if pushed is None:
            return self._open_again(request_uri, client_id, session_hash)
        parameters = read_query(pushed.query, self._known)
        context = described or self._read(client_id, session_hash)
        outcome = self._validate(self._state(parameters, context, request_uri))
        if isinstance(outcome, PageError):
            self._server.storage.protocol.push_request(pushed)
        return outcome

    def _open_again(
        self, request_uri: str, client_id: str, session_hash: bytes | None
    ) -> PageError | Pending:
        opened = pushed_requests.opened_before(self._server, request_uri, kept_id(client_id))
        if opened is None:
            return USED_UP
        context = self._read(client_id, session_hash)
        client = context.client
        if client is None or not is_registered(client, opened.request.redirect_uri):
            return PageError(400, "invalid_request", _FATAL["MismatchingRedirectURIError"])
        if client.suspended is not None:
            return KEPT_OUT
        return Pending(opened.request, context, pushed_requests.shared_name(request_uri), opened)

    def issue_code(
        self, request: AuthorizationRequest, grant: Grant, session: OwnerSession | None = None
    ) -> Redirect | None:
        """Store a code for what a remembered consent covers of a request, with one write, and lead back to the client.

        :param session: of the browser: when and how its owner signed in goes with the tokens.
        :returns: None when the grant or the client died meanwhile.
        :raises StorageError: nothing was stored.
        """
        code, stored = new_code(
            request,
            grant,
            grant.scope_ids,
            self._server.keys,
            now=self._server.clock.now(),
            ttl_ms=self._server.lifetimes.code_ms,
            auth_time=session.auth_time if session else None,
            acr=session.acr if session else "",
        )
        if not self._server.storage.protocol.issue_code(stored):
            return None
        return Redirect(self.success_url(request, code))

    def success_url(self, request: AuthorizationRequest, code: str) -> str:
        """The redirect URI with code, state and iss (RFC 6749 section 4.1.2, RFC 9207 section 2), plain or signed."""
        return self._lead_back(request, [("code", code)])

    def error_url(self, request: AuthorizationRequest, error: str, description: str) -> str:
        """The redirect URI with error, error_description, state and iss (RFC 6749 section 4.1.2.1), plain or
        signed."""
        return self._lead_back(request, _error_pairs(error, description))

    def _request(self, state: AuthorizeState) -> Any:
        request = ParsedRequest("GET", state.parameters.values)
        request.authorize_state = state
        strict = demanded(self._server.settings, state.context.client)
        request.require_pkce = strict or self._server.settings.oauth.require_pkce
        request.require_par = strict or self._server.settings.oauth.require_par
        request.require_redirect_uri = strict
        request.require_signed_request_object = self._server.settings.oauth.require_signed_request_object
        request.response_alg = response_alg(
            state.context.client, state.parameters.values.get("response_mode"), self._server.signing.algorithm
        )
        return request

    def _lead_back(self, request: AuthorizationRequest, pairs: list[tuple[str, str]]) -> str:
        """Add state (once, as it came) and ``iss`` (RFC 9207 section 2; gap 17), in the form that was asked for."""
        if request.state is not None:
            pairs.append(("state", request.state))
        if request.response_alg:
            pairs = signed_response(self._server, asking_id(request), pairs, request.response_alg)
        else:
            pairs.append(("iss", self._server.settings.issuer))
        return with_parameters(request.redirect_uri, pairs)


def _fatal(error: FatalClientError) -> str:
    return _FATAL.get(type(error).__name__, description_of(error))


def _error_pairs(error: str, description: str) -> list[tuple[str, str]]:
    pairs = [("error", error)]
    if description:
        pairs.append(("error_description", plain(description)))
    return pairs
