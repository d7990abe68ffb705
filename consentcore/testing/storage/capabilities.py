"""What a storage declares in its ``StorageCapabilities`` holds, and what it does not declare is not asked of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from transaction import TransactionManager

from consentcore.api import (
    Delivery,
    DeliveryState,
    Settlement,
    Storage,
    StorageCapabilities,
    UnitOfWork,
    transact,
)
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import Scenario, populate
from consentcore.testing.storage.base import needs
from consentcore.testing.storage.deliveries import Box
from consentcore.testing.storage.transactions import WRITES, Changes

MOST = 40
"""Things of one commit in these tests, where a storage takes more."""


class _Fails(list[Delivery]):
    """Breaks off when somebody goes through it, behind its first."""

    def __iter__(self) -> Iterator[Delivery]:
        yield self[0]
        raise _Broken


class _FailsSettling(list[Settlement]):
    """The same with settlements."""

    def __iter__(self) -> Iterator[Settlement]:
        yield self[0]
        raise _Broken


class _Broken(Exception):
    """What goes wrong in the middle."""


class CapabilityGroup:
    """:class:`consentcore.api.StorageCapabilities`, and batches."""

    @pytest.fixture
    def changes(self, world: Scenario) -> Changes:
        return Changes(world)

    @pytest.fixture
    def box(self, world: Scenario) -> Box:
        return Box(world)

    @pytest.fixture
    def size(self, storage: Storage) -> int:
        """As many things as go into one commit."""
        return storage.capabilities.fits(MOST)

    def test_capabilities_are_known_and_stay(self, storage: Storage) -> None:
        assert isinstance(storage.capabilities, StorageCapabilities)
        assert storage.capabilities == storage.capabilities

    @needs("snapshot_reads")
    def test_view_is_of_the_moment_of_its_first_look(self, storage: Storage) -> None:
        """Whatever it looks at first; also what it has not looked at yet: a store that remembers what it has read would
        not do."""
        for leaves, first in enumerate((kind for kind in WRITES if kind != "code"), start=1):
            changes = Changes(populate(storage), leaves=leaves)
            with storage.reading() as uow:
                writer = self._changed_behind(storage, changes, uow, first)
                assert changes.seen_in(uow) == set(), f"the first look was at: {first}"
            writer.join(30.0)
            assert changes.seen() == set(WRITES), f"the first look was at: {first}"

    @needs("snapshot_reads")
    def test_joined_for_reading_it_is_of_one_moment_too(self, storage: Storage, changes: Changes) -> None:
        manager = TransactionManager(explicit=True)
        manager.begin()
        try:
            uow = storage.join(manager, write=False)
            writer = self._changed_behind(storage, changes, uow, "client")
            assert changes.seen_in(uow) == set()
        finally:
            manager.abort()
        writer.join(30.0)
        assert changes.seen() == set(WRITES)

    def _changed_behind(
        self, storage: Storage, changes: Changes, uow: UnitOfWork, first: str
    ) -> threading.Thread:
        """Look at one thing, then let somebody else change all of them."""
        assert not changes.sees(uow, first)
        writer = threading.Thread(target=lambda: transact(storage, changes.write_all), daemon=True)
        writer.start()
        # A store may let the writer wait instead: then it commits when the view is closed.
        writer.join(1.0)
        return writer

    def test_as_many_notices_as_fit_are_expanded_in_one_call(self, box: Box, size: int) -> None:
        notices = [box.add_notice() for _ in range(size // 2)]
        made = {one.notice_id: [factories.delivery(one.notice_id)] for one in notices}
        assert box.outbox.expand_all(made, NOW) == len(notices)
        assert len(box.log.deliveries()) == len(notices)

    def test_notice_with_more_deliveries_than_fit_is_expanded_alone(self, box: Box, size: int) -> None:
        notice = box.add_notice()
        deliveries = [factories.delivery(notice.notice_id) for _ in range(size + 7)]
        assert box.outbox.expand_all({notice.notice_id: deliveries}, NOW) == 1
        assert len(box.log.deliveries(notice_id=notice.notice_id)) == size + 7
        assert list(box.outbox.unexpanded(10)) == []

    def test_as_many_settlements_as_fit_are_stored_in_one_call(self, box: Box, size: int) -> None:
        settled = self._settlements(box, size)
        assert list(box.outbox.settle_all(settled)) == [True] * size
        assert len(box.log.deliveries(state=DeliveryState.DELIVERED)) == size

    def test_as_many_leaves_as_fit_are_sequenced_with_a_checkpoint(self, world: Scenario, size: int) -> None:
        for number in range(size):
            with world.storage.transaction() as uow:
                uow.ledger.append(factories.event(world.grant, sequence=number + 1))

        def work(uow: UnitOfWork) -> int:
            done = uow.ledger.sequence_leaves(size - 1)
            uow.ledger.add_checkpoint(factories.checkpoint(size=done))
            return done

        assert transact(world.storage, work) == size - 1

    def test_expansion_that_breaks_off_leaves_nothing(self, box: Box) -> None:
        notices = [box.add_notice(occurred_at=NOW + number) for number in range(3)]
        made = {one.notice_id: [factories.delivery(one.notice_id) for _ in range(2)] for one in notices}
        made[notices[1].notice_id] = _Fails(made[notices[1].notice_id])
        with suppress(_Broken):
            box.outbox.expand_all(made, NOW)
            pytest.fail("the storage has not looked at what it was given")
        assert list(box.outbox.unexpanded(10)) == notices
        assert list(box.log.deliveries()) == []

    def test_settling_that_breaks_off_leaves_nothing(self, box: Box) -> None:
        settled = self._settlements(box, 3)
        with suppress(_Broken):
            box.outbox.settle_all(_FailsSettling(settled))
            pytest.fail("the storage has not looked at what it was given")
        assert len(box.log.deliveries(state=DeliveryState.PENDING)) == 3
        assert list(box.outbox.settle_all(settled)) == [True] * 3

    @needs("snapshot_reads")
    def test_batch_is_seen_whole_or_not_at_all(self, box: Box, size: int) -> None:
        settled = self._settlements(box, size)
        assert self._counts_while(box, lambda: box.outbox.settle_all(settled)) <= {0, size}

    def _settlements(self, box: Box, count: int) -> list[Settlement]:
        """Settlements of so many claimed deliveries, with their attempts."""
        for number in range(count):
            box.add(target=f"endpoint-{number}")
        claimed = box.claim(limit=count)
        assert len(claimed) == count
        return [
            Settlement(
                one.delivery_id,
                one.lease_token,
                DeliveryState.DELIVERED,
                NOW + 1,
                attempt=factories.attempt(one.delivery_id),
            )
            for one in claimed
        ]

    def _counts_while(self, box: Box, work: Callable[[], object]) -> set[int]:
        """How many deliveries were seen as delivered at any moment while something works."""
        seen: set[int] = set()
        worker = threading.Thread(target=work, daemon=True)
        worker.start()
        until = time.monotonic() + 30
        while worker.is_alive() and time.monotonic() < until:
            seen.add(len(box.log.deliveries(state=DeliveryState.DELIVERED, limit=1000)))
        worker.join(30.0)
        return seen
