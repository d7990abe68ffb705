"""The conformance kit against the SQL storage on a real PostgreSQL."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlsplit

import psycopg
import pytest

from consentcore.testing import StorageConformance
from tests.support.postgres import storage_at

pytestmark = [pytest.mark.postgres, pytest.mark.slow]  # `make check` runs it


class TestPostgresStorage(StorageConformance):
    capabilities = frozenset({"dump", "fault_injection", "processes"})

    @pytest.fixture
    def storage(self, postgres_url):
        storage = storage_at(postgres_url)
        yield storage
        storage.close()

    @pytest.fixture
    def second_storage(self, storage, postgres_url):
        second = storage_at(postgres_url)
        yield second
        second.close()

    @pytest.fixture
    def opener(self, storage, postgres_url):
        return partial(storage_at, postgres_url)

    @pytest.fixture
    def break_backend(self, postgres_server, postgres_url):
        name = urlsplit(postgres_url).path.lstrip("/")
        return lambda: postgres_server.unreachable(name)

    @pytest.fixture
    def dump(self, postgres_url):
        def everything():
            with psycopg.connect(postgres_url) as connection:
                names = [
                    row[0]
                    for row in connection.execute(
                        "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
                    )
                ]
                rows = [row for name in names for row in connection.execute(f'SELECT * FROM "{name}"')]
            return b"\n".join(
                value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row
            )

        return everything
