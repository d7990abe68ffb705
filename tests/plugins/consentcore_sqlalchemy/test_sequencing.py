"""Events get their places oldest first, and however many wait, a batch costs what a batch costs."""

from __future__ import annotations

import random

from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import populate
from tests.support.postgres import storage_at


def _wait(storage, events):
    with storage.transaction() as uow:
        for event in events:
            uow.ledger.append(event)


def _sequenced(storage, limit):
    """Take batches until nothing waits; grant and number of each, in the order of the log."""
    taken = []
    while not taken or taken[-1]:
        with storage.transaction() as uow:
            taken.append(uow.ledger.sequence_leaves(limit))
    with storage.reading() as uow:
        leaves = uow.ledger.leaves(0, 1000)
    assert [event.leaf_index for event in leaves] == list(range(sum(taken)))
    return [(event.grant_id, event.sequence) for event in leaves]


def _by_age(events):
    """The order that is promised, by its own words: an event is as old as the youngest before it in its chain."""
    ages, order = {}, []
    for event in sorted(events, key=lambda event: (event.grant_id, event.sequence)):
        ages[event.grant_id] = max(ages.get(event.grant_id, 0), event.occurred_at)
        order.append((ages[event.grant_id], event.grant_id, event.sequence))
    return [(grant_id, sequence) for _, grant_id, sequence in sorted(order)]


def test_oldest_come_first_and_chains_keep_their_order_under_skewed_clocks(world, storage):
    dice = random.Random(11)
    events = [
        factories.event(
            world.grant, grant_id=f"g{grant:02}", sequence=number, occurred_at=NOW + number + skew
        )
        for grant in range(20)
        for number in range(1, 6)
        for skew in [dice.choice([0, 0, 0, -40, 3, 7])]
    ]
    dice.shuffle(events)
    _wait(storage, events)
    assert _sequenced(storage, 7) == _by_age(events)


def test_event_of_a_clock_far_ahead_holds_up_its_own_chain_only(world, storage):
    ahead = factories.event(world.grant, grant_id="a", sequence=1, occurred_at=NOW + 10**9)
    behind = [
        factories.event(world.grant, grant_id="a", sequence=number, occurred_at=NOW + number)
        for number in range(2, 60)
    ]
    others = [
        factories.event(world.grant, grant_id=f"b{number:02}", occurred_at=NOW + 100 + number)
        for number in range(20)
    ]
    _wait(storage, [*behind, ahead, *others])
    found = _sequenced(storage, 3)
    assert found == [(f"b{number:02}", 1) for number in range(20)] + [("a", n) for n in range(1, 60)]


def test_batch_costs_the_same_however_many_events_wait(tmp_path):
    assert _steps(tmp_path / "many", 4000) < 1.5 * _steps(tmp_path / "few", 400)


def _steps(folder, waiting):
    """How much SQLite works for one batch of 100, in hundreds of its instructions."""
    storage = storage_at(f"sqlite:///{folder}/consentcore.sqlite")
    storage.migrate()
    world = populate(storage)
    events = (
        factories.event(
            world.grant, grant_id=f"g{number % 300:03}", sequence=number // 300 + 1, occurred_at=at
        )
        for number in range(waiting)
        for at in [NOW + number]
    )
    _wait(storage, events)
    steps = []
    with storage.transaction() as uow:
        driver = uow.ledger._work._connect().connection.driver_connection
        driver.set_progress_handler(lambda: steps.append(1), 100)
        assert uow.ledger.sequence_leaves(100) == 100
        driver.set_progress_handler(None, 0)
    storage.close()
    return len(steps)
