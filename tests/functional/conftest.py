"""Platforms for journeys."""

from __future__ import annotations

import shutil

import pytest

from tests.support.command_line import Cli
from tests.support.platform import make_platform
from tests.support.sinks import Answer, http_sink


@pytest.fixture(params=[pytest.param("memory", marks=pytest.mark.slow), "sqlalchemy"])
def platform(request, tmp_path):
    """A platform on each bundled storage."""
    made = make_platform(tmp_path, storage=request.param)
    yield made
    made.runtime.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=[pytest.mark.slow, pytest.mark.postgres])])
def database(request, tmp_path):
    """A platform on a database that several write to at once."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
    made = make_platform(tmp_path, storage="sqlalchemy", url=url)
    yield made
    made.runtime.close()


@pytest.fixture(scope="session")
def initialised(tmp_path_factory):
    """A folder where `init` has run: migrating for every test would take most of the time."""
    folder = tmp_path_factory.mktemp("initialised")
    assert Cli(folder)("init").code == 0
    return folder


@pytest.fixture
def cli(tmp_path, initialised):
    """The command line with an INI of its own, whose storage is there."""
    shutil.copytree(initialised / "var", tmp_path / "var")
    return Cli(tmp_path)


@pytest.fixture(scope="module")
def sink():
    """Where applications wait for people who come back."""
    with http_sink() as one:
        one.answer = Answer(204)
        yield one
