"""The conformance kit against this storage: ``pytest -p no:cacheprovider tests/kit_shelf.py``."""

from __future__ import annotations

import pytest
from consentcore_shelf import ShelfStorage

from consentcore.testing import StorageConformance


class TestShelf(StorageConformance):
    capabilities = frozenset({"dump"})

    @pytest.fixture
    def path(self, tmp_path):
        return tmp_path / "shelf.json"

    @pytest.fixture
    def storage(self, path):
        storage = ShelfStorage(path)
        storage.migrate()
        yield storage
        storage.close()

    @pytest.fixture
    def dump(self, path):
        return path.read_bytes
