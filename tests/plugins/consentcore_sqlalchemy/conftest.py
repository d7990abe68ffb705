"""The SQL storage on both databases."""

from __future__ import annotations

import pytest

from consentcore.testing.scenario import populate
from tests.support.postgres import storage_at


@pytest.fixture
def sqlite_path(tmp_path):
    return tmp_path / "var" / "consentcore.sqlite"


@pytest.fixture
def sqlite_storage(sqlite_path):
    storage = storage_at(f"sqlite:///{sqlite_path}", busy_timeout_s=0.2)
    storage.migrate()
    yield storage
    storage.close()


@pytest.fixture
def postgres_storage(postgres_url):
    storage = storage_at(postgres_url)
    yield storage
    storage.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def storage(request):
    return request.getfixturevalue(f"{request.param}_storage")


@pytest.fixture
def world(storage):
    return populate(storage)
