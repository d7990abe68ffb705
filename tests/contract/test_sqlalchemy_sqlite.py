"""The conformance kit against the SQL storage on SQLite."""

from __future__ import annotations

import pytest
from postgres import storage_at
from sqlite_template import migrated_sqlite

from consentcore.testing import StorageConformance


class TestSqliteStorage(StorageConformance):
    capabilities = frozenset({"dump"})

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
    def dump(self, path):
        import sqlite3

        def everything():
            # What a query shows: a deleted value may stay in a free page or the log until SQLite reuses it.
            with sqlite3.connect(path) as connection:
                names = [
                    row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
                ]
                rows = [row for name in names for row in connection.execute(f'SELECT * FROM "{name}"')]
            connection.close()
            return b"\n".join(
                value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row
            )

        return everything
