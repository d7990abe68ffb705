"""A worker over the memory storage."""

from __future__ import annotations

import pytest

from consentcore_memory import MemoryStorage
from tests.support.worker_scenario import WorkerScenario


@pytest.fixture
def scenario() -> WorkerScenario:
    return WorkerScenario.begin(MemoryStorage())
