"""The grant type ``authorization_code`` (RFC 6749 section 4.1.3)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

from oauthlib.oauth2 import InvalidGrantError

from consentcore.domain.event_kinds import EventType
from consentcore.domain.exchange import Consumed, Redemption, Replayed
from consentcore.domain.secret import digest
from consentcore.domain.token import Code, NewToken, TokenKind
from consentcore.oauth.fapi import LONGEST_CODE_MS
from consentcore.oauth.grants.exchange import Exchange, GrantType, oauthlib_request
from consentcore.oauth.grants.oauthlib_types import code_grant
from consentcore.oauth.parameters import MAX_DETAILS, several
from consentcore.oauth.pkce import verifier_is_wellformed
from consentcore.oauth.token_binding import binding_of
from consentcore.oauth.token_seals import genuine_code, sealed_token
from consentcore.oauth.token_secrets import fresh_pair

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.domain.grant import Grant
    from consentcore.oauth.client_auth import Credentials
    from consentcore.oauth.context import ServerContext
    from consentcore.oauth.messages import HttpRequest, HttpResponse
    from consentcore.oauth.validator import Validator


class AuthorizationCode(GrantType):
    """Exchanges a code, once, for the first tokens of a family."""

    NAME = "authorization_code"
    PARAMETERS = MappingProxyType(
        {
            "code": 4096,
            "redirect_uri": 2000,
            "code_verifier": 4096,
            "resource": 2000,
            "authorization_details": MAX_DETAILS,
        }
    )

    def __init__(self, server: ServerContext, validator: Validator) -> None:
        super().__init__(server, validator)
        self._oauthlib = code_grant(validator)

    def exchange(
        self, http: HttpRequest, credentials: Credentials, parameters: Mapping[str, str]
    ) -> HttpResponse:
        """See :meth:`GrantType.exchange`."""
        server, now = self._server, self._server.clock.now()
        code_hash = digest(parameters.get("code", ""))
        lookup = genuine_code(
            server.keys, server.storage.protocol.read_code(credentials.client_id, code_hash)
        )
        if lookup.code is not None:
            # Another node may have made it, whose clock is ahead: nothing is older than what it descends from.
            now = max(now, lookup.code.created_at)
        client = server.authenticator.authenticate("token", http, credentials, lookup.client, now)
        request = oauthlib_request(client, parameters, self.PARAMETERS)
        request.exchange = CodeExchange(
            server,
            client,
            lookup.code,
            lookup.grant,
            pair=fresh_pair(),
            now=now,
            requested=several(parameters, "resource"),
            binding=binding_of(server, http, "token", client, now),
            asked_details=parameters.get("authorization_details"),
        )
        request.require_pkce = server.settings.oauth.require_pkce or request.exchange.strict
        return self._issue(self._oauthlib, request)


class CodeExchange(Exchange[Code]):
    """One exchange of an authorization code."""

    def check(self, request: Any) -> None:
        """Judge the code by what was read, and give ``request`` its scopes.

        :raises InvalidGrantError: unknown, another client's, used, expired, under a dead grant; or a verifier
            that is missing (RFC 7636 section 4.6), malformed or was not announced (RFC 9700 section 4.8.2, gap 5).
        """
        code, grant = self.resolve()
        if not grant.is_active(self.now) or code.created_at < grant.refresh_from:
            raise InvalidGrantError(request=request)
        if code.used_at is not None and not self.client.public:
            self._refuse_used()
        # Anybody can name a public client: a used code ends its family only after PKCE was passed, in store().
        if code.used_at is None and self.now >= self._end_of(code):
            raise InvalidGrantError(request=request)
        self.check_key(code.confirmation, request)
        self._check_verifier(request, code, self.client)
        request.scopes = self._scopes(code, grant)
        if not (request.scopes or code.authorization_details):
            raise InvalidGrantError(request=request)

    def _end_of(self, code: Code) -> int:
        """When the code ends; in FAPI 2.0 after a minute at the latest, whatever the setting says."""
        return min(code.expires_at, code.created_at + LONGEST_CODE_MS) if self.strict else code.expires_at

    @property
    def renewable(self) -> bool:
        """Not where the permission is for one use."""
        return not self.grant.one_time

    @property
    def code_challenge(self) -> str | None:
        """The stored S256 challenge, None without PKCE."""
        return self.credential.code_challenge or None

    @property
    def redirect_uri(self) -> str:
        """Where the code was sent."""
        return self.credential.redirect_uri

    def confirm_redirect_uri(self, presented: str, *, given: bool) -> None:
        """Check the token request's URI.

        :param given: False when the request has none and ``presented`` is only oauthlib's filling.
        :raises InvalidGrantError: when it differs, or is missing although the authorization request had one. Gap
            12: oauthlib says ``invalid_request`` to the first and lets the second pass.
        """
        code = self.credential
        if presented != code.redirect_uri or (code.redirect_uri_given and not given):
            raise InvalidGrantError(description="redirect_uri: expected the one of the authorization request")

    def store(self, request: Any, _token: dict[str, object]) -> None:
        """Burn the code and keep both tokens, in one verb (gap 8).

        :raises InvalidGrantError: when the verb did not consume it; a replay has ended the family by then (gap 9).
        """
        outcome = self._server.storage.protocol.consume_code(self._redemption(tuple(request.scopes)))
        if isinstance(outcome, Replayed):
            self._server.compromised(outcome.family_id, outcome.grant_id, EventType.CODE_REPLAYED)
        self.refuse_used(outcome)
        if not isinstance(outcome, Consumed):
            raise InvalidGrantError(request=request)

    def _refuse_used(self) -> NoReturn:
        """Let the verb tell a replay from a family that is dead already; it changes nothing in either case."""
        outcome = self._server.storage.protocol.consume_code(self._redemption(()))
        if isinstance(outcome, Replayed):
            self._server.compromised(outcome.family_id, outcome.grant_id, EventType.CODE_REPLAYED)
        raise InvalidGrantError

    def _redemption(self, scopes: tuple[str, ...]) -> Redemption:
        code = self.credential
        refresh_end = self._server.lifetimes.first_refresh_end(self.now, self.grant, scopes)
        proven = self.binding.confirmation
        access = NewToken(
            digest(self.pair.access),
            scopes,
            self.access_end,
            self._audience,
            proven,
            authorization_details=self.details,
        )
        bound = proven if self.client.public else ""
        refresh = NewToken(
            digest(self.pair.refresh),
            scopes,
            refresh_end,
            code.audience,
            bound,
            authorization_details=code.authorization_details,
        )
        seal = partial(sealed_token, self._server.keys, source=code, proof=code.family_proof, now=self.now)
        return Redemption(
            code_hash=code.code_hash,
            client_id=self.client.client_id,
            now=self.now,
            access=seal(access, kind=TokenKind.ACCESS),
            refresh=seal(refresh, kind=TokenKind.REFRESH) if self.renewable else None,
            one_use=self.binding.one_use,
        )

    @staticmethod
    def _check_verifier(request: Any, code: Code, client: Client) -> None:
        verifier = request.code_verifier
        if verifier is None:
            if code.code_challenge or client.public or client.require_pkce or request.require_pkce:
                raise InvalidGrantError(description="code_verifier: expected that of the code_challenge")
            return
        if not code.code_challenge:
            raise InvalidGrantError(
                description="code_verifier: the authorization request had no code_challenge"
            )
        if not verifier_is_wellformed(verifier):
            raise InvalidGrantError(description="code_verifier: expected 43 to 128 unreserved characters")

    @staticmethod
    def _scopes(code: Code, grant: Grant) -> list[str]:
        allowed = set(grant.scope_ids)
        return [scope for scope in code.scopes if scope in allowed]
