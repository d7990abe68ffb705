"""More personal values than one commit takes: they are there with it, or not at all."""

from __future__ import annotations

from contextlib import suppress

import pytest
from botocore.exceptions import ReadTimeoutError

from consentcore.api import StorageConflict, StorageUnavailable, transact
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import populate
from consentcore_dynamodb import disclosures
from tests.support.dynamo import TABLE, dynamo_storage, refusal, tables

LOST = ReadTimeoutError(endpoint_url="http://dynamodb.test")


@pytest.fixture
def storage(dynamo, monkeypatch):
    monkeypatch.setattr("consentcore_dynamodb.engine.time.sleep", lambda _: None)
    return dynamo_storage(dynamo)


@pytest.fixture
def many():
    return {one.digest: one for one in (factories.disclosure() for _ in range(150))}


def store(storage, many):
    transact(storage, lambda uow: uow.ledger.put_disclosures(list(many.values())), attempts=1)


def seen(storage, many):
    with storage.reading() as uow:
        return dict(uow.ledger.disclosures(list(many)))


def left(kind="DISCLOSURE#"):
    return [
        places for partition, places in tables()[TABLE].items.items() if kind in partition.value and places
    ]


def test_values_of_a_commit_that_collides_are_gone_at_once(storage, many):
    world = populate(storage)

    def overtaken(uow):
        uow.ledger.put_disclosures(list(many.values()))
        uow.grants.update(world.grant, expected_sequence=1)
        world.end()

    with pytest.raises(StorageConflict):
        transact(storage, overtaken, attempts=1)
    assert seen(storage, many) == {}
    assert left() == []


@pytest.fixture
def left_behind(dynamo, storage, many):
    """A commit of which nobody knows what became of it, and which has not come."""
    dynamo.fail_writes(*[LOST] * 2)
    with suppress(StorageUnavailable):
        store(storage, many)
        pytest.fail("the commit went through")
    assert len(left()) == len(many)


def test_values_that_a_failed_commit_left_are_not_there_and_a_purge_removes_them(
    storage, many, left_behind, monkeypatch
):
    assert seen(storage, many) == {}
    assert list(storage.moving.read().records) == []
    storage.purge(NOW, 1000)
    assert len(left()) == len(many), "the commit may still come"
    monkeypatch.setattr(disclosures, "LEFT_MS", -1000)
    storage.purge(NOW, 100)
    storage.purge(NOW, 100)
    assert left() == []


@pytest.mark.parametrize("count", [1, 150])
def test_what_a_failed_commit_left_can_be_stored_again(storage, many, left_behind, count):
    some = dict(list(many.items())[:count])
    store(storage, some)
    assert seen(storage, many) == some


def test_purge_keeps_values_whose_commit_came(storage, many, monkeypatch):
    store(storage, many)
    assert {one.digest: one for one in storage.moving.read().records} == many
    monkeypatch.setattr(disclosures, "LEFT_MS", -1000)
    storage.purge(NOW, 1000)
    assert seen(storage, many) == many
    before = len(left())
    storage.purge(NOW, 1000)
    assert len(left()) == before == len(many)


def test_answer_of_a_commit_that_gets_lost_does_no_harm(dynamo, storage, many):
    dynamo.fail_writes(refusal("InternalServerError"))
    store(storage, many)
    assert seen(storage, many) == many
