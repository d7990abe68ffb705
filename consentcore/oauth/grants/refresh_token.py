"""The grant type ``refresh_token`` (RFC 6749 section 6): rotation, grace, reuse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from hmac import compare_digest
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from oauthlib.oauth2 import InvalidGrantError

from consentcore.domain.clock import SECOND
from consentcore.domain.errors import KeyUnavailable
from consentcore.domain.event_kinds import EventType
from consentcore.domain.exchange import Grace, Reused, Rotated, Rotation
from consentcore.domain.secret import digest
from consentcore.domain.token import NewToken, Token, TokenKind
from consentcore.oauth.errors import ProtocolError, suspended
from consentcore.oauth.grants.exchange import Exchange, GrantType, oauthlib_request
from consentcore.oauth.grants.oauthlib_types import refresh_grant
from consentcore.oauth.parameters import MAX_DETAILS, several
from consentcore.oauth.scope_strings import MALFORMED, parse
from consentcore.oauth.token_binding import binding_of, use_up
from consentcore.oauth.token_seals import genuine_token, is_genuine, sealed_token
from consentcore.oauth.token_secrets import Pair, derived_pair, fresh_nonce, open_access, seal_access

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.domain.exchange import RotateOutcome
    from consentcore.domain.token import TokenLookup
    from consentcore.oauth.client_auth import Credentials
    from consentcore.oauth.context import ServerContext
    from consentcore.oauth.messages import HttpRequest, HttpResponse
    from consentcore.oauth.token_binding import Binding
    from consentcore.oauth.validator import Validator


class RefreshToken(GrantType):
    """Exchanges a refresh token for its successor and a new access token."""

    NAME = "refresh_token"
    PARAMETERS = MappingProxyType(
        {"refresh_token": 4096, "scope": 4096, "resource": 2000, "authorization_details": MAX_DETAILS}
    )

    def __init__(self, server: ServerContext, validator: Validator) -> None:
        super().__init__(server, validator)
        self._oauthlib = refresh_grant(validator)

    def exchange(
        self, http: HttpRequest, credentials: Credentials, parameters: Mapping[str, str]
    ) -> HttpResponse:
        """See :meth:`GrantType.exchange`."""
        server, now = self._server, self._server.clock.now()
        presented = parameters.get("refresh_token", "")
        found = server.storage.protocol.find_token(credentials.client_id, digest(presented))
        lookup = genuine_token(server.keys, found)
        if lookup.token is not None:
            now = max(now, lookup.token.created_at)  # of another node, whose clock may be ahead
        client = server.authenticator.authenticate("token", http, credentials, lookup.client, now)
        request = oauthlib_request(client, parameters, self.PARAMETERS)
        if request.scope is not None:
            scopes = parse(request.scope)
            if scopes is None:
                raise ProtocolError(400, "invalid_scope", MALFORMED)
            request.scope = " ".join(scopes)
        requested = several(parameters, "resource")
        bound_to = lookup.token.confirmation if lookup.token else ""
        binding = binding_of(server, http, "token", client, now, bound_to=bound_to)
        request.exchange = RefreshExchange(
            server,
            client,
            lookup,
            presented,
            now=now,
            requested=requested,
            binding=binding,
            asked_details=parameters.get("authorization_details"),
        )
        return self._issue(self._oauthlib, request)


class RefreshExchange(Exchange[Token]):
    """One use of a refresh token.

    :param presented: the refresh token in clear.
    :ivar original_scopes: what the refresh token stands for now: the most that a request may ask for; from
        :meth:`check` on.
    """

    original_scopes: list[str]

    def __init__(
        self,
        server: ServerContext,
        client: Client,
        lookup: TokenLookup,
        presented: str,
        *,
        now: int,
        requested: tuple[str, ...],
        binding: Binding,
        asked_details: str | None = None,
    ) -> None:
        self._nonce = fresh_nonce()
        self._key_id = server.keys.current_id
        pair = derived_pair(server.keys, presented, self._nonce, self._key_id)
        super().__init__(
            server,
            client,
            lookup.token,
            lookup.grant,
            pair=pair,
            now=now,
            requested=requested,
            binding=binding,
            asked_details=asked_details,
        )
        self._lookup = lookup
        self._presented = presented
        self._grace: Grace | None = None
        self._sealed = b""

    def check(self, request: Any) -> None:
        """Judge the token by what was read; a rotated one by the verb, which alone tells grace from reuse.

        That comes before the scope is looked at: a thief who asks for too much is still a thief.

        :raises InvalidGrantError: unknown, no refresh token, another client's, or dead.
        """
        token, _ = self.resolve()
        self.original_scopes = list(self._lookup.effective_scopes())
        if token.kind is not TokenKind.REFRESH or token.client_id != self.client.client_id:
            raise InvalidGrantError(request=request)
        self.check_key(token.confirmation, request)
        if token.rotated_at is not None:
            outcome = self._server.storage.protocol.rotate_refresh(self._rotation(()))
            self._grace = self._only_grace(request, outcome)
            if self._lookup.is_superseded:
                raise InvalidGrantError(request=request)
        elif not self._lookup.is_live(self.now):
            raise InvalidGrantError(request=request)
        if not (self.original_scopes or token.authorization_details):
            raise InvalidGrantError(request=request)

    def replace_access(self, text: str) -> None:
        """Seal what cannot be derived again, for who presents the same refresh token within the grace."""
        super().replace_access(text)
        self._sealed = seal_access(self._server.keys, self._presented, self._nonce, self._key_id, text)

    def store(self, request: Any, token: dict[str, object]) -> None:
        """Exchange the token in one verb; within the grace, answer what the first exchange answered.

        Only the access token is another one where this request asks for another scope or resource than the first.

        :raises InvalidGrantError: on every other outcome; reuse has ended the family by then (gap 9).
        """
        scopes = tuple(request.scopes)
        if self._grace is None:
            outcome = self._server.storage.protocol.rotate_refresh(self._rotation(scopes))
            if isinstance(outcome, Rotated):
                return
            self.refuse_used(outcome)
            self._grace = self._only_grace(request, outcome)
        repeated = self._repeated(self._grace)
        if self._is_what_was_given(self._grace, scopes):
            use_up(self._server, self.binding, self.now)  # the verb wrote nothing, so not that either
            token.update(repeated)
        else:
            self._add_access(request, self._grace, scopes)
            token["refresh_token"] = repeated["refresh_token"]

    def _is_what_was_given(self, grace: Grace, scopes: tuple[str, ...]) -> bool:
        given = set(grace.access.scopes).intersection(self.original_scopes)
        same_key = grace.access.confirmation == self.binding.confirmation
        same_details = set(grace.access.authorization_details) == set(self.details)
        same_audience = set(grace.access.audience) == set(self._audience)
        return same_key and same_details and same_audience and given == set(scopes)

    def _add_access(self, request: Any, grace: Grace, scopes: tuple[str, ...]) -> None:
        """Store the access token of this request under the successor, which stays the one there is."""
        addition = replace(self._rotation(scopes), token_hash=grace.refresh.token_hash, rotate=False)
        outcome = self._server.storage.protocol.rotate_refresh(addition)
        self.refuse_used(outcome)
        if not isinstance(outcome, Rotated):
            raise InvalidGrantError(request=request)

    def _only_grace(self, request: Any, outcome: RotateOutcome) -> Grace:
        if isinstance(outcome, Grace) and is_genuine(self._server.keys, outcome, self._lookup.family_proof):
            # The row of a used token is under no seal; its successor is, and is as old as its use.
            if self.now < outcome.refresh.created_at + self._server.lifetimes.grace_ms:
                return outcome
            outcome = Reused(outcome.refresh.family_id, outcome.refresh.grant_id)
        if isinstance(outcome, Reused):
            self._server.compromised(outcome.family_id, outcome.grant_id, EventType.REFRESH_REUSED)
        self._refuse_suspended()
        raise InvalidGrantError(request=request)

    def _refuse_suspended(self) -> None:
        """Look whether the client was suspended since the read: it must not take its token for a dead one.

        :raises ProtocolError: when it was.
        """
        again = self._server.storage.protocol.find_token(self.client.client_id, digest(self._presented))
        if again.client is not None and again.client.suspended is not None:
            raise suspended()

    def _rotation(self, scopes: tuple[str, ...]) -> Rotation:
        token, lifetimes = self.credential, self._server.lifetimes
        refresh_end = lifetimes.next_refresh_end(self.now, self.grant, token, self.original_scopes)
        proven = self.binding.confirmation
        access = NewToken(
            digest(self.pair.access),
            scopes,
            self.access_end,
            self._audience,
            proven,
            authorization_details=self.details,
        )
        # Of a confidential client it is bound to the client itself (RFC 9449 section 5, RFC 8705 section 7.1).
        bound = token.confirmation or (proven if self.client.public else "")
        # Gap 10: a narrower scope is for this access token; the successor keeps the original one.
        refresh = NewToken(
            digest(self.pair.refresh),
            token.scopes,
            refresh_end,
            token.audience,
            bound,
            authorization_details=token.authorization_details,
        )
        proof = self._lookup.family_proof
        seal = partial(sealed_token, self._server.keys, source=token, proof=proof, now=self.now)
        return Rotation(
            token_hash=token.token_hash,
            client_id=self.client.client_id,
            now=self.now,
            access=seal(access, kind=TokenKind.ACCESS),
            refresh=seal(refresh, kind=TokenKind.REFRESH),
            nonce=self._nonce,
            nonce_key_id=self._key_id,
            grace_ms=lifetimes.grace_ms,
            rotate=self.rotates,
            sealed_access=self._sealed,
            one_use=self.binding.one_use,
        )

    def _repeated(self, grace: Grace) -> dict[str, object]:
        try:
            pair = derived_pair(self._server.keys, self._presented, grace.nonce, grace.nonce_key_id)
            if grace.sealed_access:
                pair = Pair(self._opened(grace), pair.refresh)
        except (KeyUnavailable, ValueError) as error:
            raise InvalidGrantError from error
        if not compare_digest(digest(pair.access), grace.access.token_hash):
            raise InvalidGrantError
        allowed = set(self.original_scopes)
        return {
            "access_token": pair.access,
            "refresh_token": pair.refresh,
            "expires_in": max(0, (grace.access.expires_at - self.now) // SECOND),
            "scope": " ".join(scope for scope in grace.access.scopes if scope in allowed),
        }

    def _opened(self, grace: Grace) -> str:
        return open_access(
            self._server.keys, self._presented, grace.nonce, grace.nonce_key_id, grace.sealed_access
        )
