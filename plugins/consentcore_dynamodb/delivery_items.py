"""Items of deliveries, and what becomes of them."""

from __future__ import annotations

from dataclasses import replace

from consentcore.api import Delivery, DeliveryState, Settlement
from consentcore_dynamodb.changes import Change, put, version
from consentcore_dynamodb.keys import (
    LISTS,
    OTHERS,
    TARGETS,
    WORK,
    Item,
    Key,
    delivery_key,
    digest,
    indexed,
    name,
    notice_key,
    place,
    shard,
)
from consentcore_dynamodb.records import DELIVERIES

LOG = "LOG"
DUE = "DUE"
DEAD = "DEAD"
MARK = "TO#"


def client_log(client_id: str) -> str:
    """The shards of deliveries that concern a client."""
    return name("LOG-OF", client_id)


def target_log(target: str) -> str:
    """The shards of deliveries to a target."""
    return name("LOG-TO", digest(target))


def mark_key(delivery: Delivery) -> Key:
    """What says that a notice has a delivery of this notifier to this target."""
    return Key(notice_key(delivery.notice_id).p, MARK + digest(delivery.notifier, delivery.target))


def new_delivery_item(delivery: Delivery, notice: Item) -> Item:
    """The first item of a delivery of a notice."""
    about = {"client_id": notice["client_id"], "kind": notice["kind"]}
    return delivery_item(delivery, {**about, "v": {"N": "0"}})


def delivery_item(delivery: Delivery, before: Item) -> Item:
    """The item of a delivery that takes the place of the one before, which knows of its notice."""
    delivery_id, made = delivery.delivery_id, place(delivery.created_at, delivery.delivery_id)
    item = {
        **DELIVERIES.write(delivery),
        **delivery_key(delivery_id).attributes,
        "client_id": before["client_id"],
        "kind": before["kind"],
        "v": {"N": str(int(before["v"]["N"]) + 1)},
        **indexed(LISTS, shard(LOG, delivery_id), made),
        **indexed(TARGETS, shard(target_log(delivery.target), delivery_id), made),
    }
    if before["client_id"]["S"]:
        log = shard(client_log(before["client_id"]["S"]), delivery_id)
        item.update(indexed(OTHERS, log, made))
    if delivery.state is DeliveryState.PENDING:
        item.update(indexed(WORK, shard(DUE, delivery_id), place(delivery.next_at, delivery_id)))
    elif delivery.state is DeliveryState.DEAD:
        item.update(indexed(WORK, shard(DEAD, delivery_id), made))
    return item


def rewriting(before: Item, delivery: Delivery) -> Change:
    """What puts a delivery in the place of the item that was read."""
    return put(delivery_item(delivery, before), version(int(before["v"]["N"])))


def settled(delivery: Delivery, settlement: Settlement) -> Delivery:
    """What a settlement makes of a delivery."""
    waits = settlement.state is DeliveryState.PENDING
    again_at = settlement.next_at if settlement.next_at is not None else settlement.now
    done = replace(
        delivery,
        state=settlement.state,
        next_at=again_at if waits else delivery.next_at,
        finished_at=None if waits else settlement.now,
        lease_until=None,
        lease_token="",
        last_error=settlement.error,
    )
    if settlement.attempt is None:
        return done
    return replace(done, before_replay=None, next_before_replay=None)


def due_again(delivery: Delivery, now: int) -> Delivery:
    """What a replay makes of a delivery."""
    first = delivery.before_replay is None
    return replace(
        delivery,
        state=DeliveryState.PENDING,
        next_at=now,
        finished_at=None,
        # The old lease, if one ran out, must not settle what is now somebody else's to send.
        lease_until=None,
        lease_token="",
        before_replay=delivery.state if first else delivery.before_replay,
        next_before_replay=delivery.next_at if first else delivery.next_before_replay,
    )


def is_leased(lease_until: int | None, now: int) -> bool:
    """Whether somebody is sending it."""
    return lease_until is not None and now < lease_until
