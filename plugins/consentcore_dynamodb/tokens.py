"""Codes and tokens: the verbs of the protocol routes, and what a transaction does to them.

A write that gives tokens is one transaction: the code or token that it exchanges, the new ones, the family, and a look
at the grant. It never touches the client's item, which all tokens of the client have in common: the client is read just
before, and whoever presents a token later sees what has become of the client meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from consentcore.api import (
    AuthorizeContext,
    Client,
    Code,
    CodeLookup,
    Consumed,
    ConsumeOutcome,
    Expired,
    Grant,
    Interaction,
    Redemption,
    Replayed,
    Rotated,
    RotateOutcome,
    Rotation,
    Token,
    TokenKind,
    TokenLookup,
    Unknown,
    UsedBefore,
)
from consentcore_dynamodb.changes import ABSENT, Change, put
from consentcore_dynamodb.engine import Table
from consentcore_dynamodb.errors import Collision, Refused
from consentcore_dynamodb.interactions import interaction_item
from consentcore_dynamodb.keys import (
    Item,
    active_key,
    client_key,
    code_key,
    family_key,
    grant_key,
    session_key,
    token_key,
)
from consentcore_dynamodb.one_time_use import DynamoOnce, noting
from consentcore_dynamodb.owners import live_session
from consentcore_dynamodb.records import CLIENTS, CODES, GRANTS, TOKENS
from consentcore_dynamodb.token_items import (
    again,
    born_at,
    code_item,
    consuming,
    family_item,
    grant_stands,
    killed,
    killed_at,
    killing,
    proof_of,
    rotating,
)
from consentcore_dynamodb.work import Work

TRIES = 8
"""How often an exchange looks again after it was refused."""


class DynamoProtocol(DynamoOnce):
    """:class:`consentcore.api.ProtocolStorage` in DynamoDB."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self._table = table

    def read_authorize(self, client_id: str, session_hash: bytes | None, now: int) -> AuthorizeContext:
        keys = [client_key(client_id), *([] if session_hash is None else [session_key(session_hash)])]
        found = self._table.get_many(keys)
        client = CLIENTS.read_from(found.get(keys[0]))
        session = live_session(found.get(keys[-1]), now) if session_hash is not None else None
        if session is None:
            return AuthorizeContext(client)
        mark = self._table.get(active_key(session.owner_id, client_id))
        grant = mark and GRANTS.read_from(self._table.get(grant_key(mark["grant_id"]["S"])))
        return AuthorizeContext(client, session, grant if grant and grant.is_active(now) else None)

    def open_interaction(self, interaction: Interaction) -> None:
        self._table.write_one(put({**interaction_item(interaction), "v": {"N": "1"}}))

    def issue_code(self, code: Code) -> bool:
        for _ in range(TRIES):
            client, grant = self._permission(code.client_id, code.grant_id)
            if not _permitted(client, grant, code.created_at):
                return False
            family = family_item(code)
            changes = [
                put(code_item(code), ABSENT),
                put(family, ABSENT),
                grant_stands(code.grant_id, code.created_at),
            ]
            if self._written(changes):
                return True
        raise Collision("the grant changes all the time, or there is such a code already")

    def read_code(self, client_id: str, code_hash: bytes) -> CodeLookup:
        found = self._table.get_many([client_key(client_id), code_key(code_hash)])
        client = CLIENTS.read_from(found.get(client_key(client_id)))
        code = CODES.read_from(found.get(code_key(code_hash)))
        if code is None or code.client_id != client_id:
            return CodeLookup(client, None, None)
        keys = [family_key(code.family_id), grant_key(code.grant_id)]
        under = self._table.get_many(keys)
        code = replace(code, family_proof=proof_of(under.get(keys[0])))
        return CodeLookup(client, code, GRANTS.read_from(under.get(keys[1])))

    def consume_code(self, redemption: Redemption) -> ConsumeOutcome:
        for _ in range(TRIES):
            found = self._table.get(code_key(redemption.code_hash))
            code = CODES.read_from(found)
            if found is None or code is None or code.client_id != redemption.client_id:
                return Unknown()
            family = self._sound_family(code, redemption.now)
            if family is None:
                return Unknown()
            if code.used_at is not None:
                return Replayed(code.family_id, code.grant_id)
            if redemption.now >= code.expires_at:
                return Expired()
            if self._used_before(redemption.one_use):
                return UsedBefore()
            if self._written([*consuming(found, family, code, redemption), *noting(redemption.one_use)]):
                return Consumed()
        raise Collision("others exchange the same code at the same time")

    def find_token(self, client_id: str, token_hash: bytes) -> TokenLookup:
        found = self._table.get_many([client_key(client_id), token_key(token_hash)])
        client = CLIENTS.read_from(found.get(client_key(client_id)))
        token = TOKENS.read_from(found.get(token_key(token_hash)))
        if token is None:
            return TokenLookup(client)
        keys = [family_key(token.family_id), grant_key(token.grant_id), client_key(token.client_id)]
        under = self._table.get_many(keys)
        family, grant, issued_to = (under.get(key) for key in keys)
        its_client = CLIENTS.read_from(issued_to)
        return TokenLookup(
            its_client if token.client_id == client_id else client,
            token,
            GRANTS.read_from(grant),
            # A family is never gone before its tokens: one that cannot be found gives nothing.
            killed_at(family) if family is not None else token.created_at,
            its_client is not None and its_client.in_service,
            proof_of(family),
            born_at(family),
        )

    def rotate_refresh(self, rotation: Rotation) -> RotateOutcome:
        for _ in range(TRIES):
            found = self._table.get(token_key(rotation.token_hash))
            token = TOKENS.read_from(found)
            if found is None or token is None or token.kind is not TokenKind.REFRESH:
                return Unknown()
            if token.client_id != rotation.client_id:
                return Unknown()
            family = self._sound_family(token, rotation.now)
            if family is None:
                return Unknown()
            if token.rotated_at is not None:
                return again(self._table, found, token, rotation)
            if rotation.now >= token.expires_at:
                return Expired()
            if self._used_before(rotation.one_use):
                return UsedBefore()
            if self._written([*rotating(found, family, token, rotation), *noting(rotation.one_use)]):
                return Rotated()
        raise Collision("others exchange the same token at the same time")

    def kill_family(self, family_id: str, now: int) -> bool:
        for _ in range(TRIES):
            before = self._table.get(family_key(family_id))
            if before is None or killed_at(before) is not None:
                return False
            if self._written([killing(before, now)]):
                return True
        raise Collision("the family is used all the time")

    def _sound_family(self, thing: Code | Token, now: int) -> Item | None:
        """The family of a code or token if all that it hangs on is alive."""
        keys = [client_key(thing.client_id), grant_key(thing.grant_id), family_key(thing.family_id)]
        found = self._table.get_many(keys)
        client, grant, family = (found.get(key) for key in keys)
        if family is None or killed_at(family) is not None:
            return None
        return family if _permitted(CLIENTS.read_from(client), GRANTS.read_from(grant), now) else None

    def _permission(self, client_id: str, grant_id: str) -> tuple[Client | None, Grant | None]:
        found = self._table.get_many([client_key(client_id), grant_key(grant_id)])
        client, grant = found.get(client_key(client_id)), found.get(grant_key(grant_id))
        return CLIENTS.read_from(client), GRANTS.read_from(grant)

    def _written(self, changes: list[Change]) -> bool:
        try:
            self._table.write(changes)
        except Refused:
            return False
        return True


def _permitted(client: Client | None, grant: Grant | None, now: int) -> bool:
    return grant is not None and grant.is_active(now) and client is not None and client.in_service


class DynamoTokens:
    """:class:`consentcore.api.TokenRepository` in DynamoDB."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def add_code(self, code: Code) -> None:
        self._work.add(code_item(code), "there is such a code already")
        self._work.add(family_item(code), "there is such a family already")

    def kill_family(self, family_id: str, now: int) -> bool:
        before = self._work.get(family_key(family_id), lock=True)
        if before is None or killed_at(before) is not None:
            return False
        self._work.replace(before, killed(before, now))
        return True

    def living(self, families: Collection[str], refresh: Collection[bytes]) -> tuple[set[str], set[bytes]]:
        alive = {one: family_key(one) for one in families}
        fresh = {one: token_key(one) for one in refresh}
        found = self._work.get_many([*alive.values(), *fresh.values()])
        tokens = {one: TOKENS.read(found[key]) for one, key in fresh.items() if key in found}
        return (
            {one for one, key in alive.items() if key in found and killed_at(found[key]) is None},
            {one for one, token in tokens.items() if token.rotated_at is None},
        )
