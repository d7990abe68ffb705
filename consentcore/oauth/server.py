"""The authorization server: the endpoints, put together around one context."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from consentcore.egress import EgressPolicy
from consentcore.oauth.api_client import ApiClientAuthenticator
from consentcore.oauth.authorization_endpoint import AuthorizationEndpoint
from consentcore.oauth.client_auth import client_keys, make_authenticator
from consentcore.oauth.client_auth.rate_limits import RateLimitedAuthenticator
from consentcore.oauth.context import Claims, Compromised, ServerContext
from consentcore.oauth.cross_origin import Readers
from consentcore.oauth.grant_management import OFF
from consentcore.oauth.grants import GRANT_TYPES
from consentcore.oauth.grants.client_credentials import ClientCredentials
from consentcore.oauth.introspection_endpoint import IntrospectionEndpoint
from consentcore.oauth.metadata import metadata
from consentcore.oauth.par_endpoint import PushedAuthorizationRequestEndpoint
from consentcore.oauth.revocation_endpoint import RevocationEndpoint
from consentcore.oauth.signing_keys import SigningKeys
from consentcore.oauth.token_endpoint import TokenEndpoint
from consentcore.oauth.token_secrets import Lifetimes
from consentcore.oauth.validator import Validator

if TYPE_CHECKING:
    from consentcore.domain.clock import Clock
    from consentcore.domain.scope import Catalog
    from consentcore.oauth.client_documents import ClientDocuments
    from consentcore.oauth.grants.exchange import GrantType
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.storage import Storage
    from consentcore.settings import CoreSettings


def _unnoted(grant_id: str) -> None:
    """Nobody wants to know when grants were used."""


class AuthorizationServer:
    """The endpoints of OAuth 2. Safe to share between threads.

    :ivar authorization: ``GET {prefix}/authorize``, and the answers that it leads back with.
    :ivar par: ``POST {prefix}/par`` (RFC 9126).
    :ivar token: ``POST {prefix}/token``.
    :ivar revocation: ``POST {prefix}/revoke`` (RFC 7009).
    :ivar introspection: ``POST {prefix}/introspect`` (RFC 7662).
    :ivar authenticator: identifies and authenticates clients within their limits.
    :ivar api_clients: who calls the JSON API.
    :param compromised: called with family id, grant id and ``CODE_REPLAYED`` or ``REFRESH_REUSED``; must kill the
        family before it returns.
    :param used: called with the id of a grant whenever it is used; must be quick.
    :param egress: the guard that keys of clients are fetched through; None: only from public addresses.
    :param documents: what clients say of themselves whose id is a URL; None: there are none.
    :param claims: extra members of an introspection answer; reserved ones are an error.
    :param acr_values: what a sign-in can be, in the words of the login plugin; empty while that is not known.
    :param grant_types: what the token endpoint exchanges, in the order in which the metadata names them.
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
        claims: Claims | None,
        used: Callable[[str], None] = _unnoted,
        egress: EgressPolicy | None = None,
        acr_values: Sequence[str] = (),
        documents: ClientDocuments | None = None,
        grant_types: Sequence[type[GrantType]] = GRANT_TYPES,
    ) -> None:
        of_clients = client_keys(egress or EgressPolicy(), documents)
        methods = make_authenticator(storage, settings, of_clients)
        self._context = context = ServerContext(
            storage=storage,
            keys=keys,
            clock=clock,
            catalog=catalog,
            settings=settings,
            lifetimes=Lifetimes.of(settings),
            compromised=compromised,
            claims=claims,
            used=used,
            authenticator=RateLimitedAuthenticator(storage, settings.limits, methods),
            client_keys=of_clients,
            documents=documents,
            signing=SigningKeys(keys, settings.oauth.jwt_signing_alg),
            acr_values=tuple(acr_values),
        )
        validator, readers = Validator(), Readers(context)
        self.authenticator = context.authenticator
        self.authorization = AuthorizationEndpoint(context, validator)
        self.par = PushedAuthorizationRequestEndpoint(context, readers, self.authorization.check)
        if settings.oauth.grant_management != OFF:
            grant_types = (*grant_types, ClientCredentials)
        self.token = TokenEndpoint(context, readers, [make(context, validator) for make in grant_types])
        self.revocation = RevocationEndpoint(context, readers, validator)
        self.introspection = IntrospectionEndpoint(context, validator)
        self.api_clients = ApiClientAuthenticator(context)
        quiet_oauthlib()

    @property
    def context(self) -> ServerContext:
        """What its endpoints work with, for those that stand elsewhere."""
        return self._context

    def metadata(self) -> dict[str, object]:
        """The members of the RFC 8414 document."""
        return metadata(self._context, self.token.grant_types)

    def jwks(self) -> dict[str, list[dict[str, object]]]:
        """The published JWK set (RFC 7517 section 5)."""
        return self._context.signing.key_set(self._context.clock.now())


def quiet_oauthlib() -> None:
    """Keep oauthlib's loggers above DEBUG: there they print codes and refresh tokens (gap 23)."""
    names = [name for name in logging.root.manager.loggerDict if name.split(".")[0] == "oauthlib"]
    for name in ("oauthlib", *names):
        logger = logging.getLogger(name)
        if name == "oauthlib" or logger.level == logging.DEBUG:
            logger.setLevel(max(logger.level, logging.INFO))
