"""Uses of permissions are gathered, and written for many at once."""

from __future__ import annotations

import logging
import threading

import pytest

from consentcore.api import StorageUnavailable
from consentcore.consent import uses as module
from consentcore.consent.uses import UseLog
from consentcore.testing.factories import NOW
from consentcore.testing.fakes import ManualClock
from consentcore_memory import MemoryStorage
from tests.support.patience import eventually


@pytest.fixture
def storage():
    return MemoryStorage()


def last(storage, *ids: str) -> dict[str, int]:
    with storage.reading() as uow:
        return dict(uow.uses.last(ids or ("one", "two")))


def test_what_was_noted_is_written_once_for_all(storage, monkeypatch):
    clock, begun = ManualClock(), []
    transaction = storage.transaction
    monkeypatch.setattr(storage, "transaction", lambda: (begun.append(1), transaction())[1])
    noted = UseLog(storage, clock, every_s=3600)
    noted.note("one")
    clock.advance(5)
    for _ in range(100):
        noted.note("one")
        noted.note("two")
    assert (last(storage), begun) == ({}, [])
    noted.flush()
    assert last(storage) == {"one": NOW + 5, "two": NOW + 5}
    noted.flush()
    assert len(begun) == 1
    noted.close()


def test_after_a_while_it_is_written_by_itself(storage):
    noted = UseLog(storage, ManualClock(), every_s=0.01)
    noted.note("one")
    eventually(lambda: last(storage) == {"one": NOW})
    noted.note("two")
    eventually(lambda: last(storage) == {"one": NOW, "two": NOW})
    noted.close()


def test_closing_writes_what_is_left_and_ends_the_waiting(storage):
    noted = UseLog(storage, ManualClock(), every_s=3600)
    noted.note("one")
    waiting = [one for one in threading.enumerate() if one.name == "consentcore-uses"]
    noted.close()
    assert last(storage) == {"one": NOW}
    for one in waiting:
        one.join(10)
        assert not one.is_alive()


def test_more_than_fit_into_one_commit_go_into_several(storage, monkeypatch):
    monkeypatch.setattr(module, "MOST_AT_ONCE", 7)
    noted = UseLog(storage, ManualClock(), every_s=3600)
    ids = [f"grant-{number}" for number in range(20)]
    for one in ids:
        noted.note(one)
    noted.flush()
    assert last(storage, *ids) == dict.fromkeys(ids, NOW)
    noted.close()


def test_a_storage_that_fails_loses_nothing_and_stops_nobody(storage, monkeypatch, caplog):
    noted = UseLog(storage, ManualClock(), every_s=3600)
    noted.note("one")

    def fail():
        raise StorageUnavailable("gone fishing")

    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING, "consentcore.uses"):
        patch.setattr(storage, "transaction", fail)
        with pytest.raises(StorageUnavailable):
            noted.flush()
        noted.close()
    assert "gone fishing" in caplog.text
    noted.flush()
    assert last(storage) == {"one": NOW}
