"""The conformance kit against the SQL storage on SQLite."""

from __future__ import annotations

from functools import partial

import pytest

from consentcore.testing import StorageConformance
from tests.support.postgres import storage_at
from tests.support.sqlite_template import migrated_sqlite


class TestSqliteStorage(StorageConformance):
    capabilities = frozenset({"dump", "processes"})

    @pytest.fixture
    def path(self, tmp_path):
        return tmp_path / "var" / "consentcore.sqlite"

    @pytest.fixture
    def storage(self, path):
        migrated_sqlite(path)
        storage = storage_at(f"sqlite:///{path}")
        yield storage
        storage.close()

    @pytest.fixture
    def second_storage(self, storage, path):
        second = storage_at(f"sqlite:///{path}")
        yield second
        second.close()

    @pytest.fixture
    def opener(self, storage, path):
        return partial(storage_at, f"sqlite:///{path}")

    @pytest.fixture
    def dump(self, path):
        def everything():
            # The bytes on the disk, not what a query shows: free space and the write-ahead log hold what was erased
            # until SQLite writes over it.
            files = (path, path.with_name(f"{path.name}-wal"))
            return b"".join(file.read_bytes() for file in files if file.exists())

        return everything
