"""The statements of the protocol routes, in SQLAlchemy Core. Compiled once by :mod:`.driver`.

Whether a credential may be used is part of every write, judged by the database at the moment of the write.
Nothing locks the grant: a token that is stored while its grant is being revoked is dead all the same, because
every look-up joins the grant. So a refresh never waits for a revocation, and there is no order of locks to get wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Insert,
    LargeBinary,
    Select,
    Text,
    Update,
    and_,
    bindparam,
    case,
    insert,
    literal_column,
    null,
    select,
    union_all,
    update,
)

from consentcore_sqlalchemy.noting import note, unused
from consentcore_sqlalchemy.rows.tokens import CODE
from consentcore_sqlalchemy.tables import (
    Id,
    Ms,
    client,
    code,
    consent_grant,
    interaction,
    owner_session,
    token,
    used_once,
)

# Constants stand in the text and not in a parameter: a prepared statement could not use a partial index otherwise.
ACTIVE: ColumnElement[str] = literal_column("'active'", Text)
ACCESS: ColumnElement[str] = literal_column("'access'", Text)
REFRESH: ColumnElement[str] = literal_column("'refresh'", Text)

now = bindparam("now", type_=Ms)
client_id = bindparam("client_id", type_=Id)
family_id = bindparam("family_id", type_=Id)

CLIENT = tuple(client.c)
SESSION = tuple(owner_session.c)
GRANT = tuple(consent_grant.c)
TOKEN = tuple(token.c)
FAMILY = (
    code.c.grant_id,
    code.c.client_id,
    code.c.killed_at,
    code.c.rotated_hash,
    code.c.nonce,
    code.c.nonce_key_id,
    code.c.auth_time,
    code.c.acr,
    code.c.family_proof,
)


def _hash(name: str) -> ColumnElement[bytes]:
    return bindparam(name, type_=LargeBinary)


def _asked() -> FromClause:
    """One row to join everything else to, so that a missing thing does not hide the others."""
    return select(literal_column("1").label("one")).subquery("asked")


def _asking_client() -> FromClause:
    return _asked().outerjoin(client, client.c.client_id == client_id)


def _in_service(row: FromClause) -> ColumnElement[bool]:
    """The client is enabled and not suspended."""
    return and_(row.c.enabled, row.c.suspended_at.is_(None))


# --- reads ---


def read_authorize() -> Select[Any]:
    """Client, live session of the browser, the owner's active grant for the client."""
    found = (
        _asking_client()
        .outerjoin(
            owner_session,
            and_(owner_session.c.session_hash == _hash("session_hash"), owner_session.c.expires_at > now),
        )
        .outerjoin(
            consent_grant,
            and_(
                consent_grant.c.owner_id == owner_session.c.owner_id,
                consent_grant.c.client_id == client_id,
                consent_grant.c.state == ACTIVE,
                consent_grant.c.expires_at > now,
            ),
        )
    )
    return select(*CLIENT, *SESSION, *GRANT).select_from(found)


def read_code() -> Select[Any]:
    """Client, its code, the code's grant and the state of the family."""
    found = (
        _asking_client()
        .outerjoin(code, and_(code.c.code_hash == _hash("code_hash"), code.c.client_id == client_id))
        .outerjoin(consent_grant, consent_grant.c.grant_id == code.c.grant_id)
    )
    return select(*CLIENT, *CODE, code.c.killed_at, *GRANT).select_from(found)


def find_token() -> Select[Any]:
    """The asking client, the token of whatever client, its family, its grant, and whether its client is in service."""
    issued_to = client.alias("issued_to")
    found = (
        _asking_client()
        .outerjoin(token, token.c.token_hash == _hash("token_hash"))
        .outerjoin(code, code.c.family_id == token.c.family_id)
        .outerjoin(consent_grant, consent_grant.c.grant_id == code.c.grant_id)
        .outerjoin(issued_to, issued_to.c.client_id == code.c.client_id)
    )
    return select(*CLIENT, *TOKEN, *FAMILY, *GRANT, _in_service(issued_to)).select_from(found)


def find_successors() -> Select[Any]:
    """The refresh and the access token that the latest rotation of a family stored."""
    refresh, access = token.alias("refresh"), token.alias("access")
    found = code.join(refresh, refresh.c.token_hash == code.c.successor_hash).join(
        access, access.c.token_hash == code.c.access_hash
    )
    return (
        select(*refresh.c, *access.c, code.c.nonce, code.c.nonce_key_id, code.c.sealed_access)
        .select_from(found)
        .where(
            code.c.family_id == family_id,
            code.c.rotated_hash == _hash("token_hash"),
            code.c.nonce.is_not(None),
        )
    )


# --- writes of one row ---


def open_interaction() -> Insert:
    """Store a pending authorization request."""
    return insert(interaction).values({column.name: bindparam(column.name) for column in interaction.c})


def issue_code() -> Insert:
    """Store a code if its grant is active and its client in service at its birth."""
    names = [*(column.name for column in CODE), "purge_at", "ends_at"]
    new = select(*(bindparam(f"new_{name}", type_=code.c[name].type).label(name) for name in names))
    permitted = new.select_from(
        consent_grant.join(client, client.c.client_id == consent_grant.c.client_id)
    ).where(
        consent_grant.c.grant_id == bindparam("new_grant_id", type_=Id),
        consent_grant.c.state == ACTIVE,
        consent_grant.c.expires_at > bindparam("new_created_at", type_=Ms),
        client.c.client_id == bindparam("new_client_id", type_=Id),
        _in_service(client),
    )
    return insert(code).from_select(names, permitted, include_defaults=False)


def kill_family(family: ColumnElement[str] = family_id, at: ColumnElement[int] = now) -> Update:
    """Kill every token that descends from one code."""
    sound = update(code).where(code.c.family_id == family, code.c.killed_at.is_(None))
    return sound.values(killed_at=at, family_proof=null())


# --- exchanges ---


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
        _in_service(client),
    )


def _refreshable() -> ColumnElement[bool]:
    return and_(
        token.c.token_hash == _hash("token_hash"),
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
            code.c.code_hash == _hash("code_hash"),
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
            rotated_hash=_hash("token_hash"),
            successor_hash=_hash("refresh_hash"),
            access_hash=_hash("access_hash"),
            grace_until=bindparam("grace_until", type_=Ms),
            nonce=_hash("nonce"),
            nonce_key_id=bindparam("nonce_key_id", type_=Text),
            sealed_access=_hash("sealed_access"),
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
)


def _new_token(
    prefix: str, kind: ColumnElement[str], family: ColumnElement[str]
) -> Select[bytes, str, str, str, int, int, str, str, bytes]:
    return select(
        _hash(f"{prefix}_hash"),
        kind,
        family,
        bindparam(f"{prefix}_scopes", type_=Text),
        now,
        bindparam(f"{prefix}_expires_at", type_=Ms),
        bindparam(f"{prefix}_audience", type_=Text),
        bindparam(f"{prefix}_confirmation", type_=Text),
        _hash(f"{prefix}_seal"),
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
