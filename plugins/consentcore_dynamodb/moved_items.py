"""What becomes of a record that moves in: its item, and those that say where it is found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import singledispatch
from typing import Any

from consentcore.api import (
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
    KeptToken,
    LogObject,
    Moved,
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
from consentcore_dynamodb.clients import client_item, endpoint_item, logo_key
from consentcore_dynamodb.delivery_items import mark_key, new_delivery_item
from consentcore_dynamodb.disclosures import disclosure_key
from consentcore_dynamodb.feed import feed_key, placed
from consentcore_dynamodb.grants import grant_item, listed_item
from consentcore_dynamodb.identities import identity_key
from consentcore_dynamodb.interactions import interaction_item
from consentcore_dynamodb.keys import (
    WORK,
    Item,
    Key,
    delivery_key,
    event_key,
    key_of,
    lifetime,
    notice_key,
    number,
    owner_key,
    without,
)
from consentcore_dynamodb.ledger import (
    COUNT,
    checkpoint_key,
    event_item,
    event_pointer,
    leaf_key,
    snapshot_key,
    tombstone_key,
    waiting_event_item,
)
from consentcore_dynamodb.notices import listed_for_client, notice_item, tells_client
from consentcore_dynamodb.one_time_use import pushed_item, used_item
from consentcore_dynamodb.owners import email_item, owner_item, password_item, session_item, session_mark
from consentcore_dynamodb.pinned_scopes import pinned_item
from consentcore_dynamodb.records import (
    ATTEMPTS,
    CHECKPOINTS,
    DISCLOSURES,
    IDENTITIES,
    LOG_OBJECTS,
    LOGOS,
    SNAPSHOTS,
    TOMBSTONES,
)
from consentcore_dynamodb.registration_tokens import registration_token_item
from consentcore_dynamodb.tickets import ticket_item, ticket_mark
from consentcore_dynamodb.tlog import object_key
from consentcore_dynamodb.token_items import kept_items, kept_token_item
from consentcore_dynamodb.uses import use_item

Known = Mapping[Key, Item]
ALONE: dict[type, Callable[[Any], Item]] = {
    Client: client_item,
    ClientLogo: lambda one: {**LOGOS.write(one), **logo_key(one.client_id).attributes},
    WebhookEndpoint: endpoint_item,
    OwnerPassword: lambda one: password_item(one.owner_id, one.encoded),
    Interaction: interaction_item,
    PushedRequest: pushed_item,
    OneUse: lambda one: used_item(one.key_hash, one.expires_at),
    GrantUse: lambda one: use_item(one.grant_id, one.used_at),
    NoticeSnapshot: lambda one: {**SNAPSHOTS.write(one), **snapshot_key(one.snapshot_hash).attributes},
    Disclosure: lambda one: {**DISCLOSURES.write(one), **disclosure_key(one.digest).attributes},
    Tombstone: lambda one: {**TOMBSTONES.write(one), **tombstone_key(one.subject).attributes},
    Checkpoint: lambda one: {**CHECKPOINTS.write(one), **checkpoint_key(one.size).attributes},
    LogObject: lambda one: {**LOG_OBJECTS.write(one), **object_key(one.path).attributes},
    PinnedScope: pinned_item,
    KeptToken: kept_token_item,
    Attempt: lambda one: {
        **ATTEMPTS.write(one),
        **Key(delivery_key(one.delivery_id).p, number(one.number)).attributes,
    },
}
"""Records that are one item."""


def items_of(record: Moved, known: Known) -> Iterable[tuple[Key, Item]]:
    """The items of a record by their keys.

    :param known: what it names, see :func:`named_by`.
    """
    alone = ALONE.get(type(record))
    made = [alone(record)] if alone is not None else _several(record, known)
    return ((key_of(item), item) for item in made)


def named_by(records: Iterable[Moved]) -> Iterator[Key]:
    """Items of other records that decide what becomes of these."""
    for one in records:
        if isinstance(one, KeptNotice):
            yield event_key(one.notice.notice_id)
        elif isinstance(one, Delivery):
            yield notice_key(one.notice_id)


def counted(records: Sequence[Moved]) -> dict[tuple[Key, str], int]:
    """What counts further by these records, and how far at least: by the key of its item and the attribute."""
    found: dict[tuple[Key, str], int] = {}
    for one in records:
        if isinstance(one, ConsentEvent) and one.leaf_index is not None:
            at, count = (COUNT, "size"), one.leaf_index + 1
        elif isinstance(one, KeptNotice) and one.place is not None:
            at, count = (feed_key(one.notice.client_id), "places"), one.place
        else:
            continue
        found[at] = max(count, found.get(at, 0))
    return found


@singledispatch
def _several(record: Moved, _known: Known) -> list[Item]:
    raise TypeError(f"nothing says how a {type(record).__name__} is kept")


@_several.register
def _(record: Owner, _known: Known) -> list[Item]:
    return [owner_item(record), email_item(record)]


@_several.register
def _(record: OwnerIdentity, _known: Known) -> list[Item]:
    key = identity_key(record.issuer, record.subject)
    return [{**IDENTITIES.write(record), **key.attributes}, owner_key(record.owner_id, key.p).attributes]


@_several.register
def _(record: OwnerSession, _known: Known) -> list[Item]:
    mark = session_mark(record.owner_id, record.session_hash)
    return [session_item(record), {**mark.attributes, **lifetime(record.expires_at)}]


@_several.register
def _(record: OwnerTicket, _known: Known) -> list[Item]:
    return [ticket_item(record), {**ticket_mark(record).attributes, **lifetime(record.expires_at)}]


@_several.register
def _(record: InitialAccessToken, _known: Known) -> list[Item]:
    return [registration_token_item(record)]


@_several.register
def _(record: Grant, _known: Known) -> list[Item]:
    return [grant_item(record), listed_item(record)]


@_several.register
def _(record: ConsentEvent, _known: Known) -> list[Item]:
    pointer = event_pointer(record)
    mark = {**event_key(record.event_id).attributes, **pointer}
    if record.leaf_index is None:
        return [waiting_event_item(record), mark]
    return [event_item(record), mark, {**leaf_key(record.leaf_index).attributes, **pointer}]


@_several.register
def _(record: KeptCode, _known: Known) -> list[Item]:
    return kept_items(record)


@_several.register
def _(record: KeptNotice, known: Known) -> list[Item]:
    notice, item = record.notice, notice_item(record.notice)
    if record.expanded_at is not None:
        item = {**without(item, WORK), "expanded_at": {"N": str(record.expanded_at)}}
    if record.place is not None:
        item.update(placed(notice.client_id, record.place))
    elif tells_client(notice) and event_key(notice.notice_id) in known:
        item.update(listed_for_client(notice))
    return [item]


@_several.register
def _(record: Delivery, known: Known) -> list[Item]:
    notice = known[notice_key(record.notice_id)]
    mark = {**mark_key(record).attributes, "delivery_id": {"S": record.delivery_id}}
    return [new_delivery_item(record, notice), mark]
