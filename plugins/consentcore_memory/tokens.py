"""Codes and tokens: the verbs of the protocol routes, and what a transaction does to them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from consentcore.api import (
    AuthorizeContext,
    Code,
    CodeLookup,
    Consumed,
    ConsumeOutcome,
    Expired,
    Grace,
    Interaction,
    NewToken,
    Redemption,
    Replayed,
    Reused,
    Rotated,
    RotateOutcome,
    Rotation,
    Token,
    TokenKind,
    TokenLookup,
    Unknown,
    UsedBefore,
)
from consentcore_memory.engine import Session
from consentcore_memory.one_time_use import MemoryOnce, note, used_before
from consentcore_memory.owners import live_session
from consentcore_memory.state import State, StoredToken


class MemoryProtocol(MemoryOnce):
    """:class:`consentcore.api.ProtocolStorage` in memory."""

    def read_authorize(self, client_id: str, session_hash: bytes | None, now: int) -> AuthorizeContext:
        state = self._engine.committed
        session = None if session_hash is None else live_session(state, session_hash, now)
        grant = None if session is None else state.active_grant(session.owner_id, client_id)
        if grant is not None and not grant.is_active(now):
            grant = None
        return AuthorizeContext(state.clients.get(client_id), session, grant)

    def open_interaction(self, interaction: Interaction) -> None:
        with self._engine.writing() as state:
            state.interactions.put(interaction.interaction_hash, interaction)

    def issue_code(self, code: Code) -> bool:
        with self._engine.writing() as state:
            if not _permitted(state, code.grant_id, code.client_id, code.created_at):
                return False
            state.add_code(code)
            return True

    def read_code(self, client_id: str, code_hash: bytes) -> CodeLookup:
        state = self._engine.committed
        client, code = state.clients.get(client_id), state.codes.get(code_hash)
        if code is None or code.client_id != client_id:
            return CodeLookup(client, None, None)
        family = state.families.get(code.family_id)
        code = replace(code, family_proof=family.proof if family is not None else b"")
        return CodeLookup(client, code, state.grants.get(code.grant_id))

    def consume_code(self, redemption: Redemption) -> ConsumeOutcome:
        with self._engine.writing() as state:
            code = state.codes.get(redemption.code_hash)
            if code is None or code.client_id != redemption.client_id:
                return Unknown()
            if not _alive(state, code, redemption.now):
                return Unknown()
            if code.used_at is not None:
                return Replayed(code.family_id, code.grant_id)
            if redemption.now >= code.expires_at:
                return Expired()
            if used_before(state, redemption.one_use):
                return UsedBefore()
            note(state, redemption.one_use)
            state.codes.put(code.code_hash, replace(code, used_at=redemption.now, seal=b""))
            _store(state, code, redemption.access, TokenKind.ACCESS, redemption.now)
            if redemption.refresh is not None:
                _store(state, code, redemption.refresh, TokenKind.REFRESH, redemption.now)
            return Consumed()

    def find_token(self, client_id: str, token_hash: bytes) -> TokenLookup:
        state = self._engine.committed
        client, row = state.clients.get(client_id), state.tokens.get(token_hash)
        if row is None:
            return TokenLookup(client)
        family, issued_to = state.families.get(row.token.family_id), state.clients.get(row.token.client_id)
        return TokenLookup(
            client,
            row.token,
            state.grants.get(row.token.grant_id),
            family.killed_at if family is not None else None,
            issued_to is not None and issued_to.in_service,
            family.proof if family is not None else b"",
            family.created_at if family is not None else None,
        )

    def rotate_refresh(self, rotation: Rotation) -> RotateOutcome:
        with self._engine.writing() as state:
            row = state.tokens.get(rotation.token_hash)
            if row is None or row.token.kind is not TokenKind.REFRESH:
                return Unknown()
            if row.token.client_id != rotation.client_id or not _alive(state, row.token, rotation.now):
                return Unknown()
            if row.token.rotated_at is not None:
                return _again(state, row, rotation)
            if rotation.now >= row.token.expires_at:
                return Expired()
            if used_before(state, rotation.one_use):
                return UsedBefore()
            note(state, rotation.one_use)
            _store(state, row.token, rotation.access, TokenKind.ACCESS, rotation.now)
            if rotation.rotate:
                _succeed(state, row.token, rotation)
            return Rotated()

    def kill_family(self, family_id: str, now: int) -> bool:
        with self._engine.writing() as state:
            return state.kill_family(family_id, now)


def _permitted(state: State, grant_id: str, client_id: str, now: int) -> bool:
    grant, client = state.grants.get(grant_id), state.clients.get(client_id)
    return grant is not None and grant.is_active(now) and client is not None and client.in_service


def _alive(state: State, thing: Code | Token, now: int) -> bool:
    family = state.families.get(thing.family_id)
    sound = family is not None and family.killed_at is None
    return sound and _permitted(state, thing.grant_id, thing.client_id, now)


def _store(state: State, source: Code | Token, new: NewToken, kind: TokenKind, now: int) -> None:
    state.tokens.put(new.token_hash, StoredToken(new.stored(source, kind, now)))


def _succeed(state: State, token: Token, rotation: Rotation) -> None:
    _store(state, token, rotation.refresh, TokenKind.REFRESH, rotation.now)
    rotated = replace(
        token,
        rotated_at=rotation.now,
        nonce=rotation.nonce,
        nonce_key_id=rotation.nonce_key_id,
        seal=b"",
    )
    state.tokens.put(
        token.token_hash,
        StoredToken(
            rotated,
            successor=rotation.refresh.token_hash,
            access=rotation.access.token_hash,
            grace_until=rotation.now + rotation.grace_ms,
            sealed_access=rotation.sealed_access,
        ),
    )


def _again(state: State, row: StoredToken, rotation: Rotation) -> Grace | Reused:
    token, refresh, access = row.token, state.tokens.get(row.successor), state.tokens.get(row.access)
    within = token.rotated_at is not None and rotation.now < token.rotated_at + rotation.grace_ms
    if not within or token.nonce is None or refresh is None or access is None:
        return Reused(token.family_id, token.grant_id)
    if refresh.token.rotated_at is not None:
        return Reused(token.family_id, token.grant_id)
    return Grace(token.nonce, token.nonce_key_id, access.token, refresh.token, row.sealed_access)


class MemoryTokens:
    """:class:`consentcore.api.TokenRepository` in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add_code(self, code: Code) -> None:
        draft = self._session.draft
        if code.code_hash in draft.codes or code.family_id in draft.families:
            raise self._session.collision("there is such a code or family already")
        draft.add_code(code)

    def kill_family(self, family_id: str, now: int) -> bool:
        return self._session.draft.kill_family(family_id, now)

    def living(self, families: Collection[str], refresh: Collection[bytes]) -> tuple[set[str], set[bytes]]:
        state = self._session.state
        alive = {one for one in families if (found := state.families.get(one)) and found.killed_at is None}
        fresh = {one for one in refresh if (row := state.tokens.get(one)) and row.token.rotated_at is None}
        return alive, fresh
