"""Codes and tokens: the verbs of the protocol routes, and what a transaction does to codes and families.

A verb is one read, at most one guarded write.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import literal, select

from consentcore.api import (
    AuthorizeContext,
    Code,
    CodeLookup,
    Consumed,
    ConsumeOutcome,
    Expired,
    Grace,
    Grant,
    Interaction,
    OneUse,
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
from consentcore_sqlalchemy import exchange_statements as ways_of
from consentcore_sqlalchemy import statements as sql
from consentcore_sqlalchemy.driver import Driver, Prepared
from consentcore_sqlalchemy.errors import Collision
from consentcore_sqlalchemy.exchanges import OneStatement, OneTransaction, Ways
from consentcore_sqlalchemy.lookups import FamilyRow, lookup_again, token_from, token_lookup
from consentcore_sqlalchemy.noting import is_used, use_values
from consentcore_sqlalchemy.one_time_use import SqlOnce
from consentcore_sqlalchemy.rows.clients import asking_from, client_from
from consentcore_sqlalchemy.rows.common import Row, Values
from consentcore_sqlalchemy.rows.grants import GRANTS
from consentcore_sqlalchemy.rows.interactions import INTERACTIONS
from consentcore_sqlalchemy.rows.owners import SESSIONS
from consentcore_sqlalchemy.rows.tokens import CODE, CODES, code_values, new_token_values
from consentcore_sqlalchemy.tables import code as code_table
from consentcore_sqlalchemy.tables import token as token_table
from consentcore_sqlalchemy.work import Work

_CLIENT = len(sql.CLIENT)


_SESSION = _CLIENT + len(sql.SESSION)


_CODE = _CLIENT + len(CODE)


_KIND = _CLIENT + [column.key for column in sql.TOKEN].index("kind")


_ROUNDS = 3
"""How often a guard may fail for a reason that is gone a moment later (a client switched off and on again)."""


class SqlProtocol(SqlOnce):
    """:class:`consentcore.api.ProtocolStorage` in SQL."""

    def __init__(self, driver: Driver, *, exchanger: type[OneStatement | OneTransaction]) -> None:
        super().__init__(driver, is_sqlite=exchanger is OneTransaction)
        self._read_authorize = driver.prepare(sql.read_authorize())
        self._read_code = driver.prepare(sql.read_code())
        self._find_token = driver.prepare(sql.find_token())
        self._find_successors = driver.prepare(sql.find_successors())
        self._open_interaction = driver.prepare(sql.open_interaction())
        self._issue_code = driver.prepare(sql.issue_code())
        self._kill_family = driver.prepare(sql.kill_family())
        self._is_used = driver.prepare(is_used())
        ways = (
            ways_of.consume(refresh=True),
            ways_of.consume(refresh=False),
            ways_of.rotate(),
            ways_of.keep(),
        )
        self._consume, self._consume_once, self._rotate, self._keep = (
            Ways(exchanger(driver, way), exchanger(driver, ways_of.noting(way))) for way in ways
        )

    def read_authorize(self, client_id: str, session_hash: bytes | None, now: int) -> AuthorizeContext:
        row = self._one(
            self._read_authorize, {"client_id": client_id, "session_hash": session_hash, "now": now}
        )
        return AuthorizeContext(
            client_from(row[:_CLIENT]) if row[0] is not None else None,
            SESSIONS.read(row[_CLIENT:_SESSION]) if row[_CLIENT] is not None else None,
            _grant(row[_SESSION:]),
        )

    def open_interaction(self, interaction: Interaction) -> None:
        self._driver.change(self._open_interaction, INTERACTIONS.values(interaction))

    def issue_code(self, code: Code) -> bool:
        values = {f"new_{name}": value for name, value in code_values(code).items()}
        return self._driver.change(self._issue_code, values) > 0

    def read_code(self, client_id: str, code_hash: bytes) -> CodeLookup:
        row = self._one(self._read_code, {"client_id": client_id, "code_hash": code_hash})
        return CodeLookup(
            client_from(row[:_CLIENT]) if row[0] is not None else None,
            CODES.read(row[_CLIENT:_CODE]) if row[_CLIENT] is not None else None,
            _grant(row[_CODE + 1 :]),
        )

    def consume_code(self, redemption: Redemption) -> ConsumeOutcome:
        access, refresh = redemption.access, redemption.refresh
        values: Values = {
            "code_hash": redemption.code_hash,
            "client_id": redemption.client_id,
            "now": redemption.now,
            "ends_at": max(access.expires_at, refresh.expires_at if refresh else 0),
            **use_values(redemption.one_use),
            **new_token_values(access, "access"),
            **(new_token_values(refresh, "refresh") if refresh else {}),
        }
        exchange = self._consume if refresh else self._consume_once
        for _ in range(_ROUNDS):
            if exchange.run(values, redemption.one_use):
                return Consumed()
            outcome = self._why_not_consumed(redemption) or self._used(redemption.one_use)
            if outcome is not None:
                return outcome
        raise Collision("the code could not be exchanged: its client or grant keeps changing")

    def find_token(self, client_id: str, token_hash: bytes) -> TokenLookup:
        row = self._one(self._find_token, {"client_id": client_id, "token_hash": token_hash})
        asking, rest = asking_from(row[:_CLIENT]), tuple(row[_CLIENT:])
        return (lookup_again if row[_KIND] == "access" else token_lookup)(asking, rest)

    def rotate_refresh(self, rotation: Rotation) -> RotateOutcome:
        values = _rotation_values(rotation)
        exchange = self._rotate if rotation.rotate else self._keep
        for _ in range(_ROUNDS):
            if exchange.run(values, rotation.one_use):
                return Rotated()
            outcome = self._why_not_rotated(rotation) or self._used(rotation.one_use)
            if outcome is not None:
                return outcome
        raise Collision("the refresh token could not be exchanged: its client or grant keeps changing")

    def kill_family(self, family_id: str, now: int) -> bool:
        return self._driver.change(self._kill_family, {"family_id": family_id, "now": now}) > 0

    # --- rare outcomes: a second read says why the guard failed ---

    def _why_not_consumed(self, redemption: Redemption) -> ConsumeOutcome | None:
        row = self._one(
            self._read_code, {"client_id": redemption.client_id, "code_hash": redemption.code_hash}
        )
        if row[0] is None or row[_CLIENT] is None:
            return Unknown()
        client, code = client_from(row[:_CLIENT]), CODES.read(row[_CLIENT:_CODE])
        killed_at, grant = row[_CODE], _grant(row[_CODE + 1 :])
        if (
            not client.in_service
            or killed_at is not None
            or grant is None
            or not grant.is_active(redemption.now)
        ):
            return Unknown()
        if code.used_at is not None:
            return Replayed(code.family_id, code.grant_id)
        return Expired() if redemption.now >= code.expires_at else None

    def _why_not_rotated(self, rotation: Rotation) -> RotateOutcome | None:
        found = self.find_token(rotation.client_id, rotation.token_hash)
        token, grant = found.token, found.grant
        if token is None or token.kind is not TokenKind.REFRESH or token.client_id != rotation.client_id:
            return Unknown()
        alive = grant is not None and grant.is_active(rotation.now) and found.family_killed_at is None
        if not alive or not found.token_client_enabled:
            return Unknown()
        if token.rotated_at is not None:
            in_time = rotation.now < token.rotated_at + rotation.grace_ms
            return (self._grace(token) if in_time else None) or Reused(token.family_id, token.grant_id)
        return Expired() if rotation.now >= token.expires_at else None

    def _used(self, one_use: OneUse | None) -> UsedBefore | None:
        found = one_use is not None and self._driver.row(self._is_used, use_values(one_use))
        return UsedBefore() if found else None

    def _grace(self, token: Token) -> Grace | None:
        """What the rotation of ``token`` gave out, if it is still the latest of its family."""
        row = self._driver.row(
            self._find_successors, {"family_id": token.family_id, "token_hash": token.token_hash}
        )
        if row is None:
            return None
        size = len(sql.TOKEN)
        family = FamilyRow(
            grant_id=token.grant_id,
            client_id=token.client_id,
            killed_at=None,
            rotated_hash=None,
            nonce=None,
            nonce_key_id="",
            auth_time=token.auth_time,
            acr=token.acr,
            family_proof=None,
            created_at=None,
        )
        refresh, access = token_from(row[:size], family), token_from(row[size : 2 * size], family)
        nonce, key_id, sealed = row[2 * size :]
        return Grace(nonce, key_id, access, refresh, sealed or b"") if refresh.rotated_at is None else None

    def _one(self, statement: Prepared, values: Values) -> Row:
        row = self._driver.row(statement, values)
        assert row is not None, "the statement starts from a row that is always there"
        return row


def _rotation_values(rotation: Rotation) -> Values:
    values: Values = {
        "token_hash": rotation.token_hash,
        "client_id": rotation.client_id,
        "now": rotation.now,
        **use_values(rotation.one_use),
        **new_token_values(rotation.access, "access"),
    }
    if not rotation.rotate:
        return {**values, "ends_at": rotation.access.expires_at}
    return {
        **values,
        **new_token_values(rotation.refresh, "refresh"),
        "ends_at": max(rotation.access.expires_at, rotation.refresh.expires_at),
        "grace_until": rotation.now + rotation.grace_ms,
        "nonce": rotation.nonce,
        "nonce_key_id": rotation.nonce_key_id,
        "sealed_access": rotation.sealed_access or None,
    }


def _grant(row: Row) -> Grant | None:
    return GRANTS.read(row) if row[0] is not None else None


class SqlTokens:
    """:class:`consentcore.api.TokenRepository` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def add_code(self, code: Code) -> None:
        self._work.add(code_table, code_values(code))

    def kill_family(self, family_id: str, now: int) -> bool:
        return self._work.write(sql.kill_family(literal(family_id), literal(now))) > 0

    def living(self, families: Collection[str], refresh: Collection[bytes]) -> tuple[set[str], set[bytes]]:
        code, token = code_table.c, token_table.c
        alive = select(code.family_id).where(code.family_id.in_(list(families)), code.killed_at.is_(None))
        fresh = select(token.token_hash).where(
            token.token_hash.in_(list(refresh)), token.rotated_at.is_(None)
        )
        found = self._work.rows(alive) if families else ()
        kept = self._work.rows(fresh) if refresh else ()
        return {row[0] for row in found}, {bytes(row[0]) for row in kept}
