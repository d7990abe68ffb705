"""A worker over the memory storage."""

from __future__ import annotations

import pytest

from consentcore.api import SystemClock
from consentcore.consent.service import ConsentService
from consentcore_memory import MemoryStorage
from tests.support.worker_scenario import WorkerScenario


@pytest.fixture
def scenario() -> WorkerScenario:
    return WorkerScenario.begin(MemoryStorage())


@pytest.fixture
def running(scenario):
    """A scenario under the machine's clock."""
    scenario.clock = SystemClock()
    scenario.service = ConsentService(
        keys=scenario.keys, clock=scenario.clock, catalog=scenario.catalog, code_ttl_ms=60_000, grant_days=365
    )
    return scenario
