"""What the protocol routes read, without sign-ins and grants that are not as we wrote them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from consentcore.domain.errors import InvalidInput, KeyUnavailable
from consentcore.keys.sealed_face import NOT_OURS, REVOKED, Face, log

if TYPE_CHECKING:
    from consentcore.domain.grant import Grant
    from consentcore.domain.interaction import AuthorizeContext, Interaction, PushedRequest
    from consentcore.domain.token import CodeLookup, OneUse, TokenLookup
    from consentcore.ports.keys import KeyRing

REMEMBERED = 10_000
"""Grants whose rows were found sound, so that a seal is made once for as long as a row stays as it is."""
GrantSeal = Callable[["KeyRing", "Grant"], bytes]


class SealedProtocol(Face):
    """A grant that was changed by hand gives nothing here; pages show it, so that its owner can end it."""

    def __init__(self, inner: Any, keys: KeyRing, grant_seal: GrantSeal) -> None:
        super().__init__(inner, keys)
        self._grant_seal = grant_seal
        self._sound: set[Grant] = set()

    def read_authorize(self, client_id: str, session_hash: bytes | None, now: int) -> AuthorizeContext:
        found: AuthorizeContext = self._inner.read_authorize(client_id, session_hash, now)
        if found.session is not None and self._ours(found.session) is None:
            return replace(found, session=None, grant=None)
        return found if self._is_sound(found.grant) else replace(found, grant=None)

    def open_interaction(self, interaction: Interaction) -> None:
        self._inner.open_interaction(self._sealed(interaction))

    def push_request(self, pushed: PushedRequest, one_use: OneUse | None = None) -> bool:
        done: bool = self._inner.push_request(self._sealed(pushed), one_use)
        return done

    def take_pushed(self, request_hash: bytes, client_id: str, now: int) -> PushedRequest | None:
        return self._ours(self._inner.take_pushed(request_hash, client_id, now))

    def read_code(self, client_id: str, code_hash: bytes) -> CodeLookup:
        found: CodeLookup = self._inner.read_code(client_id, code_hash)
        return found if self._is_sound(found.grant) else replace(found, grant=None)

    def find_token(self, client_id: str, token_hash: bytes) -> TokenLookup:
        found: TokenLookup = self._inner.find_token(client_id, token_hash)
        return found if self._is_sound(found.grant) else replace(found, grant=None)

    def _is_sound(self, grant: Grant | None) -> bool:
        if grant is None:
            return True
        try:
            if self._keys.revoked_at(grant.key_id):
                log.error("the grant %s is refused: %s", grant.grant_id, REVOKED)
                return False
            if grant in self._sound:
                return True
            genuine = compare_digest(self._grant_seal(self._keys, grant), grant.seal)
        except (KeyUnavailable, InvalidInput):
            genuine = False
        if not genuine:
            log.error("the grant %s is refused: %s", grant.grant_id, NOT_OURS)
            return False
        if len(self._sound) >= REMEMBERED:
            self._sound.clear()
        self._sound.add(grant)
        return True
