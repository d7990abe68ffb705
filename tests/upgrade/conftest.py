"""Databases and wheels of commit 26e6d57."""

from __future__ import annotations

import pytest

from tests.upgrade.old_installation import (
    closing,
    install,
    load_dump,
    postgresql_installation,
    sqlite_installation,
)


@pytest.fixture(scope="session")
def wheels_of_then(tmp_path_factory):
    """A folder with every plugin of then: those that are for the API of today, and those that are not."""
    names = ("badge", "doorman", "pager", "pier", "shelf", "soon", "tomorrow", "town")
    return install(tmp_path_factory.mktemp("plugins") / "target", *names)


@pytest.fixture(scope="session")
def dump_of_then(postgres_server):
    """The name of a database with the PostgreSQL dump in it, to be copied."""
    name = postgres_server.create()
    load_dump(postgres_server.url(name))
    yield name
    postgres_server.drop(name)


@pytest.fixture
def postgres_of_then(postgres_server, dump_of_then):
    """A copy of it."""
    name = postgres_server.create(dump_of_then)
    yield postgres_server.url(name)
    postgres_server.drop(name)


@pytest.fixture
def ports():
    """Where mail and webhooks go; nowhere, unless a test has receivers."""
    return (9, 9)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def old(request, tmp_path, ports):
    """A database as it was left, not upgraded."""
    if request.param == "sqlite":
        house = sqlite_installation(tmp_path, ports)
    else:
        house = postgresql_installation(tmp_path, ports, request.getfixturevalue("postgres_of_then"))
    with closing(house):
        yield house


@pytest.fixture
def upgraded(old):
    """The same after `init`."""
    assert old.cli("init").code == 0
    return old
