"""What people and applications do all day, on rows picked at random among all there are.

Each is what the product asks of its storage for it, without the HTTP around it, which does not grow.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from bench.growth import filling
from bench.servers import Failed
from consentcore.consent.owner_grants import OwnerGrants
from consentcore.domain.exchange import Consumed, Rotated
from consentcore.domain.notice import DeliveryState
from consentcore.domain.parties import Actor, ActorType
from consentcore.ports.deliveries import Settlement
from consentcore.ports.storage import transact
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import Scenario

if TYPE_CHECKING:
    from consentcore.domain.exchange import Redemption, Rotation
    from consentcore.domain.notice import Delivery
    from consentcore.domain.owner import Owner
    from consentcore.ports.storage import Storage
    from consentcore.ports.transactions import UnitOfWork

SEED = 1
LEASE_MS = 60_000
CLAIMED = 50
Call = Callable[[], object]


@dataclass(frozen=True)
class House:
    """A filled database, through the product's own storage."""

    name: str
    storage: Storage
    size: filling.Size


Prepare = Callable[[House, random.Random], Iterator[Call]]
"""Gives calls to be measured, one after the other; what it does in between is not."""


def introspect(house: House, chance: random.Random) -> Iterator[Call]:
    """An API asks of any token."""
    while True:
        number = chance.randrange(house.size.tokens)
        client = _client_of(house, number // filling.TOKENS_OF_A_FAMILY)
        yield partial(_introspect, house.storage, client, filling.token_hash(number))


def _introspect(storage: Storage, client_id: str, token_hash: bytes) -> None:
    _demand(storage.protocol.find_token(client_id, token_hash).token is not None)


def authorize(house: House, chance: random.Random) -> Iterator[Call]:
    """A browser that nobody is signed in with comes with an authorization request."""
    while True:
        client = filling.client_id(chance.randrange(house.size.grants))
        yield partial(house.storage.protocol.read_authorize, client, factories.random_hash(), NOW)


def refresh(house: House, chance: random.Random) -> Iterator[Call]:
    """An application renews."""
    for family in _different(house.size.families, chance):
        last = (family + 1) * filling.TOKENS_OF_A_FAMILY - 1
        client = _client_of(house, family)
        yield partial(_refresh, house.storage, factories.rotation(filling.token_hash(last), client))


def _refresh(storage: Storage, rotation: Rotation) -> None:
    _demand(storage.protocol.rotate_refresh(rotation) == Rotated())


def exchange(house: House, chance: random.Random) -> Iterator[Call]:
    """An application exchanges a code."""
    while True:
        number = chance.randrange(house.size.grants)
        grant = factories.grant(
            filling.owner_id(number), filling.client_id(number), grant_id=filling.grant_id(number)
        )
        code = factories.code(grant)
        _demand(house.storage.protocol.issue_code(code))
        yield partial(_exchange, house.storage, factories.redemption(code))


def _exchange(storage: Storage, redemption: Redemption) -> None:
    _demand(storage.protocol.consume_code(redemption) == Consumed())


def revoke_token(house: House, chance: random.Random) -> Iterator[Call]:
    """An application gives a token back (RFC 7009)."""
    for family in _different(house.size.families, chance):
        yield partial(_revoke_token, house.storage, filling.family_id(family))


def _revoke_token(storage: Storage, family_id: str) -> None:
    _demand(storage.protocol.kill_family(family_id, NOW))


def revoke_access(house: House, _chance: random.Random) -> Iterator[Call]:
    """Somebody presses Proceed, on a consent that was given a moment ago."""
    with house.storage.reading() as uow:
        client = uow.clients.get(filling.client_id(0))
    assert client is not None
    while True:
        owner = factories.owner()
        transact(house.storage, partial(_add_owner, owner))
        scenario = Scenario(house.storage, client, owner)
        grant = scenario.allow("comfort.read")
        yield partial(scenario.revoke, grant.grant_id, Actor(ActorType.OWNER, owner.owner_id))


def _add_owner(owner: Owner, uow: UnitOfWork) -> None:
    uow.owners.add(owner)


def dashboard(house: House, chance: random.Random) -> Iterator[Call]:
    """Somebody looks at their authorized applications."""
    while True:
        yield partial(_dashboard, house.storage, filling.owner_id(chance.randrange(house.size.grants)))


def _dashboard(storage: Storage, owner_id: str) -> None:
    with storage.reading() as uow:
        grants = OwnerGrants(uow, owner_id, NOW)
        live = grants.live()
        grants.last_used(live)
        _demand(uow.owners.get(owner_id) is not None)
        _demand(len(uow.ledger.of_grants([one.grant_id for one in live])) > 0)


def history(house: House, chance: random.Random) -> Iterator[Call]:
    """Somebody reads their history."""
    while True:
        yield partial(_history, house.storage, filling.owner_id(chance.randrange(house.size.grants)))


def _history(storage: Storage, owner_id: str) -> None:
    with storage.reading() as uow:
        _demand(len(uow.ledger.of_owner(owner_id, limit=20)) > 0)


def claim(house: House, _chance: random.Random) -> Iterator[Call]:
    """A worker looks, and claims; what it has claimed waits again afterwards."""
    while True:
        claimed: list[Delivery] = []
        yield partial(_claim, house.storage, claimed)
        back = (
            Settlement(one.delivery_id, one.lease_token, DeliveryState.PENDING, NOW, next_at=NOW)
            for one in claimed
        )
        house.storage.outbox.settle_all(list(back))


def _claim(storage: Storage, claimed: list[Delivery]) -> None:
    _demand(storage.outbox.waiting(NOW, lease_ms=LEASE_MS, notifiers=["webhook"]))
    claimed += storage.outbox.claim_deliveries(NOW, limit=CLAIMED, lease_ms=LEASE_MS, notifiers=["webhook"])
    _demand(len(claimed) == CLAIMED)


OPERATIONS: Mapping[str, Prepare] = {
    "authorize": authorize,
    "exchange": exchange,
    "introspect": introspect,
    "refresh": refresh,
    "revoke a token": revoke_token,
    "revoke access": revoke_access,
    "dashboard": dashboard,
    "history": history,
    "claim": claim,
}


def _client_of(house: House, family: int) -> str:
    return filling.client_id(filling.grant_of_family(family, house.size))


def _different(count: int, chance: random.Random) -> Iterator[int]:
    """Numbers below ``count`` at random, each once."""
    seen: set[int] = set()
    while len(seen) < count:
        number = chance.randrange(count)
        if number not in seen:
            seen.add(number)
            yield number


def _demand(done: bool) -> None:
    if not done:
        raise Failed("what was filled in was not found as it was filled in")
