"""What a process has just written it finds at once, although an index is late; and no longer than it is late."""

from __future__ import annotations

import pytest

from consentcore.api import DeliveryState, StorageUnavailable, transact
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import populate
from consentcore.testing.storage.deliveries import Box
from consentcore_dynamodb import recent
from consentcore_dynamodb.changes import delete, put
from consentcore_dynamodb.keys import LISTS, Key, indexed, key_of
from consentcore_dynamodb.recent import Recent
from tests.support.dynamo import dynamo_storage, refusal


@pytest.fixture
def storage(dynamo, monkeypatch):
    monkeypatch.setattr("consentcore_dynamodb.engine.time.sleep", lambda _: None)
    return dynamo_storage(dynamo)


def listed(storage):
    with storage.reading() as uow:
        return [one.client_id for one in uow.clients.list()]


def test_who_adds_something_finds_it_in_the_list_and_others_a_moment_later(dynamo, storage):
    client = factories.client()
    with dynamo.late_indexes():
        transact(storage, lambda uow: uow.clients.add(client))
        assert listed(storage) == [client.client_id]
        assert listed(dynamo_storage(dynamo)) == []
    assert listed(storage) == listed(dynamo_storage(dynamo)) == [client.client_id]


def test_who_changes_something_counts_it_as_it_is_now(dynamo, storage):
    box = Box(populate(storage))
    box.add()
    with dynamo.late_indexes():
        (claimed,) = box.claim()
        box.settle(claimed, DeliveryState.DELIVERED)
        stats = box.log.stats(NOW, notifiers=[claimed.notifier])
        assert (stats.pending, stats.oldest_due_at) == (0, None)
        assert box.log.backlog(claimed.target) == {DeliveryState.DELIVERED: 1}


def test_what_was_written_elsewhere_meanwhile_is_shown_too(dynamo, storage):
    """The place that somebody else gave it in the index counts, not the one of before."""
    world = populate(storage)
    told = factories.notice(world.grant)
    transact(storage, lambda uow: uow.ledger.append(factories.event(world.grant, event_id=told.notice_id)))
    transact(storage, lambda uow: uow.notices.add(told))
    transact(dynamo_storage(dynamo), lambda uow: uow.feed.enter(world.client.client_id, 10))
    with storage.reading() as uow:
        assert [one.notice_id for one in uow.feed.page(world.client.client_id)] == [told.notice_id]


def test_what_may_not_have_been_written_is_not_found(dynamo, storage):
    dynamo.fail_writes(*[refusal("InternalServerError")] * 6)
    with pytest.raises(StorageUnavailable):
        transact(storage, lambda uow: uow.clients.add(factories.client()), attempts=1)
    assert listed(storage) == []


def item(number):
    return {
        **Key(f"A#{number}").attributes,
        **indexed(LISTS, "ALL", f"{number:03}"),
        "text": {"S": "x" * 1000},
    }


class TestRecent:
    @pytest.fixture
    def clock(self):
        return [1000.0]

    @pytest.fixture
    def known(self, clock):
        return Recent(lambda: clock[0])

    def test_only_what_an_index_shows_is_remembered(self, known):
        known.note([put(item(1))])
        (hint,) = known.among(LISTS, "ALL", None, None)
        assert hint.keys() == {"p", "s", "g1p", "g1s"}

    def test_ends_are_not_among_what_is_between_them(self, known):
        known.note(map(put, map(item, (3, 1, 2))))
        between = known.among(LISTS, "ALL", "001", "003")
        assert [key_of(one).p for one in between] == ["A#2"]

    def test_it_is_forgotten_after_a_while(self, known, clock):
        known.note([put(item(1))])
        clock[0] += recent.KEPT_S
        assert known.among(LISTS, "ALL", None, None) == []
        assert not known.moved(LISTS, {**item(1), "g1s": {"S": "other"}})

    def test_it_keeps_no_more_than_it_may(self, known, monkeypatch):
        monkeypatch.setattr(recent, "MOST", 10)
        known.note(map(put, map(item, range(30))))
        assert len(known.among(LISTS, "ALL", None, None)) == 10

    def test_what_was_removed_is_shown_no_more(self, known):
        known.note([put(item(1)), delete(Key("A#2"))])
        assert known.moved(LISTS, item(2))
        assert not known.moved(LISTS, item(1))
