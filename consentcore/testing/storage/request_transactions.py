"""The same inside the transaction of a request, which somebody else begins and ends."""

from __future__ import annotations

from typing import Any

import pytest
import transaction

from consentcore.api import GrantState, Storage
from consentcore.testing.scenario import Scenario, populate
from consentcore.testing.storage.transactions import WRITES, Changes, Refusal, and_refuse


class Veto:
    """Another participant of the transaction, which says no at the vote."""

    transaction_manager: Any = None

    def tpc_vote(self, _transaction: object) -> None:
        raise Refusal

    def sortKey(self) -> str:  # noqa: N802 - the library's name
        return "a participant"

    def abort(self, _transaction: object) -> None:
        pass

    tpc_begin = commit = tpc_finish = tpc_abort = abort


class JoinGroup:
    """join(): the same inside the transaction of a request."""

    @pytest.fixture
    def changes(self, world: Scenario) -> Changes:
        return Changes(world)

    @pytest.fixture
    def tm(self) -> Any:
        return transaction.TransactionManager(explicit=True)

    def test_commit_of_the_manager_keeps_everything(
        self, storage: Storage, changes: Changes, tm: Any
    ) -> None:
        with tm:
            changes.write_all(storage.join(tm, write=True))
        assert changes.seen() == set(WRITES)

    @pytest.mark.parametrize("kind", WRITES)
    def test_single_write_survives_the_commit(
        self, storage: Storage, changes: Changes, tm: Any, kind: str
    ) -> None:
        with tm:
            changes.write(storage.join(tm, write=True), kind)
        assert changes.seen() == {kind}

    def test_abort_of_the_manager_leaves_nothing(self, storage: Storage, changes: Changes, tm: Any) -> None:
        tm.begin()
        changes.write_all(storage.join(tm, write=True))
        tm.abort()
        assert changes.seen() == set()

    def test_error_in_the_request_leaves_nothing(self, storage: Storage, changes: Changes, tm: Any) -> None:
        with pytest.raises(Refusal), tm:
            and_refuse(changes.write_all, storage.join(tm, write=True))
        assert changes.seen() == set()

    def test_veto_of_another_participant_leaves_nothing(
        self, storage: Storage, changes: Changes, tm: Any
    ) -> None:
        # Sorts early: a storage that commits in one phase has to vote last, by a sort key that begins with "~".
        tm.begin().join(Veto())
        changes.write_all(storage.join(tm, write=True))
        with pytest.raises(Refusal):
            tm.commit()
        tm.abort()
        assert changes.seen() == set()

    def test_manager_serves_one_request_after_another(
        self, storage: Storage, changes: Changes, tm: Any
    ) -> None:
        with tm:
            changes.write(storage.join(tm, write=True), "client")
        tm.begin()
        changes.write(storage.join(tm, write=True), "owner")
        tm.abort()
        with tm:
            uow = storage.join(tm, write=True)
            assert changes.seen_in(uow) == {"client"}
            changes.write(uow, "snapshot")
        assert changes.seen() == {"client", "snapshot"}

    def test_joining_twice_is_one_transaction(self, storage: Storage, changes: Changes, tm: Any) -> None:
        tm.begin()
        changes.write_all(storage.join(tm, write=True))
        assert changes.seen_in(storage.join(tm, write=True)) == set(WRITES) - {"code"}
        assert changes.seen_in(storage.join(tm, write=False)) == set(WRITES) - {"code"}
        tm.abort()
        assert changes.seen() == set()

    def test_reading_request_sees_the_newest_state_every_time(
        self, storage: Storage, world: Scenario, tm: Any
    ) -> None:
        with tm:
            assert storage.join(tm, write=False).grants.get(world.grant.grant_id) == world.grant
        world.end()
        with tm:
            found = storage.join(tm, write=False).grants.get(world.grant.grant_id)
        assert found is not None
        assert found.state is GrantState.WITHDRAWN

    def test_request_that_joined_and_did_nothing_ends_well(self, storage: Storage, tm: Any) -> None:
        for write in (False, True):
            with tm:
                storage.join(tm, write=write)
        populate(storage)

    def test_conflict_is_retryable_for_the_manager(self, storage: Storage, changes: Changes) -> None:
        tm = transaction.TransactionManager()
        tries: list[int] = []

        def request() -> None:
            tries.append(len(tries))
            uow = storage.join(tm, write=True)
            changes.write(uow, "snapshot")
            uow.grants.update(changes.grant, expected_sequence=17 if len(tries) == 1 else 1)

        tm.run(request, 3)
        assert tries == [0, 1]
        assert changes.seen() == {"snapshot", "grant"}

    def test_ended_request_gives_back_what_it_held(self, storage: Storage, world: Scenario) -> None:
        for _ in range(25):
            tm = transaction.TransactionManager(explicit=True)
            tm.begin()
            assert storage.join(tm, write=True).grants.get(world.grant.grant_id, lock=True) == world.grant
            tm.abort()
        with storage.transaction() as uow:
            assert uow.grants.get(world.grant.grant_id, lock=True) == world.grant
