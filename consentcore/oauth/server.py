"""The authorization server: everything that the protocol routes need, in one object."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from oauthlib.oauth2 import OAuth2Error

from consentcore.domain.errors import ConfigurationError, StorageConflict, StorageError, StorageUnavailable
from consentcore.egress import Busy, EgressPolicy
from consentcore.logs import log_cause
from consentcore.oauth.api_client import Caller
from consentcore.oauth.authorization_endpoint import AuthorizationEndpoint
from consentcore.oauth.client_auth import make_authenticator
from consentcore.oauth.client_auth.rate_limits import Admission
from consentcore.oauth.context import Claims, Compromised, Parts
from consentcore.oauth.cross_origin import Readers, is_preflight, preflight
from consentcore.oauth.errors import ProtocolError, bad_request, from_oauthlib, unavailable
from consentcore.oauth.introspection_endpoint import IntrospectionEndpoint
from consentcore.oauth.messages import HttpRequest, HttpResponse, PageError, Pending, Redirect
from consentcore.oauth.metadata import metadata
from consentcore.oauth.par_endpoint import PushedRequestEndpoint
from consentcore.oauth.responses import error_answer
from consentcore.oauth.revocation_endpoint import RevocationEndpoint
from consentcore.oauth.signing_keys import SigningKeys
from consentcore.oauth.token_endpoint import TokenEndpoint
from consentcore.oauth.token_secrets import Lifetimes
from consentcore.oauth.validator import Validator

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.domain.clock import Clock
    from consentcore.domain.grant import Grant
    from consentcore.domain.interaction import AuthorizationRequest
    from consentcore.domain.owner import OwnerSession
    from consentcore.domain.scope import Catalog
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.storage import Storage
    from consentcore.settings import CoreSettings

__all__ = ["AuthorizationServer", "HttpRequest", "HttpResponse", "PageError", "Pending", "Redirect"]

log = logging.getLogger("consentcore.oauth")
ATTEMPTS = 5


class AuthorizationServer:
    """OAuth 2 with the authorization code and refresh token grants. Safe to share between threads.

    :param compromised: called with family id, grant id and ``CODE_REPLAYED`` or ``REFRESH_REUSED``; must kill the
        family before it returns.
    :param egress: the guard that keys of clients are fetched through; None: only from public addresses.
    :param claims: extra members of an introspection answer; reserved ones are an error.
    """

    def __init__(
        self,
        *,
        storage: Storage,
        keys: KeyRing,
        clock: Clock,
        catalog: Catalog,
        settings: CoreSettings,
        compromised: Compromised,
        claims: Claims,
        egress: EgressPolicy | None = None,
    ) -> None:
        lifetimes = Lifetimes.of(settings)
        admission = Admission(
            storage, settings.limits, make_authenticator(storage, settings, egress or EgressPolicy())
        )
        self._parts = Parts(
            storage,
            keys,
            clock,
            catalog,
            settings,
            lifetimes,
            compromised,
            claims,
            admission,
            SigningKeys(keys, settings.oauth.jwt_signing_alg),
        )
        validator = Validator()
        self._authorization = AuthorizationEndpoint(self._parts, validator)
        self._pushed = PushedRequestEndpoint(self._parts, self._authorization.check)
        self._token = TokenEndpoint(self._parts, validator)
        self._revocation = RevocationEndpoint(self._parts, validator)
        self._introspection = IntrospectionEndpoint(self._parts, validator)
        self._caller = Caller(self._parts)
        self._readers = Readers(self._parts)
        quiet_oauthlib()

    def authorize(self, query: str, session_hash: bytes | None) -> PageError | Redirect | Pending:
        """Validate an authorization request (RFC 6749 section 4.1.1), with one read; one write besides takes a
        pushed one out of the store (RFC 9126 section 4).

        :param query: the raw query string of a GET, as it came.
        :param session_hash: SHA-256 of the browser's
            session cookie, None without one.
        :returns: ``PageError`` when client or redirect URI are not good (and then nothing is redirected),
            ``Redirect`` with any other error, ``Pending`` when somebody has to decide. A request without
            ``scope`` asks for all that the client is registered for, but ``offline_access``.
        :raises StorageError: the storage did not answer.
        """
        return self._authorization.authorize(query, session_hash)

    def issue_code(
        self, request: AuthorizationRequest, grant: Grant, session: OwnerSession | None = None
    ) -> Redirect | None:
        """Store a code under a remembered consent, with one write, and lead back to the client.

        :param session: of the browser: when and how its owner signed in goes with the tokens.
        :returns: None when the grant or the client died meanwhile.
        :raises StorageError: nothing was stored.
        """
        return self._authorization.issue_code(request, grant, session)

    def asks_too_often(self, owner_id: str, client_id: str) -> bool:
        """Count an authorization request that ``owner_id`` has to be asked about; whether it is one too many."""
        return self._parts.admission.asks_too_often(owner_id, client_id)

    def success_url(self, request: AuthorizationRequest, code: str) -> str:
        """The redirect URI with code, state and iss (RFC 6749 section 4.1.2, RFC 9207 section 2)."""
        return self._authorization.success_url(request, code)

    def error_url(self, request: AuthorizationRequest, error: str, description: str) -> str:
        """The redirect URI with error, error_description, state and iss (RFC 6749 section 4.1.2.1)."""
        return self._authorization.error_url(request, error, description)

    def token(self, http: HttpRequest) -> HttpResponse:
        """Answer ``POST {prefix}/token``, and what a browser asks before it. Raises nothing."""
        return self._readable(http, self._token.respond)

    def push(self, http: HttpRequest) -> HttpResponse:
        """Answer ``POST {prefix}/par`` (RFC 9126), and what a browser asks before it. Raises nothing."""
        return self._readable(http, self._pushed.respond)

    def revoke(self, http: HttpRequest) -> HttpResponse:
        """Answer ``POST {prefix}/revoke`` (RFC 7009), and what a browser asks before it. Raises nothing."""
        return self._readable(http, self._revocation.respond)

    def introspect(self, http: HttpRequest) -> HttpResponse:
        """Answer ``POST {prefix}/introspect`` (RFC 7662). Raises nothing."""
        return _answered(http, self._introspection.respond)

    def _readable(self, http: HttpRequest, respond: Callable[[HttpRequest], HttpResponse]) -> HttpResponse:
        """See :mod:`consentcore.oauth.cross_origin`."""
        if is_preflight(http.method, http.headers):
            return preflight("POST")
        return self._readers.named(http, _answered(http, respond))

    def application(self, http: HttpRequest) -> Client:
        """Authenticate the application that calls the JSON API, see :meth:`Caller.application`.

        :raises ProtocolError: it is none.
        :raises StorageError: the storage did not answer.
        """
        return self._caller.application(http)

    def metadata(self) -> dict[str, object]:
        """The members of the RFC 8414 document."""
        return metadata(self._parts)

    def jwks(self) -> dict[str, list[dict[str, object]]]:
        """The published JWK set (RFC 7517 section 5)."""
        return self._parts.signing.key_set(self._parts.clock.now())


def _answered(http: HttpRequest, respond: Callable[[HttpRequest], HttpResponse]) -> HttpResponse:
    """Turn every refusal and failure into an answer."""
    try:
        if http.method != "POST":
            raise ProtocolError(405, "invalid_request", "method: expected POST", {"Allow": "POST"})
        if http.query:
            # Credentials and tokens in a URL end up in logs (RFC 6749 section 2.3.1).
            raise bad_request("query: expected parameters in the body only")
        return _repeated(http, respond)
    except ProtocolError as error:
        return error_answer(error)
    except OAuth2Error as error:
        return error_answer(from_oauthlib(error))
    except Busy as error:
        return error_answer(unavailable(error.retry_after_s))
    except StorageError as error:
        # Being down or busy says all; anything else is somebody's mistake and needs its trace.
        expected = isinstance(error, StorageUnavailable | StorageConflict)
        log_cause(log, "the storage failed: %s", error, exc_info=None if expected else error)
        return error_answer(unavailable())
    except ConfigurationError as error:
        log_cause(log, "no answer, because %s", error)
        return error_answer(ProtocolError(500, "server_error", "The server is not configured well"))


def _repeated(http: HttpRequest, respond: Callable[[HttpRequest], HttpResponse]) -> HttpResponse:
    """Do it again from the start when transactions collided: nothing was written."""
    for attempt in range(ATTEMPTS - 1):
        try:
            return respond(http)
        except StorageConflict as error:
            if isinstance(error, StorageUnavailable) and attempt > 0:
                raise  # a lock was waited for twice; others need this thread
            time.sleep(random.random() * 0.005 * 2**attempt)  # noqa: S311 - only spreads the tries
    return respond(http)


def quiet_oauthlib() -> None:
    """Keep oauthlib's loggers above DEBUG: there they print codes and refresh tokens (gap 23)."""
    names = [name for name in logging.root.manager.loggerDict if name.split(".")[0] == "oauthlib"]
    for name in ("oauthlib", *names):
        logger = logging.getLogger(name)
        if name == "oauthlib" or logger.level == logging.DEBUG:
            logger.setLevel(max(logger.level, logging.INFO))
