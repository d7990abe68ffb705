"""The statements of the protocol routes, in SQLAlchemy Core. Compiled once by :mod:`.driver`.

Whether a credential may be used is part of every write, judged by the database at the moment of the write.
Nothing locks the grant: a token that is stored while its grant is being revoked is dead all the same, because
every look-up joins the grant. So a refresh never waits for a revocation, and there is no order of locks to get wrong.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Insert,
    LargeBinary,
    Select,
    Text,
    Update,
    and_,
    bindparam,
    insert,
    literal_column,
    null,
    select,
    update,
)

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
    code.c.created_at,
)


def hash_of(name: str) -> ColumnElement[bytes]:
    """The parameter of a name that holds bytes."""
    return bindparam(name, type_=LargeBinary)


def _asked() -> FromClause:
    """One row to join everything else to, so that a missing thing does not hide the others."""
    return select(literal_column("1").label("one")).subquery("asked")


def _asking_client() -> FromClause:
    return _asked().outerjoin(client, client.c.client_id == client_id)


def in_service(row: FromClause) -> ColumnElement[bool]:
    """The client is enabled and not suspended."""
    return and_(row.c.enabled, row.c.suspended_at.is_(None))


# --- reads ---


def read_authorize() -> Select[Any]:
    """Client, live session of the browser, the owner's active grant for the client."""
    found = (
        _asking_client()
        .outerjoin(
            owner_session,
            and_(owner_session.c.session_hash == hash_of("session_hash"), owner_session.c.expires_at > now),
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
        .outerjoin(code, and_(code.c.code_hash == hash_of("code_hash"), code.c.client_id == client_id))
        .outerjoin(consent_grant, consent_grant.c.grant_id == code.c.grant_id)
    )
    return select(*CLIENT, *CODE, code.c.killed_at, *GRANT).select_from(found)


def find_token() -> Select[Any]:
    """The asking client, the token of whatever client, its family, its grant, and whether its client is in service."""
    issued_to = client.alias("issued_to")
    found = (
        _asking_client()
        .outerjoin(token, token.c.token_hash == hash_of("token_hash"))
        .outerjoin(code, code.c.family_id == token.c.family_id)
        .outerjoin(consent_grant, consent_grant.c.grant_id == code.c.grant_id)
        .outerjoin(issued_to, issued_to.c.client_id == code.c.client_id)
    )
    return select(*CLIENT, *TOKEN, *FAMILY, *GRANT, in_service(issued_to)).select_from(found)


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
            code.c.rotated_hash == hash_of("token_hash"),
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
        in_service(client),
    )
    return insert(code).from_select(names, permitted, include_defaults=False)


def kill_family(family: ColumnElement[str] = family_id, at: ColumnElement[int] = now) -> Update:
    """Kill every token that descends from one code."""
    sound = update(code).where(code.c.family_id == family, code.c.killed_at.is_(None))
    return sound.values(killed_at=at, family_proof=null())
