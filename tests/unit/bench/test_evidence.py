"""The long ledger of the benchmark: what is filled in verifies, and what is printed says what was measured."""

from __future__ import annotations

import pytest

from bench.databases import Database
from bench.evidence import (
    CHECKING,
    CLI,
    EXPORTING,
    READING,
    SEQUENCING,
    VERIFYING,
    Evidence,
    Step,
    as_text,
    sizes,
)
from bench.evidence_fill import LIVES, Filler
from bench.evidence_reading import read_all
from bench.measure import Options, write_ini
from bench.servers import run
from consentcore.config import load_ini
from consentcore.runtime import build_runtime


@pytest.fixture
def filled(tmp_path):
    """A runtime over a database with some permissions of every kind of life, and its URL."""
    url = f"sqlite:///{tmp_path}/consentcore.sqlite"
    ini = write_ini(Database("SQLite", url, ""), tmp_path, Options(()))
    run(CLI, ["-c", str(ini), "init"])
    runtime = build_runtime(load_ini(ini))
    added = Filler(runtime).add(200)
    yield runtime, added, url
    runtime.close()


def test_what_is_filled_in_verifies_and_is_read_once(filled):
    runtime, added, _ = filled
    runtime.evidence.advance()
    report = runtime.evidence.verify()
    made = 2 * sum(map(len, LIVES))  # two of each life come from the product itself
    assert (report.problems, report.events, added >= 200) == ((), added + made, True)
    assert report.grants > len(LIVES)
    assert read_all(runtime.storage.bare) == report.events


def test_bytes_of_every_kind_of_row_are_told(filled):
    _, added, url = filled
    found = sizes(url, added)
    if found["all"] is None:
        pytest.skip("SQLite says nothing of the sizes of its tables here: it was built without dbstat")
    assert set(found) == {"grant", "event", "notice", "leaf", "all"}
    assert all(size and size > 0 for size in found.values())
    assert found["all"] > found["event"]


def test_table_tells_growth_and_the_ratio_to_reading():
    found = Evidence("SQLite", sizes={"grant": 600.0, "leaf": None}, bundle=5000.0)
    for events in (100, 1000):
        found.steps.append(Step(SEQUENCING, events, events * 1e-5, 1.0))
        found.steps.append(Step(READING, events, events * 1e-4, 1.0, peak_mb=70))
        found.steps.append(Step(VERIFYING, events, events * 1.5e-4, 1.0, 0.001 * events, 80 + events / 100))
        found.steps.append(Step(EXPORTING, events, events * 3e-4, 1.0, peak_mb=80))
        found.steps.append(Step(CHECKING, events, events * 2e-4, 1.0, peak_mb=30))
    lines = as_text(found).splitlines()
    rows = {line[:24].strip() + line[24:34].strip(): line.split()[-5:] for line in lines[2:-2]}
    assert rows["audit verify1000"] == ["1000", "150", "1000", "90", "1.11"]
    assert rows["sequencing1000"] == ["1000", "10", "-", "-", "1.00"]
    assert "1.50 times the CPU of reading" in lines[-2]
    assert lines[-1].endswith("grant 600, leaf ?; in a bundle 5000 an event")
