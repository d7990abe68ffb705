"""Transactions: what commits together vanishes together, alone or with a request's transaction manager."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from consentcore.api import (
    Code,
    ConsentEvent,
    Grant,
    GrantState,
    Notice,
    Storage,
    StorageConflict,
    StorageError,
    UnitOfWork,
    transact,
)
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import Scenario
from consentcore.testing.storage.base import needs
from consentcore.testing.storage.notices import find_notice

WRITES = ("client", "owner", "grant", "event", "notice", "code", "snapshot", "checkpoint", "session")


class Changes:
    """One write of every kind, and whether each can be seen."""

    def __init__(self, world: Scenario, *, leaves: int = 3) -> None:
        """:param leaves: of the checkpoint: a storage has one of each size."""
        self.world = world
        self.client = factories.client()
        self.owner = factories.owner()
        self.session = factories.session(world.owner.owner_id)
        self.grant: Grant = replace(world.grant, state=GrantState.WITHDRAWN, sequence=2, changed_at=NOW + 1)
        self.event: ConsentEvent = factories.event(world.grant, sequence=2)
        self.notice: Notice = factories.notice(world.grant)
        self.code: Code = factories.code(world.grant)
        self.snapshot = factories.snapshot()
        self.checkpoint = factories.checkpoint(size=leaves)

    def write(self, uow: UnitOfWork, kind: str) -> None:
        """Write one of them."""
        writes: dict[str, Callable[[], object]] = {
            "client": lambda: uow.clients.add(self.client),
            "owner": lambda: uow.owners.add(self.owner),
            "session": lambda: uow.owners.add_session(self.session),
            "grant": lambda: uow.grants.update(self.grant, expected_sequence=1),
            "event": lambda: uow.ledger.append(self.event),
            "notice": lambda: uow.notices.add(self.notice),
            "code": lambda: uow.tokens.add_code(self.code),
            "snapshot": lambda: uow.ledger.put_snapshot(self.snapshot),
            "checkpoint": lambda: uow.ledger.add_checkpoint(self.checkpoint),
        }
        writes[kind]()

    def write_all(self, uow: UnitOfWork) -> None:
        """Write all of them."""
        for kind in WRITES:
            self.write(uow, kind)

    def sees(self, uow: UnitOfWork, kind: str) -> bool:
        """Whether a transaction sees one of them; a code cannot be read in one."""
        looks: dict[str, Callable[[], bool]] = {
            "client": lambda: uow.clients.get(self.client.client_id) == self.client,
            "owner": lambda: uow.owners.by_email(self.owner.email) == self.owner,
            "session": lambda: uow.owners.session(self.session.session_hash, NOW) == self.session,
            "grant": lambda: uow.grants.get(self.grant.grant_id) == self.grant,
            "event": lambda: uow.ledger.get(self.event.event_id) == self.event,
            "notice": lambda: find_notice(uow, self.notice.notice_id) == self.notice,
            "snapshot": lambda: uow.ledger.snapshot(self.snapshot.snapshot_hash) == self.snapshot,
            "checkpoint": lambda: self.checkpoint in uow.ledger.checkpoints(),
        }
        return kind in looks and looks[kind]()

    def seen_in(self, uow: UnitOfWork) -> set[str]:
        """Name those that a transaction sees."""
        return {kind for kind in WRITES if self.sees(uow, kind)}

    def seen(self) -> set[str]:
        """Name those that are committed."""
        storage = self.world.storage
        with storage.reading() as uow:
            found = self.seen_in(uow)
        protocol = storage.protocol
        if protocol.read_code(self.world.client.client_id, self.code.code_hash).code == self.code:
            found.add("code")
        if self.notice.notice_id in {notice.notice_id for notice in storage.outbox.unexpanded(100)}:
            assert "notice" in found
        return found


class Refusal(Exception):
    """Something that goes wrong in the middle of a request."""


def and_refuse(work: Callable[[UnitOfWork], object], uow: UnitOfWork) -> None:
    """Do some work and fail after it."""
    work(uow)
    raise Refusal


class TransactionGroup:
    """transaction() and reading()."""

    @pytest.fixture
    def changes(self, world: Scenario) -> Changes:
        return Changes(world)

    def test_commit_keeps_everything(self, storage: Storage, changes: Changes) -> None:
        with storage.transaction() as uow:
            changes.write_all(uow)
        assert changes.seen() == set(WRITES)

    @pytest.mark.parametrize("kind", WRITES)
    def test_commit_keeps_a_single_write(self, storage: Storage, changes: Changes, kind: str) -> None:
        with storage.transaction() as uow:
            changes.write(uow, kind)
        assert changes.seen() == {kind}

    def test_error_leaves_nothing_and_passes_through(self, storage: Storage, changes: Changes) -> None:
        with pytest.raises(Refusal), storage.transaction() as uow:
            and_refuse(changes.write_all, uow)
        assert changes.seen() == set()
        with storage.transaction() as uow:
            changes.write_all(uow)
        assert changes.seen() == set(WRITES)

    def test_error_leaves_interactions_families_and_leaves_as_they_were(self, world: Scenario) -> None:
        issued, interaction = world.redeem(), factories.interaction(world.client.client_id)
        world.storage.protocol.open_interaction(interaction)
        with world.storage.transaction() as uow:
            uow.ledger.append(factories.event(world.grant))

        def work(uow: UnitOfWork) -> None:
            assert uow.interactions.consume(interaction.interaction_hash)
            assert uow.tokens.kill_family(issued.code.family_id, NOW)
            assert uow.ledger.sequence_leaves(10) == 1

        with pytest.raises(Refusal), world.storage.transaction() as uow:
            and_refuse(work, uow)
        assert world.is_live(issued.access)
        with world.storage.transaction() as uow:
            assert uow.interactions.consume(interaction.interaction_hash)
            assert list(uow.ledger.leaves(0, 10)) == []

    def test_transaction_reads_its_own_writes(self, storage: Storage, changes: Changes) -> None:
        with storage.transaction() as uow:
            changes.write_all(uow)
            assert changes.seen_in(uow) == set(WRITES) - {"code"}

    def test_nobody_sees_what_is_not_committed(self, storage: Storage, changes: Changes) -> None:
        seen: list[set[str]] = []
        reader = threading.Thread(target=lambda: seen.append(changes.seen()), daemon=True)
        with storage.transaction() as uow:
            changes.write_all(uow)
            reader.start()
            # A store may let readers wait instead; then they see the end of the transaction, which is fine too.
            reader.join(1.0)
            waited = reader.is_alive()
        reader.join(30.0)
        assert seen == [set()] or (waited and seen == [set(WRITES)])

    def test_conflict_that_is_caught_still_undoes_everything(
        self, storage: Storage, changes: Changes
    ) -> None:
        with suppress(StorageError), storage.transaction() as uow:
            changes.write(uow, "snapshot")
            with suppress(StorageConflict):
                uow.clients.add(changes.world.client)
                pytest.fail("a client id was taken twice")
        assert changes.seen() == set()

    def test_conflict_comes_from_inside_or_from_the_end_of_the_block(
        self, storage: Storage, changes: Changes
    ) -> None:
        def work(uow: UnitOfWork) -> None:
            changes.write(uow, "snapshot")
            uow.grants.update(changes.grant, expected_sequence=17)

        with pytest.raises(StorageConflict), storage.transaction() as uow:
            work(uow)
        assert changes.seen() == set()

    @needs("snapshot_reads")
    def test_view_stays_as_it_was_at_its_first_look(self, storage: Storage, changes: Changes) -> None:
        with storage.reading() as uow:
            assert changes.seen_in(uow) == set()
            writer = threading.Thread(target=lambda: transact(storage, changes.write_all), daemon=True)
            writer.start()
            writer.join(1.0)
            assert changes.seen_in(uow) == set()
        writer.join(30.0)
        assert not writer.is_alive()
        assert changes.seen() == set(WRITES)

    @pytest.mark.parametrize("kind", WRITES)
    def test_view_refuses_writes(self, storage: Storage, changes: Changes, kind: str) -> None:
        with pytest.raises(StorageError), storage.reading() as uow:
            changes.write(uow, kind)
        assert changes.seen() == set()

    def test_next_view_sees_what_came_between(self, storage: Storage, world: Scenario) -> None:
        with storage.reading() as uow:
            assert uow.grants.get(world.grant.grant_id) == world.grant
        world.end()
        with storage.reading() as uow:
            found = uow.grants.get(world.grant.grant_id)
        assert found is not None
        assert found.state is GrantState.WITHDRAWN
