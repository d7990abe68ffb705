"""The life of tokens, at length: ``make soak``. At least 100,000 generated steps over the three stores.

``SOAK_ARGS="--steps 1000000 --stores postgresql"``. Exit 0 when no answer differed from the model and the evidence is
intact, 1 otherwise, 75 when a store cannot be had here (the others are played all the same).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from consentcore.consent.verify import verify_all
from consentcore.testing import fixed_keys
from consentcore_memory import MemoryStorage
from tests.lifecycle.machine import machine
from tests.support.postgres import running_server, storage_at
from tests.support.postgres_server import Unavailable
from tests.support.sqlite_template import migrated_sqlite

SHARES = {"memory": 0.5, "sqlite": 0.3, "postgresql": 0.2}
"""Which part of the steps each store plays when all do."""
NOT_PLAYED = 75
"""EX_TEMPFAIL of sysexits.h, as in the product: it could not be done now."""
STEPS_AN_EXAMPLE = 50
BATCH = 100


@contextmanager
def memory() -> Iterator[Any]:
    """A store for all examples, like the others."""
    yield MemoryStorage()


@contextmanager
def sqlite() -> Iterator[Any]:
    """A file of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "soak.sqlite"
        migrated_sqlite(path)
        storage = storage_at(f"sqlite:///{path}")
        yield storage
        storage.close()


@contextmanager
def postgresql() -> Iterator[Any]:
    """A database of its own on the server of the tests."""
    with running_server() as server:
        name = server.create(server.migrated())
        storage = storage_at(server.url(name))
        yield storage
        storage.close()
        server.drop(name)


STORES: dict[str, Callable[[], Any]] = {"memory": memory, "sqlite": sqlite, "postgresql": postgresql}


def play(name: str, steps: int) -> tuple[int, int]:
    """Play at least ``steps`` steps on a store, and print the figures; returns steps and violations."""
    violations, began = 0, monotonic()
    with STORES[name]() as storage:
        life = machine(f"Soak{name.title()}", lambda: storage)
        options = settings(
            max_examples=BATCH,
            stateful_step_count=STEPS_AN_EXAMPLE,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        while life.tally.steps < steps and violations < 10:
            try:
                run_state_machine_as_test(life, settings=options)  # type: ignore[no-untyped-call]  # hypothesis has no types here
            except Exception:  # noqa: BLE001 - any failure of a run is a violation: show it and go on
                traceback.print_exc()
                violations += 1
        problems = verify_all(storage, fixed_keys()).problems
    for problem in problems:
        print(f"evidence: {problem}")
    violations += len(problems)
    tally, seconds = life.tally, monotonic() - began
    print(
        f"{name:12} {tally.steps:>9} steps {tally.examples:>7} examples {violations:>3} violations"
        f" {seconds:>7.0f} s",
        flush=True,
    )
    return tally.steps, violations


def main() -> int:
    """Play all stores; 0 when nothing was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=100_000, help="over all stores (100000)")
    parser.add_argument("--stores", nargs="+", choices=sorted(STORES), default=list(SHARES))
    wanted = parser.parse_args()
    whole = sum(SHARES[name] for name in wanted.stores)
    results, absent = [(0, 0)], 0
    for name in wanted.stores:
        try:
            results.append(play(name, round(wanted.steps * SHARES[name] / whole)))
        except Unavailable as error:
            print(f"NOT PLAYED: {name}: {error}")
            absent += 1
    steps, violations = (sum(column) for column in zip(*results, strict=True))
    print(f"{'all':12} {steps:>9} steps {'':16} {violations:>3} violations")
    if violations:
        return 1
    if absent:
        return NOT_PLAYED
    return 1 if steps < wanted.steps else 0


if __name__ == "__main__":
    sys.exit(main())
