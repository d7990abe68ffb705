"""One use of a refresh token (RFC 6749 section 6), as oauthlib's hooks need it: rotation, grace, reuse."""

from __future__ import annotations

from dataclasses import replace
from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from oauthlib.oauth2 import InvalidGrantError

from consentcore.domain.clock import SECOND
from consentcore.domain.errors import KeyUnavailable
from consentcore.domain.event_kinds import EventType
from consentcore.domain.secret import digest
from consentcore.domain.token import Grace, NewToken, Reused, Rotated, Rotation, TokenKind
from consentcore.oauth import access_token as access
from consentcore.oauth.errors import suspended
from consentcore.oauth.resource_indicators import token_audience
from consentcore.oauth.token_secrets import Pair, derived_pair, fresh_nonce, open_access, seal_access

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.domain.grant import Grant
    from consentcore.domain.token import RotateOutcome, Token, TokenLookup
    from consentcore.oauth.context import Parts


class RefreshExchange:
    """Holds what the one read found and does the one write.

    :param client: already authenticated.
    :param presented: the refresh token in clear.
    :param wanted: the audience that the request names.
    """

    def __init__(
        self,
        parts: Parts,
        client: Client,
        lookup: TokenLookup,
        presented: str,
        now: int,
        *,
        wanted: tuple[str, ...] = (),
    ) -> None:
        self.client = client
        self.now = now
        self._parts = parts
        self._lookup = lookup
        self._presented = presented
        self._nonce = fresh_nonce()
        self._key_id = parts.keys.current_id
        self.pair: Pair = derived_pair(parts.keys, presented, self._nonce, self._key_id)
        self._grace: Grace | None = None
        self._audience: tuple[str, ...] = ()
        self._sealed = b""
        self._wanted = wanted

    def check(self, request: Any) -> None:
        """Judge the token by what was read; a rotated one by the verb, which alone tells grace from reuse.

        That comes before the scope is looked at: a thief who asks for too much is still a thief.

        :raises InvalidGrantError: unknown, no refresh token, another client's, or dead.
        """
        token, _ = self._found()
        if token.kind is not TokenKind.REFRESH or token.client_id != self.client.client_id:
            raise InvalidGrantError(request=request)
        if token.rotated_at is not None:
            self._grace = self._only_grace(request, self._verb(()))
        elif not self._lookup.is_live(self.now):
            raise InvalidGrantError(request=request)
        if not self.original_scopes:
            raise InvalidGrantError(request=request)

    @property
    def original_scopes(self) -> list[str]:
        """What the refresh token stands for now: the most that a request may ask for."""
        return list(self._lookup.effective_scopes())

    @property
    def expires_in(self) -> int:
        """Lifetime of the access token in whole seconds."""
        return max(0, (self._access_end() - self.now) // SECOND)

    def make_access(self, request: Any) -> str:
        """Make the access token of a request that was found good.

        :raises ProtocolError: ``invalid_target``.
        :raises ConfigurationError: a plugin's claims are not in order.
        """
        token, grant = self._found()
        chosen = token_audience(self.client, self._wanted, token.audience)
        wish = access.Wish(tuple(request.scopes), chosen, self.now, token.auth_time, token.acr)
        made = access.make(self._parts, self.client, grant, wish, self.pair.access)
        if made.text != self.pair.access:
            self._sealed = seal_access(
                self._parts.keys, self._presented, self._nonce, self._key_id, made.text
            )
        self.pair, self._audience = Pair(made.text, self.pair.refresh), made.audience
        return made.text

    def store(self, request: Any, token: dict[str, object]) -> None:
        """Exchange the token in one verb; within the grace, answer what the first exchange answered.

        Only the access token is another one where this request asks for another scope or resource than the first.

        :raises InvalidGrantError: on every other outcome; reuse has ended the family by then (gap 9).
        """
        scopes = tuple(request.scopes)
        if self._grace is None:
            outcome = self._verb(scopes)
            if isinstance(outcome, Rotated):
                return
            self._grace = self._only_grace(request, outcome)
        repeated = self._repeated(self._grace)
        if self._is_what_was_given(self._grace, scopes):
            token.update(repeated)
        else:
            self._add_access(request, self._grace, scopes)
            token["refresh_token"] = repeated["refresh_token"]

    def _verb(self, scopes: tuple[str, ...]) -> RotateOutcome:
        return self._parts.storage.protocol.rotate_refresh(self._rotation(scopes))

    def _is_what_was_given(self, grace: Grace, scopes: tuple[str, ...]) -> bool:
        given = set(grace.access.scopes).intersection(self.original_scopes)
        return given == set(scopes) and set(grace.access.audience) == set(self._audience)

    def _add_access(self, request: Any, grace: Grace, scopes: tuple[str, ...]) -> None:
        """Store the access token of this request under the successor, which stays the one there is."""
        wanted = replace(self._rotation(scopes), token_hash=grace.refresh.token_hash, rotate=False)
        if not isinstance(self._parts.storage.protocol.rotate_refresh(wanted), Rotated):
            raise InvalidGrantError(request=request)

    def _only_grace(self, request: Any, outcome: RotateOutcome) -> Grace:
        if isinstance(outcome, Grace):
            return outcome
        if isinstance(outcome, Reused):
            self._parts.compromised(outcome.family_id, outcome.grant_id, EventType.REFRESH_REUSED)
        self._say_if_suspended()
        raise InvalidGrantError(request=request)

    def _say_if_suspended(self) -> None:
        """Look whether the client was suspended since the read: it must not take its token for a dead one.

        :raises ProtocolError: when it was.
        """
        again = self._parts.storage.protocol.find_token(self.client.client_id, digest(self._presented))
        if again.client is not None and again.client.suspended is not None:
            raise suspended()

    def _rotation(self, scopes: tuple[str, ...]) -> Rotation:
        token, grant = self._found()
        lifetimes = self._parts.lifetimes
        refresh_end = lifetimes.next_refresh_end(self.now, grant, token, self.original_scopes)
        return Rotation(
            token_hash=token.token_hash,
            client_id=self.client.client_id,
            now=self.now,
            access=NewToken(digest(self.pair.access), scopes, self._access_end(), self._audience),
            # Gap 10: a narrower scope is for this access token; the successor keeps the original one.
            refresh=NewToken(digest(self.pair.refresh), token.scopes, refresh_end, token.audience),
            nonce=self._nonce,
            nonce_key_id=self._key_id,
            grace_ms=lifetimes.grace_ms,
            sealed_access=self._sealed,
        )

    def _repeated(self, grace: Grace) -> dict[str, object]:
        try:
            pair = derived_pair(self._parts.keys, self._presented, grace.nonce, grace.nonce_key_id)
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
            self._parts.keys, self._presented, grace.nonce, grace.nonce_key_id, grace.sealed_access
        )

    def _access_end(self) -> int:
        return self._parts.lifetimes.access_end(self.now, self._found()[1])

    def _found(self) -> tuple[Token, Grant]:
        if self._lookup.token is None or self._lookup.grant is None:
            raise InvalidGrantError
        return self._lookup.token, self._lookup.grant
