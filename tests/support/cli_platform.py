"""A platform on SQLite, and the command line on the same INI: ``platform`` and ``cli``, to be imported as fixtures."""

from __future__ import annotations

import pytest

from tests.support.command_line import Cli
from tests.support.platform import make_platform


@pytest.fixture
def platform(tmp_path):
    made = make_platform(tmp_path, storage="sqlalchemy")
    yield made
    made.runtime.close()


@pytest.fixture
def cli(platform, tmp_path):
    ini = (tmp_path / "test.ini").read_text()
    made = Cli(tmp_path)
    made.ini.write_text(ini)
    return made
