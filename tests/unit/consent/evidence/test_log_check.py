"""Whatever of the log is changed in the store, is found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.consent.checkpoint import LedgerBroken, advance
from consentcore.consent.evidence.growth import root_at
from consentcore.consent.evidence.leaves import leaves
from consentcore.consent.verify import verify_all
from consentcore.tlog import Tree
from tests.unit.consent.conftest import begin

SIZES = (1, 2, 300)


@pytest.fixture(scope="module")
def grown():
    """A log with three checkpoints, the last of which has a full tile."""
    scenario, done = begin(), 0
    for size in SIZES:
        for _ in range(size - done):
            scenario.deny("sites.read")
        done = size
        advance(scenario.storage, scenario.keys, scenario.clock, {})
    return scenario


@pytest.fixture
def tables(grown):
    """Its tables, put back after the test."""
    state = grown.storage._engine.committed
    kept = state.fork()
    yield state
    grown.storage._engine._state = kept


def problems(grown):
    return [problem.text for problem in verify_all(grown.storage, grown.keys).problems]


def test_it_is_intact_and_its_tiles_give_its_heads(grown):
    report = verify_all(grown.storage, grown.keys)
    assert (report.ok, report.events, report.checkpoints) == (True, 300, 3)
    tree = Tree()
    with grown.storage.reading() as uow:
        for leaf in leaves(uow, 0, 300):
            tree.add(leaf.data)
            assert root_at(uow, tree.size) == tree.root()
        assert uow.ledger.newest_checkpoint().root == tree.root()


@pytest.mark.parametrize("size", SIZES[:-1])
def test_an_older_checkpoint_that_was_deleted_is_found(grown, tables, size):
    tables.checkpoints.drop([size])
    (text,) = problems(grown)
    assert f"the one of {size} events before it is missing" in text


def test_all_older_checkpoints_that_were_deleted_are_found(grown, tables):
    tables.checkpoints.drop([1, 2])
    assert "the one of 2 events before it is missing" in problems(grown)[0]


@pytest.mark.parametrize("field", ["root", "created_at", "signature", "key_id", "note", "previous", "seal"])
def test_any_column_of_a_checkpoint_that_was_changed_is_found(grown, tables, field):
    row = tables.checkpoints.get(2)
    other = {"created_at": 5, "key_id": "test2", "note": tables.checkpoints.get(1).note, "previous": 0}
    tables.checkpoints.put(2, replace(row, **{field: other.get(field, b"x" * 32)}))
    assert "the checkpoint of 2 events" in problems(grown)[0]


@pytest.mark.parametrize(("size", "of"), [(2, 2), (150, 2)], ids=["in its place", "inserted"])
def test_rt_09_a_checkpoint_is_none_of_before_the_log_because_it_has_no_note(grown, tables, size, of):
    """Only those that come before the first one with a note are judged by the older rule."""
    made_up = replace(tables.checkpoints.get(of), size=size, note="", root=b"x" * 32, created_at=5)
    tables.checkpoints.put(size, made_up)
    (text,) = problems(grown)
    assert text == f"the checkpoint of {size} events: it has no note, and one before it has"


@pytest.mark.parametrize("path", ["tile/0/000", "tile/0/001", "tile/1/000"])
@pytest.mark.parametrize("change", [lambda data: data[:-1] + b"x", lambda data: data[:-32]])
def test_a_tile_that_was_changed_is_found(grown, tables, path, change):
    kept = tables.log_objects.get(path)
    tables.log_objects.put(path, type(kept)(path, change(kept.data)))
    (text,) = problems(grown)
    assert f"the hashes {path}" in text
    assert "of the log were changed" in text


def test_places_that_were_taken_away_are_found_and_not_built_upon(grown, tables):
    """An event loses its place, and the checkpoints that cover it are deleted."""
    event_id = tables.leaves.get(299)
    tables.events.put(event_id, replace(tables.events.get(event_id), leaf_index=None))
    tables.leaves.drop([299])
    tables.checkpoints.drop([300])
    assert problems(grown)
    with pytest.raises(LedgerBroken):
        advance(grown.storage, grown.keys, grown.clock, {})
