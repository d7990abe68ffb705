"""Any interleaving of what owners, clients, thieves and the clock can do, on every storage.

`make test` plays a short form, the slow tests a longer one, and `make soak` as much as one likes.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.errors import Flaky
from hypothesis.stateful import run_state_machine_as_test

from consentcore_memory import MemoryStorage
from tests.lifecycle.machine import machine
from tests.support.postgres import storage_at
from tests.support.sqlite_template import migrated_sqlite


def play(made, examples, steps=40, **more):
    # Not shrunk: that takes minutes, and the steps of a failure are printed anyway.
    run_state_machine_as_test(
        made,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            **more,
        ),
    )
    assert made.tally.examples >= examples
    assert made.tally.steps > examples


def test_63_any_life_of_tokens_in_memory():
    play(machine("InMemory", MemoryStorage), 60)


@pytest.fixture
def sqlite(tmp_path):
    migrated_sqlite(tmp_path / "life.sqlite")
    storage = storage_at(f"sqlite:///{tmp_path}/life.sqlite")
    yield storage
    storage.close()


@pytest.fixture
def postgres(postgres_url):
    storage = storage_at(postgres_url)
    yield storage
    storage.close()


def test_63_any_life_of_tokens_in_sqlite(sqlite):
    play(machine("InSqlite", lambda: sqlite), 10)


@pytest.mark.slow
@pytest.mark.postgres
def test_63_any_life_of_tokens_in_postgresql(postgres):
    play(machine("InPostgresql", lambda: postgres), 40)


@pytest.mark.slow
def test_63_any_life_of_tokens_in_dynamodb(dynamo):
    from tests.support.dynamo import dynamo_storage

    storage = dynamo_storage(dynamo)
    play(machine("InDynamodb", lambda: storage), 3, steps=25)


@pytest.mark.slow
def test_63_any_longer_life_of_tokens_in_sqlite(sqlite):
    play(machine("LongInSqlite", lambda: sqlite), 40, steps=60)


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault",
    [
        "DeletesUsedCodes",
        "RotatesAgainAndAgain",
        "ForgivesOldGenerations",
        "ChecksTheGrantBeforeItWrites",
        "CopiesTheKillToEachToken",
    ],
)
def test_storage_with_a_fault_is_noticed(fault):
    from tests.contract import broken_storages

    def make():
        storage = MemoryStorage()
        storage.protocol = getattr(broken_storages, fault)(storage._engine)
        return storage

    with pytest.raises((AssertionError, Flaky)):
        play(machine(fault, make), 400, derandomize=True, report_multiple_bugs=False)
