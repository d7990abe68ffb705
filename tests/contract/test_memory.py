"""The conformance kit against the memory storage."""

from __future__ import annotations

import pytest

from consentcore.testing import StorageConformance
from consentcore_memory import MemoryStorage


class TestMemoryStorage(StorageConformance):
    @pytest.fixture
    def storage(self):
        return MemoryStorage()
