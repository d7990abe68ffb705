"""The same thing at the same time: what must happen once happens once.

Every race runs with real threads and several rounds. A conflict is always a permitted answer of a verb that
writes; the kit then tries again, as the callers do.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from consentcore.api import (
    Code,
    Consumed,
    ConsumeOutcome,
    Grace,
    Grant,
    GrantState,
    Replayed,
    Reused,
    Rotated,
    Storage,
    StorageConflict,
    UnitOfWork,
    transact,
)
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import Scenario, populate
from consentcore.testing.threads import insist, together

THREADS = 8
ROUNDS = 3


class RaceGroup:
    """Simultaneous callers of one storage object."""

    def test_code_is_consumed_by_exactly_one(self, world: Scenario) -> None:
        for _ in range(ROUNDS):
            self._consume_code_at_once(world)

    def _consume_code_at_once(self, world: Scenario) -> None:
        code = world.issue()
        redemptions = [factories.redemption(code) for _ in range(THREADS)]
        consume = world.storage.protocol.consume_code
        outcomes = together(THREADS, lambda n: insist(lambda: consume(redemptions[n])))
        assert Counter(map(type, outcomes)) == {Consumed: 1, Replayed: THREADS - 1}
        for redemption, outcome in zip(redemptions, outcomes, strict=True):
            stored = [
                world.is_live(new.token_hash) for new in (redemption.access, factories.renewal(redemption))
            ]
            assert stored == [outcome == Consumed()] * 2

    @pytest.mark.parametrize(("grace_ms", "others"), [(10_000, Grace), (0, Reused)])
    def test_refresh_token_is_rotated_by_exactly_one(
        self, world: Scenario, grace_ms: int, others: type
    ) -> None:
        for _ in range(ROUNDS):
            self._rotate_at_once(world, grace_ms, others)

    def _rotate_at_once(self, world: Scenario, grace_ms: int, others: type) -> None:
        issued = world.redeem()
        rotations = [world.rotation(issued.refresh, grace_ms=grace_ms) for _ in range(THREADS)]
        rotate = world.storage.protocol.rotate_refresh
        outcomes = together(THREADS, lambda n: insist(lambda: rotate(rotations[n])))
        assert Counter(map(type, outcomes)) == {Rotated: 1, others: THREADS - 1}
        winner = rotations[outcomes.index(Rotated())]
        for rotation in rotations:
            new = (rotation.access.token_hash, rotation.refresh.token_hash)
            assert [world.is_live(token) for token in new] == [rotation is winner] * 2
        for outcome in outcomes:
            if isinstance(outcome, Grace):
                told = (outcome.nonce, outcome.access.token_hash, outcome.refresh.token_hash)
                assert told == (winner.nonce, winner.access.token_hash, winner.refresh.token_hash)

    def test_family_is_killed_by_exactly_one(self, world: Scenario) -> None:
        for _ in range(ROUNDS):
            assert self._kill_at_once(world) == {True: 1, False: THREADS - 1}

    def _kill_at_once(self, world: Scenario) -> Counter[bool]:
        family_id, kill = world.redeem().code.family_id, world.storage.protocol.kill_family
        return Counter(together(THREADS, lambda n: insist(lambda: kill(family_id, NOW + 2000 + n))))

    def test_interaction_is_consumed_by_exactly_one(self, world: Scenario) -> None:
        for _ in range(ROUNDS):
            interaction = factories.interaction(world.client.client_id)
            world.storage.protocol.open_interaction(interaction)
            outcomes = self._consume_interaction_at_once(world.storage, interaction.interaction_hash)
            assert outcomes == {True: 1, False: THREADS - 1}

    def _consume_interaction_at_once(self, storage: Storage, key: bytes) -> Counter[bool]:
        def consume(_: int) -> bool:
            return transact(storage, lambda uow: uow.interactions.consume(key), attempts=50)

        return Counter(together(THREADS, consume))

    def test_owner_and_client_get_one_active_grant(self, storage: Storage) -> None:
        for _ in range(ROUNDS):
            world = populate(storage, state=GrantState.CLOSED)
            added = self._add_grants_at_once(world)
            assert len(added) == 1
            with storage.reading() as uow:
                assert list(uow.grants.of_owner(world.owner.owner_id, [GrantState.ACTIVE])) == added

    def _add_grants_at_once(self, world: Scenario) -> list[Grant]:
        def add(_: int) -> Grant | None:
            grant = factories.grant(world.owner.owner_id, world.client.client_id)
            try:
                with world.storage.transaction() as uow:
                    uow.grants.add(grant)
            except StorageConflict:
                return None
            return grant

        return [grant for grant in together(THREADS, add) if grant is not None]

    def test_place_in_a_chain_is_taken_by_exactly_one(self, world: Scenario) -> None:
        for sequence in range(1, ROUNDS + 1):
            assert self._append_at_once(world, sequence)[True] == 1
        with world.storage.reading() as uow:
            chain = [event.sequence for event in uow.ledger.of_grant(world.grant.grant_id)]
        assert chain == list(range(1, ROUNDS + 1))

    def _append_at_once(self, world: Scenario, sequence: int) -> Counter[bool]:
        def append(_: int) -> bool:
            try:
                with world.storage.transaction() as uow:
                    uow.ledger.append(factories.event(world.grant, sequence=sequence))
            except StorageConflict:
                return False
            return True

        return Counter(together(THREADS, append))

    @pytest.mark.parametrize("locked", [True, False])
    def test_no_change_of_a_grant_is_lost(self, world: Scenario, locked: bool) -> None:
        each = 3

        def change(uow: UnitOfWork) -> None:
            grants = uow.grants
            grant = grants.get(world.grant.grant_id, lock=locked)
            assert grant is not None
            uow.ledger.append(factories.event(grant, sequence=grant.sequence + 1))
            grants.update(replace(grant, sequence=grant.sequence + 1), expected_sequence=grant.sequence)

        def work(_: int) -> None:
            for _ in range(each):
                transact(world.storage, change, attempts=100)

        together(THREADS, work)
        with world.storage.reading() as uow:
            found = uow.grants.get(world.grant.grant_id)
            chain = [event.sequence for event in uow.ledger.of_grant(world.grant.grant_id)]
        assert found is not None
        assert found.sequence == 1 + THREADS * each
        assert chain == list(range(2, 2 + THREADS * each))

    def test_leaves_are_numbered_once(self, world: Scenario) -> None:
        count = 40
        with world.storage.transaction() as uow:
            for sequence in range(1, count + 1):
                uow.ledger.append(factories.event(world.grant, sequence=sequence))

        def work(_: int) -> int:
            total = 0
            while taken := transact(world.storage, lambda uow: uow.ledger.sequence_leaves(3), attempts=100):
                total += taken
            return total

        assert sum(together(THREADS, work)) == count
        with world.storage.reading() as uow:
            leaves = uow.ledger.leaves(0, 2 * count)
        assert [(event.leaf_index, event.sequence) for event in leaves] == [
            (index, index + 1) for index in range(count)
        ]

    def test_counter_misses_no_hit(self, storage: Storage) -> None:
        each = 10
        outcomes = together(
            THREADS,
            lambda _: [insist(lambda: storage.counters.hit("login", NOW, 60_000)) for _ in range(each)],
        )
        counts = sorted(count for per_thread in outcomes for count in per_thread)
        assert counts == list(range(1, THREADS * each + 1))
        assert storage.counters.count("login", NOW, 60_000) == THREADS * each


class ProcessGroup:
    """Two storage objects on the same data, as two processes have them (capability ``multi_process``)."""

    def test_second_process_sees_what_the_first_committed(
        self, world: Scenario, second_storage: Storage
    ) -> None:
        issued = world.redeem()
        found = second_storage.protocol.find_token(world.client.client_id, issued.access)
        assert found.is_live(NOW + 2000)
        world.end()
        found = second_storage.protocol.find_token(world.client.client_id, issued.access)
        assert not found.is_live(NOW + 3000)

    def test_code_is_consumed_in_exactly_one_process(self, world: Scenario, second_storage: Storage) -> None:
        storages = (world.storage, second_storage)
        for _ in range(ROUNDS):
            code = world.issue()
            outcomes = self._consume_at_once(storages, code)
            assert Counter(map(type, outcomes)) == {Consumed: 1, Replayed: THREADS - 1}

    @staticmethod
    def _consume_at_once(storages: tuple[Storage, ...], code: Code) -> list[ConsumeOutcome]:
        def consume(number: int) -> ConsumeOutcome:
            redemption = factories.redemption(code)
            return insist(lambda: storages[number % 2].protocol.consume_code(redemption))

        return together(THREADS, consume)

    def test_counters_count_across_processes(self, storage: Storage, second_storage: Storage) -> None:
        storages = (storage, second_storage)
        together(THREADS, lambda n: insist(lambda: storages[n % 2].counters.hit("login", NOW, 60_000)))
        assert second_storage.counters.count("login", NOW, 60_000) == THREADS

    def test_migrations_of_two_processes_do_not_disturb_each_other(
        self, storage: Storage, second_storage: Storage
    ) -> None:
        storages = (storage, second_storage)
        together(4, lambda n: storages[n % 2].migrate())
        assert [list(one.check()) for one in storages] == [[], []]
