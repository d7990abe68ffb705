"""An owner and CoolSite, with every scope of the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from consentcore.testing import factories
from consentcore.testing.scenario import CATALOG, Scenario
from consentcore_memory import MemoryStorage

if TYPE_CHECKING:
    from consentcore.ports.storage import Storage

EVERY_SCOPE = tuple(CATALOG.scopes)


def begin(storage: Storage | None = None) -> Scenario:
    """Also for tests that need one for each example."""
    client = factories.client(name="CoolSite", scopes=EVERY_SCOPE)
    return Scenario.begin(storage or MemoryStorage(), client=client)


@pytest.fixture
def scenario() -> Scenario:
    return begin()
