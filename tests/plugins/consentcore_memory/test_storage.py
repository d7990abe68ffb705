"""What the memory storage does beyond the port: its lock, its joining, its plugin face."""

from __future__ import annotations

import threading
import time

import pytest
import transaction
from transaction.interfaces import TransientError

import consentcore_memory
from consentcore.api import NoSettings, PluginKind, StorageConflict, StorageError, SystemClock
from consentcore.testing import factories
from consentcore.testing.scenario import populate
from consentcore_memory import MemoryStorage
from tests.support.patience import PATIENCE_S


@pytest.fixture
def hasty():
    return MemoryStorage(lock_timeout_s=0.02)


def test_writer_that_waits_too_long_conflicts_and_may_be_retried(hasty):
    with hasty.transaction(), pytest.raises(StorageConflict) as raised:
        hasty.protocol.kill_family("f", 0)
    assert isinstance(raised.value, TransientError)
    assert "0.02 s" in str(raised.value)
    assert hasty.protocol.kill_family("f", 0) is False


def test_writer_waits_for_the_one_before():
    storage, entered, order = MemoryStorage(), threading.Event(), []

    def hold():
        with storage.transaction():
            entered.set()
            time.sleep(0.05)
            order.append("first")

    holder = threading.Thread(target=hold)
    holder.start()
    assert entered.wait(PATIENCE_S)
    with storage.transaction():
        order.append("second")
    holder.join()
    assert order == ["first", "second"]


def test_readers_do_not_wait_for_a_writer(hasty):
    world = populate(hasty)
    with hasty.transaction() as uow:
        uow.clients.add(factories.client())
        assert hasty.protocol.find_token(world.client.client_id, bytes(32)).client == world.client
        with hasty.reading() as view:
            assert len(view.clients.list()) == 1


def test_failed_logins_can_be_counted_inside_a_write_transaction(hasty):
    with hasty.transaction():
        assert hasty.counters.hit("login", 0, 1000) == 1


def test_counters_are_purged_when_their_window_is_over(hasty):
    hasty.counters.hit("a", 0, 1000)
    assert hasty.purge(999, 10).counts["counters"] == 0
    assert hasty.purge(1000, 10).counts["counters"] == 1


def test_unit_of_work_is_useless_after_its_transaction(hasty):
    with hasty.transaction() as uow:
        pass
    with pytest.raises(StorageError, match="over"):
        uow.clients.get("a")
    with pytest.raises(StorageError, match="over"):
        uow.clients.add(factories.client())


def test_reading_request_may_go_on_to_write(hasty):
    client = factories.client()
    with transaction.TransactionManager(explicit=True) as tx:
        manager = tx._manager
        assert hasty.join(manager, write=False).clients.get(client.client_id) is None
        hasty.join(manager, write=True).clients.add(client)
    with hasty.reading() as uow:
        assert uow.clients.get(client.client_id) == client


def test_reading_request_that_has_seen_something_old_cannot_write(hasty):
    world, manager = populate(hasty), transaction.TransactionManager(explicit=True)
    manager.begin()
    assert hasty.join(manager, write=False).grants.get(world.grant.grant_id) == world.grant
    world.end()
    with pytest.raises(StorageConflict):
        hasty.join(manager, write=True)
    manager.abort()
    with hasty.transaction() as uow:
        uow.clients.add(factories.client())


def test_request_that_has_seen_nothing_writes_on_top_of_what_came_between(hasty):
    world, manager = populate(hasty), transaction.TransactionManager(explicit=True)
    manager.begin()
    hasty.join(manager, write=False)
    world.end()
    found = hasty.join(manager, write=True).grants.get(world.grant.grant_id)
    manager.commit()
    assert found.sequence == 2


def test_reading_request_refuses_writes_until_it_asked(hasty):
    manager = transaction.TransactionManager(explicit=True)
    manager.begin()
    unit = hasty.join(manager, write=False)
    with pytest.raises(StorageError, match="only reads"):
        unit.clients.add(factories.client())
    manager.abort()


def test_joining_a_failed_transaction_does_not_keep_the_lock(hasty):
    manager = transaction.TransactionManager(explicit=True)
    manager.begin()
    hasty.join(manager, write=True)
    manager.get().doom()
    with pytest.raises(transaction.interfaces.DoomedTransaction):
        manager.commit()
    manager.abort()
    with hasty.transaction():
        pass


class NeverMind(Exception):
    pass


class Veto:
    """Votes after everybody else, and says no."""

    transaction_manager = None

    def tpc_vote(self, _transaction):
        raise NeverMind

    def sortKey(self):
        return "~~~~"

    def abort(self, _transaction):
        pass

    tpc_begin = commit = tpc_finish = tpc_abort = abort


def test_veto_after_its_own_vote_leaves_nothing(hasty):
    manager, client = transaction.TransactionManager(explicit=True), factories.client()
    manager.begin().join(Veto())
    hasty.join(manager, write=True).clients.add(client)
    with pytest.raises(NeverMind):
        manager.commit()
    manager.abort()
    with hasty.transaction() as uow:
        assert uow.clients.get(client.client_id) is None


def test_conflict_swallowed_by_a_request_still_stops_its_commit(hasty):
    world, manager = populate(hasty), transaction.TransactionManager(explicit=True)
    manager.begin()
    unit, extra = hasty.join(manager, write=True), factories.client()
    unit.clients.add(extra)
    with pytest.raises(StorageConflict):
        unit.clients.add(world.client)
    with pytest.raises(StorageConflict):
        manager.commit()
    manager.abort()
    with hasty.reading() as uow:
        assert uow.clients.get(extra.client_id) is None


def test_notices_are_expanded_in_one_commit(hasty):
    world = populate(hasty)
    notices = [factories.notice(world.grant) for _ in range(2)]
    with hasty.transaction() as uow:
        for one in notices:
            uow.notices.add(one)
    before, seen = hasty.outbox.unexpanded(9), []

    class Watched(list):
        def __iter__(self):
            seen.append(hasty.outbox.unexpanded(9))
            return super().__iter__()

    wanted = {one.notice_id: Watched([factories.delivery(one.notice_id)]) for one in notices}
    assert hasty.outbox.expand_all(wanted, 0) == 2
    assert seen == [before, before]
    assert hasty.outbox.unexpanded(9) == []


def test_plugin_says_who_it_is_and_makes_empty_stores():
    info = consentcore_memory.consentcore_plugin()
    assert (info.name, info.kind, info.settings) == ("memory", PluginKind.STORAGE, NoSettings)
    first, second = (
        consentcore_memory.consentcore_storage(settings=NoSettings(), clock=SystemClock(), keys=None)
        for _ in range(2)
    )
    world = populate(first)
    with second.reading() as uow:
        assert uow.clients.get(world.client.client_id) is None
    assert not first.capabilities.multi_process
    assert first.close() is None


def test_plugin_module_has_no_other_names():
    with pytest.raises(AttributeError, match="Nonsense"):
        _ = consentcore_memory.Nonsense
