"""One authorization server over the memory storage."""

from __future__ import annotations

import pytest

from consentcore_memory.storage import MemoryStorage
from tests.support.server_scenario import ServerScenario, core_settings


@pytest.fixture
def scenario() -> ServerScenario:
    return ServerScenario.begin(MemoryStorage())


@pytest.fixture(scope="module")
def module_scenario() -> ServerScenario:
    """For tests with many examples, none of which changes anything."""
    return ServerScenario.begin(MemoryStorage())


@pytest.fixture
def make_scenario():
    return lambda **oauth: ServerScenario.begin(MemoryStorage(), settings=core_settings(**oauth))
