"""The conformance kit against the memory storage."""

from __future__ import annotations

from dataclasses import fields

import pytest

from consentcore.testing import StorageConformance
from consentcore_memory import MemoryStorage


class TestMemoryStorage(StorageConformance):
    capabilities = frozenset({"dump"})

    @pytest.fixture
    def storage(self):
        return MemoryStorage()

    @pytest.fixture
    def dump(self, storage):
        def everything():
            state = storage._engine.committed
            tables = [list(getattr(state, table.name).values()) for table in fields(state)]
            return repr(tables).encode()

        return everything
