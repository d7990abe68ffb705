"""What operations cost in DynamoDB: played once on a storage, and counted by whoever answers it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path

from moto.dynamodb.models.dynamo_type import DynamoType

from consentcore.api import Actor, ActorType, DeliveryState, GrantState, transact
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import Scenario, populate
from consentcore.testing.storage.deliveries import Box
from consentcore_dynamodb.keys import INDEXES, SHOWN, WORK
from tests.support.dynamo import TABLE, WRITES, Service, tables, written_keys

WRITE_DOLLARS, READ_DOLLARS = 0.625, 0.125
"""A million request units on demand in us-east-1."""

DOCS = Path(__file__).parents[2] / "docs" / "dynamodb.md"


@dataclass
class Spent:
    """Request units, and how many requests they took."""

    requests: int = 0
    read: float = 0.0
    written: float = 0.0
    indexed: float = 0.0

    @property
    def dollars(self) -> float:
        """For a million operations."""
        return self.read * READ_DOLLARS + (self.written + self.indexed) * WRITE_DOLLARS

    def row(self, operation: str) -> str:
        units = " | ".join(f"{one:g}" if one else "" for one in (self.read, self.written, self.indexed))
        return f"| {operation} | {self.requests} | {units} | {self.dollars:.2f} |"


@dataclass
class Prices:
    """Plays what the table of the docs lists.

    :ivar meter: does something and says what it cost.
    """

    storage: object
    meter: Callable[[Callable[[], object]], Spent]
    found: dict[str, Spent] = field(default_factory=dict)

    def of(self, operation: str, work: Callable[[], object]) -> object:
        kept = []
        self.found[operation] = self.meter(lambda: kept.append(work()))
        return kept[0]

    def all(self) -> dict[str, Spent]:
        """By operation, in the order of the table."""
        waiting = lambda: Box(Scenario(self.storage, factories.client(), factories.owner())).waiting()  # noqa: E731
        self.of("an idle worker looks for work", waiting)
        self._tokens(populate(self.storage))
        self._consents(Scenario.begin(self.storage))
        self._deliveries(Box(populate(self.storage)))
        return self.found

    def _tokens(self, world):
        protocol, client_id = self.storage.protocol, world.client.client_id
        session = factories.session(world.owner.owner_id)
        transact(self.storage, lambda uow: uow.owners.add_session(session))
        code = factories.code(world.grant)
        redemption = factories.redemption(code)
        rotation = world.rotation(redemption.refresh.token_hash)
        asked = factories.interaction(client_id)
        self.of("authorize: look", lambda: protocol.read_authorize(client_id, session.session_hash, NOW))
        self.of("authorize: must ask", lambda: protocol.open_interaction(asked))
        self.of("authorize: remembered, code", lambda: protocol.issue_code(code))
        self.of("code → tokens", lambda: self._exchanged(client_id, code, redemption))
        self.of("introspect", lambda: protocol.find_token(client_id, redemption.access.token_hash))
        self.of("refresh", lambda: self._refreshed(client_id, rotation))
        self.of("revoke a token", lambda: protocol.kill_family(code.family_id, NOW))
        self.of("assertion used once (`private_key_jwt`)", lambda: protocol.use_once(bytes(32), NOW, NOW + 1))
        self.of("failed sign-in counted", lambda: self.storage.counters.hit("a", NOW, 1000))

    def _exchanged(self, client_id, code, redemption):
        self.storage.protocol.read_code(client_id, code.code_hash)
        return self.storage.protocol.consume_code(redemption)

    def _refreshed(self, client_id, rotation):
        self.storage.protocol.find_token(client_id, rotation.token_hash)
        return self.storage.protocol.rotate_refresh(rotation)

    def _consents(self, scenario):
        owner = Actor(ActorType.OWNER, scenario.owner.owner_id)
        grant = self.of("Approve", lambda: scenario.allow("comfort.read"))
        self.of("Authorized Applications", lambda: self._page(scenario, GrantState.ACTIVE))
        self.of("Revoke Access", lambda: scenario.revoke(grant.grant_id, owner))
        others = [one for one in GrantState if one is not GrantState.ACTIVE]
        self.of("Revoked Accesses, each grant on the page", lambda: self._page(scenario, *others))
        number = lambda uow: uow.ledger.sequence_leaves(2)  # noqa: E731
        self.of("two leaves of the ledger", lambda: transact(self.storage, number))

    def _page(self, scenario, *states):
        with self.storage.reading() as uow:
            return uow.grants.of_owner(scenario.owner.owner_id, states)

    def _deliveries(self, box):
        notice = box.add_notice()
        delivery = factories.delivery(notice.notice_id)
        made = {notice.notice_id: [delivery]}
        attempt = factories.attempt(delivery.delivery_id)
        self.of("a notice: its delivery is made", lambda: box.outbox.expand_all(made, NOW))
        (claimed,) = self.of("a delivery is claimed", box.claim)
        settle = lambda: box.settle(claimed, DeliveryState.DELIVERED, attempt=attempt)  # noqa: E731
        self.of("a delivery is settled", settle)


def table_of(found: dict[str, Spent]) -> str:
    """The rows of the table in the docs."""
    return "\n".join(one.row(operation) for operation, one in found.items())


def documented() -> str:
    """The rows that stand there."""
    rows = re.search(r"\| operation \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", DOCS.read_text())
    return rows[1].strip()


class Metered(Service):
    """Counts what DynamoDB would charge, by its rules (Developer Guide, "Read and write operations"): an item that is
    read costs a unit for each 4 kB, half of that through an index; one that is written a unit for each kB, two in a
    transaction; an entry of an index that comes, goes or changes one, since it follows later."""

    def __init__(self, client):
        super().__init__(client)
        self._spent = Spent()

    def meter(self, work):
        """What some work costs."""
        self._spent = Spent()
        work()
        spent, self._spent = self._spent, Spent()
        return spent

    def _answer(self, name, asked):
        self._spent.requests += 1
        keys = written_keys(name, asked) if name in WRITES else []
        checked = [
            one["ConditionCheck"]["Key"] for one in asked.get("TransactItems", ()) if "ConditionCheck" in one
        ]
        before = {key: _stored(key) for key in keys}
        answer = super()._answer(name, asked)
        times = 2 if name == "transact_write_items" else 1
        for key, old in before.items():
            new = _stored(key)
            self._spent.written += times * max(_units(old, 1024), _units(new, 1024))
            self._spent.indexed += sum(_entries(index, old, new) for index in INDEXES)
        for key in checked:
            self._spent.written += 2 * _units(_stored(tuple(map(DynamoType, key.values()))), 1024)
        self._spent.read += _read_units(name, asked, answer)
        return answer


class Consumed:
    """What the service itself says, with each answer, that it counted.

    :param client: of boto3.
    """

    def __init__(self, client):
        self._spent = Spent()
        client.meta.events.register("provide-client-params.dynamodb", self._ask)
        client.meta.events.register("after-call.dynamodb", self._count)

    def meter(self, work):
        """What some work costs."""
        self._spent = Spent()
        work()
        spent, self._spent = self._spent, Spent()
        return spent

    def _ask(self, params, model, **_):
        if "ReturnConsumedCapacity" in model.input_shape.members:
            params["ReturnConsumedCapacity"] = "INDEXES"

    def _count(self, parsed, model, **_):
        self._spent.requests += 1
        told = parsed.get("ConsumedCapacity") or []
        for one in told if isinstance(told, list) else [told]:
            table = one.get("Table", {}).get("CapacityUnits", 0)
            indexes = sum(each["CapacityUnits"] for each in one.get("GlobalSecondaryIndexes", {}).values())
            if model.name in {"Query", "GetItem", "BatchGetItem"}:
                self._spent.read += table + indexes
            else:
                self._spent.written += table
                self._spent.indexed += indexes


def _stored(key):
    p, s = key
    item = tables()[TABLE].items.get(p, {}).get(s)
    return None if item is None else item.to_json()["Attributes"]


def _read_units(name, asked, answer):
    if name == "get_item":
        return _units(answer.get("Item"), 4096)
    if name == "batch_get_item":
        found = answer["Responses"][TABLE]
        return (
            sum(_units(one, 4096) for one in found) + len(asked["RequestItems"][TABLE]["Keys"]) - len(found)
        )
    if name == "query":
        size = sum(map(_size, answer["Items"]))
        return max(1, ceil(size / 4096)) * (0.5 if "IndexName" in asked else 1)
    return 0


def _units(item, unit):
    return 1 if item is None else max(1, ceil(_size(item) / unit))


def _entries(index, old, new):
    """Units that an index costs when an item changes."""
    was, will_be = (
        None if one is None or index.partition not in one else _shown(index, one) for one in (old, new)
    )
    if was == will_be:
        return 0
    if was is None or will_be is None:
        return _units(was or will_be, 1024)
    moved = any(was[name] != will_be[name] for name in (index.partition, index.place))
    if moved:
        return _units(was, 1024) + _units(will_be, 1024)
    return max(_units(was, 1024), _units(will_be, 1024))


def _shown(index, item):
    names = {"p", "s", index.partition, index.place, *(SHOWN if index is WORK else ())}
    return {name: value for name, value in item.items() if name in names}


def _size(item):
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value):
    ((kind, content),) = value.items()
    if kind == "S":
        return len(content.encode())
    if kind == "N":
        return len(content.strip("-").rstrip("0")) // 2 + 2
    if kind == "B":
        return len(content)
    if kind == "L":
        return 3 + sum(1 + _value_size(one) for one in content)
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + _value_size(one) for name, one in content.items())
    return 1
