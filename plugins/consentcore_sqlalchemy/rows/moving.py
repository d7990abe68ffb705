"""Rows of what is kept, as it moves to another storage: which table and columns make which record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import LargeBinary, Select, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from consentcore.api import (
    MOVED,
    Attempt,
    Checkpoint,
    Client,
    ClientLogo,
    ConsentEvent,
    Delivery,
    Disclosure,
    Grant,
    GrantUse,
    InitialAccessToken,
    Interaction,
    KeptCode,
    KeptNotice,
    KeptRotation,
    KeptToken,
    LogObject,
    NoticeSnapshot,
    OneUse,
    Owner,
    OwnerIdentity,
    OwnerPassword,
    OwnerSession,
    OwnerTicket,
    PinnedScope,
    PushedRequest,
    Tombstone,
    WebhookEndpoint,
)
from consentcore_sqlalchemy import tables as t
from consentcore_sqlalchemy.lookups import token_from
from consentcore_sqlalchemy.rows.clients import CLIENTS, ENDPOINTS, LOGOS
from consentcore_sqlalchemy.rows.common import Row, Values, texts_json
from consentcore_sqlalchemy.rows.deliveries import ATTEMPTS, DELIVERIES
from consentcore_sqlalchemy.rows.grants import GRANTS
from consentcore_sqlalchemy.rows.identities import IDENTITIES
from consentcore_sqlalchemy.rows.interactions import INTERACTIONS
from consentcore_sqlalchemy.rows.ledger import (
    CHECKPOINTS,
    DISCLOSURES,
    EVENTS,
    FIRST_COPY,
    SNAPSHOT,
    SNAPSHOTS,
    TOMBSTONES,
)
from consentcore_sqlalchemy.rows.notices import NOTICE, NOTICES
from consentcore_sqlalchemy.rows.one_time_use import PUSHED_REQUESTS
from consentcore_sqlalchemy.rows.owners import OWNER, OWNERS, SESSIONS
from consentcore_sqlalchemy.rows.pinned_scopes import PINNED_SCOPES
from consentcore_sqlalchemy.rows.records import Records, named
from consentcore_sqlalchemy.rows.registration_tokens import REGISTRATION_TOKENS
from consentcore_sqlalchemy.rows.tickets import TICKETS
from consentcore_sqlalchemy.rows.tlog import OBJECTS
from consentcore_sqlalchemy.rows.tokens import CODE, CODES, code_values
from consentcore_sqlalchemy.statements import FAMILY, TOKEN

if TYPE_CHECKING:
    from sqlalchemy import Table, Update


@dataclass(frozen=True)
class Kind:
    """How records of a kind are read and written.

    :ivar table: whose primary key gives the order.
    :ivar rows: selects what a record is made of; the columns of the primary key are among it.
    :ivar read: makes the record of a row.
    :ivar values: makes the columns of the record; None where another kind has the row.
    :ivar beside: changes that belong to some records, in other rows.
    """

    table: Table
    rows: Select[Any]
    read: Callable[[Row], Any]
    values: Callable[[Any], Values] | None
    beside: Sequence[tuple[Update, Callable[[Any], Values | None]]] = ()


def _plain(table: Table, records: Records[Any], columns: Sequence[Any] = ()) -> Kind:
    return Kind(table, select(*(columns or table.c)), records.read, records.values)


_KILLED = len(CODE)
_TOKEN = len(TOKEN)
_ROTATION = _TOKEN + len(FAMILY)
_Family = named(FAMILY)


def _code(row: Row) -> KeptCode:
    return KeptCode(CODES.read(row[:_KILLED]), row[_KILLED])


def _token(row: Row) -> KeptToken:
    found = token_from(row[:_TOKEN], _Family._make(row[_TOKEN:_ROTATION]))
    bare = replace(found, nonce=None, nonce_key_id="")
    if found.nonce is None:
        return KeptToken(bare)
    successor, access, until, sealed = row[_ROTATION:]
    return KeptToken(
        bare, KeptRotation(successor, access, until, found.nonce, found.nonce_key_id, sealed or b"")
    )


_TOKEN_FORMS: dict[str, Callable[[Any], Any]] = {
    "kind": lambda kind: kind.value,
    "scopes": texts_json,
    "audience": texts_json,
    "authorization_details": texts_json,
    "seal": lambda seal: seal or None,
}


def _token_values(record: KeptToken) -> Values:
    found = {column.name: getattr(record.token, column.name) for column in TOKEN}
    return found | {name: write(found[name]) for name, write in _TOKEN_FORMS.items()}


def _end_values(record: KeptToken) -> Values:
    return {"family": record.token.family_id, "until": record.token.expires_at}


def _rotation_values(record: KeptToken) -> Values | None:
    found = record.rotation
    if found is None:
        return None
    return {
        "family": record.token.family_id,
        "rotated": record.token.token_hash,
        "successor": found.successor_hash,
        "access": found.access_hash,
        "grace": found.grace_until,
        "random": found.nonce,
        "random_key": found.nonce_key_id,
        "sealed": found.sealed_access or None,
    }


def _bytes(name: str) -> Any:
    return bindparam(name, type_=LargeBinary)


_PASSWORD = (
    update(t.owner)
    .where(t.owner.c.owner_id == bindparam("theirs"))
    .values(password_hash=bindparam("encoded"))
)
_OF_FAMILY = t.code.c.family_id == bindparam("family")
_LIVES_LONGER = (
    update(t.code).where(_OF_FAMILY, t.code.c.ends_at < bindparam("until")).values(ends_at=bindparam("until"))
)
_ROTATED = (
    update(t.code)
    .where(_OF_FAMILY)
    .values(
        rotated_hash=_bytes("rotated"),
        successor_hash=_bytes("successor"),
        access_hash=_bytes("access"),
        grace_until=bindparam("grace"),
        nonce=_bytes("random"),
        nonce_key_id=bindparam("random_key"),
        sealed_access=_bytes("sealed"),
    )
)
_FAMILIES = t.token.join(t.code, t.code.c.family_id == t.token.c.family_id)

KINDS: dict[type, Kind] = {
    Client: _plain(t.client, CLIENTS),
    ClientLogo: _plain(t.client_logo, LOGOS),
    WebhookEndpoint: _plain(t.webhook_endpoint, ENDPOINTS),
    Owner: _plain(t.owner, OWNERS, OWNER),
    OwnerPassword: Kind(
        t.owner,
        select(t.owner.c.owner_id, t.owner.c.password_hash).where(t.owner.c.password_hash.is_not(None)),
        lambda row: OwnerPassword(*row),
        None,
        ((_PASSWORD, lambda one: {"theirs": one.owner_id, "encoded": one.encoded}),),
    ),
    OwnerIdentity: _plain(t.owner_identity, IDENTITIES),
    OwnerSession: _plain(t.owner_session, SESSIONS),
    OwnerTicket: _plain(t.owner_ticket, TICKETS),
    Interaction: _plain(t.interaction, INTERACTIONS),
    PushedRequest: _plain(t.pushed_request, PUSHED_REQUESTS),
    OneUse: _plain(t.used_once, Records(OneUse, t.used_once.c)),
    Grant: _plain(t.consent_grant, GRANTS),
    GrantUse: _plain(t.grant_use, Records(GrantUse, t.grant_use.c)),
    NoticeSnapshot: Kind(
        t.notice_snapshot,
        select(*SNAPSHOT, t.notice_snapshot.c.copy).where(FIRST_COPY),
        lambda row: SNAPSHOTS.read(row[:-1]),
        lambda one: {**SNAPSHOTS.values(one), "copy": ""},
    ),
    Disclosure: _plain(t.disclosure, DISCLOSURES),
    Tombstone: _plain(t.tombstone, TOMBSTONES),
    ConsentEvent: _plain(t.consent_event, EVENTS),
    Checkpoint: _plain(t.checkpoint, CHECKPOINTS),
    LogObject: _plain(t.log_object, OBJECTS),
    PinnedScope: _plain(t.pinned_scope, PINNED_SCOPES),
    InitialAccessToken: _plain(t.registration_token, REGISTRATION_TOKENS),
    KeptCode: Kind(
        t.code,
        select(*CODE, t.code.c.killed_at),
        _code,
        lambda one: {**code_values(one.code), "killed_at": one.killed_at},
    ),
    KeptToken: Kind(
        t.token,
        select(
            *TOKEN,
            *FAMILY,
            t.code.c.successor_hash,
            t.code.c.access_hash,
            t.code.c.grace_until,
            t.code.c.sealed_access,
        ).select_from(_FAMILIES),
        _token,
        _token_values,
        ((_LIVES_LONGER, _end_values), (_ROTATED, _rotation_values)),
    ),
    KeptNotice: Kind(
        t.notice,
        select(*NOTICE, t.notice.c.expanded_at, t.notice.c.feed_index),
        lambda row: KeptNotice(NOTICES.read(row[:-2]), *row[-2:]),
        lambda one: {
            **NOTICES.values(one.notice),
            "expanded_at": one.expanded_at,
            "feed_index": one.place,
        },
    ),
    Delivery: _plain(t.delivery, DELIVERIES),
    Attempt: _plain(t.delivery_attempt, ATTEMPTS),
}
assert list(KINDS) == list(MOVED.values()), "one after the other, as they are written"


def storing(kind: Kind, names: Sequence[str], *, is_sqlite: bool) -> Any:
    """The statement that stores a row of these columns, in place of what is there under its key."""
    table, keys = kind.table, [column.name for column in kind.table.primary_key]
    new: Any = (sqlite.insert if is_sqlite else postgresql.insert)(table)
    new = new.values({name: bindparam(name, type_=table.c[name].type) for name in names})
    rest = {name: new.excluded[name] for name in names if name not in keys}
    return new.on_conflict_do_update(index_elements=keys, set_=rest)
