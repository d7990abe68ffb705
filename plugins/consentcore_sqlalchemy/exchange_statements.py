"""The statements that exchange a code or a refresh token for tokens, in SQLAlchemy Core: one guarded write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import (
    CTE,
    ColumnElement,
    Insert,
    Select,
    Text,
    Update,
    and_,
    bindparam,
    case,
    insert,
    null,
    select,
    union_all,
    update,
)

from consentcore_sqlalchemy.noting import note, unused
from consentcore_sqlalchemy.statements import (
    ACCESS,
    ACTIVE,
    REFRESH,
    client_id,
    family_id,
    hash_of,
    in_service,
    now,
)
from consentcore_sqlalchemy.tables import Ms, client, code, consent_grant, token, used_once


@dataclass(frozen=True)
class Exchange:
    """What becomes of a credential that is exchanged for tokens.

    :ivar guarded: updates the credential if it may be used, and returns its family.
    :ivar follow: makes the update of the family's row, given its id; None where ``guarded`` did it.
    :ivar refresh: whether a refresh token is stored besides the access token.
    :ivar notes: whether something is used up with it, see :mod:`.noting`.
    """

    guarded: Update
    follow: Callable[[ColumnElement[str]], Update] | None
    refresh: bool
    notes: bool = False


def noting(exchange: Exchange) -> Exchange:
    """The same exchange, which uses something up besides."""
    return replace(exchange, guarded=exchange.guarded.where(unused()), notes=True)


def _alive() -> ColumnElement[bool]:
    """The family in ``code`` is sound, its grant active, its client the asking one and in service."""
    return and_(
        code.c.client_id == client_id,
        code.c.killed_at.is_(None),
        consent_grant.c.grant_id == code.c.grant_id,
        consent_grant.c.state == ACTIVE,
        consent_grant.c.expires_at > now,
        client.c.client_id == code.c.client_id,
        in_service(client),
    )


def _refreshable() -> ColumnElement[bool]:
    return and_(
        token.c.token_hash == hash_of("token_hash"),
        token.c.kind == REFRESH,
        token.c.rotated_at.is_(None),
        token.c.expires_at > now,
        code.c.family_id == token.c.family_id,
        _alive(),
    )


def _later(ends_at: ColumnElement[int]) -> ColumnElement[int]:
    return case((code.c.ends_at < ends_at, ends_at), else_=code.c.ends_at)


def consume(*, refresh: bool) -> Exchange:
    """Burn a code.

    :param refresh: whether a refresh token comes of it.
    """
    burn = (
        update(code)
        .where(
            code.c.code_hash == hash_of("code_hash"),
            code.c.used_at.is_(None),
            code.c.expires_at > now,
            _alive(),
        )
        .values(used_at=now, seal=null(), ends_at=_later(bindparam("ends_at", type_=Ms)))
        .returning(code.c.family_id)
    )
    return Exchange(burn, None, refresh=refresh)


def rotate() -> Exchange:
    """Exchange a refresh token for its successor. The update of the token's row decides between two at once."""
    spend = (
        update(token).where(_refreshable()).values(rotated_at=now, seal=null()).returning(token.c.family_id)
    )
    return Exchange(spend, _remember, refresh=True)


def _remember(family: ColumnElement[str]) -> Update:
    """Note the latest rotation on the family's row: what it gave out is told again within the grace."""
    return (
        update(code)
        .where(code.c.family_id == family)
        .values(
            ends_at=_later(bindparam("ends_at", type_=Ms)),
            rotated_hash=hash_of("token_hash"),
            successor_hash=hash_of("refresh_hash"),
            access_hash=hash_of("access_hash"),
            grace_until=bindparam("grace_until", type_=Ms),
            nonce=hash_of("nonce"),
            nonce_key_id=bindparam("nonce_key_id", type_=Text),
            sealed_access=hash_of("sealed_access"),
        )
    )


def keep() -> Exchange:
    """Add an access token and leave the refresh token as it is."""
    extend = (
        update(code)
        .where(_refreshable())
        .values(ends_at=_later(bindparam("ends_at", type_=Ms)))
        .returning(code.c.family_id)
    )
    return Exchange(extend, None, refresh=False)


TOKEN_NAMES = (
    "token_hash",
    "kind",
    "family_id",
    "scopes",
    "created_at",
    "expires_at",
    "audience",
    "confirmation",
    "seal",
    "authorization_details",
)


def _new_token(
    prefix: str, kind: ColumnElement[str], family: ColumnElement[str]
) -> Select[bytes, str, str, str, int, int, str, str, bytes, str]:
    return select(
        hash_of(f"{prefix}_hash"),
        kind,
        family,
        bindparam(f"{prefix}_scopes", type_=Text),
        now,
        bindparam(f"{prefix}_expires_at", type_=Ms),
        bindparam(f"{prefix}_audience", type_=Text),
        bindparam(f"{prefix}_confirmation", type_=Text),
        hash_of(f"{prefix}_seal"),
        bindparam(f"{prefix}_authorization_details", type_=Text),
    )


def one_statement(exchange: Exchange) -> Insert:
    """The whole exchange as one data-modifying statement of PostgreSQL."""
    spent: CTE = exchange.guarded.cte("spent")
    rows = [_new_token("access", ACCESS, spent.c.family_id)]
    if exchange.refresh:
        rows.append(_new_token("refresh", REFRESH, spent.c.family_id))
    source = rows[0] if len(rows) == 1 else union_all(*rows)
    statement = insert(token).from_select(TOKEN_NAMES, source, include_defaults=False)
    if exchange.notes:
        statement = statement.add_cte(note(spent).returning(used_once.c.key_hash).cte("noted"))
    if exchange.follow is not None:
        followed = exchange.follow(spent.c.family_id).returning(code.c.family_id)
        statement = statement.add_cte(followed.cte("followed"))
    return statement


def store_token(prefix: str) -> Insert:
    """Store one token of the family of the parameter ``family_id``, for SQLite."""
    kind = ACCESS if prefix == "access" else REFRESH
    source = _new_token(prefix, kind, family_id)
    return insert(token).from_select(TOKEN_NAMES, source, include_defaults=False)
