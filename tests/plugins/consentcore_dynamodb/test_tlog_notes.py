"""What is noted beside records gets its place in the log here too, however much there is, and finds an old row."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.consent.checkpoint import advance
from consentcore.consent.evidence.statements import NOTED, statements
from consentcore.consent.ledger import seal_of
from consentcore.consent.verify import verify_all
from consentcore.keys.record_notes import RECORD, UNSTATED
from consentcore.keys.recorded_storage import RecordedStorage
from consentcore.keys.sealed_storage import SealedStorage
from consentcore.testing import ManualClock, factories, fixed_keys
from consentcore.testing.factories import NOW
from tests.support.dynamo import dynamo_storage

OWNERS = 30
"""More notes than one commit takes."""


@pytest.fixture
def bare(dynamo, monkeypatch):
    monkeypatch.setattr("consentcore_dynamodb.engine.time.sleep", lambda _: None)
    return dynamo_storage(dynamo)


def test_rt_09_notes_of_many_records_are_stated_and_an_old_row_is_found(bare):
    keys, clock = fixed_keys(), ManualClock(NOW)
    storage = SealedStorage(RecordedStorage(bare, keys, clock), keys, seal_of)
    owners = [factories.owner() for _ in range(OWNERS)]
    for start in range(0, OWNERS, 20):
        with storage.transaction() as uow:
            for owner in owners[start : start + 20]:
                uow.owners.add(owner)
    advance(storage, keys, clock, {})
    with bare.reading() as uow:
        assert list(uow.tlog.list(UNSTATED)) == []
        assert len(uow.tlog.list(RECORD, limit=100)) == OWNERS
        said = [one for statement in statements(uow, folder=NOTED) for one in statement.facts["records"]]
        then = uow.owners.get(owners[0].owner_id)
    assert len(said) == OWNERS
    with storage.transaction() as uow:
        uow.owners.update(replace(owners[0], email="new@example.org"))
    advance(storage, keys, clock, {})
    assert verify_all(storage, keys).problems == ()
    with bare.transaction() as uow:
        uow.owners.update(then)
    (problem,) = verify_all(storage, keys).problems
    assert f"the owner {owners[0].owner_id} is not the newest" in problem.text
