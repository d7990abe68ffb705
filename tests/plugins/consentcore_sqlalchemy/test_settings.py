"""The URL and the other settings."""

from __future__ import annotations

import re

import pytest

from consentcore.api import ConfigurationError, Secret
from consentcore_sqlalchemy.engine import open_database
from consentcore_sqlalchemy.settings import SqlSettings
from tests.support.postgres import storage_at


def database(url, **settings):
    return open_database(SqlSettings(url=Secret(url), **settings))


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("postgresql://u:p@h/d", "postgresql+psycopg"),
        ("postgres://u:p@h/d", "postgresql+psycopg"),
        ("postgresql+psycopg://u:p@h/d?sslmode=require", "postgresql+psycopg"),
        ("sqlite:////srv/x.sqlite", "sqlite"),
        (" sqlite:///x.sqlite ", "sqlite"),
    ],
)
def test_supported_urls(url, driver):
    assert database(url).engine.url.drivername == driver


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "not a database URL"),
        ("hunter2", "not a database URL"),
        ("postgresql://u:hunter2@h:notaport/d", "not a database URL"),
        ("mysql://u:hunter2@h/d", "'mysql' is not supported"),
        ("postgresql+psycopg2://u:hunter2@h/d", "'postgresql+psycopg2' is not supported"),
        ("sqlite://", "needs the path of a file"),
        ("sqlite:///:memory:", "needs the path of a file"),
    ],
)
def test_other_urls_are_refused_without_showing_them(url, says):
    with pytest.raises(ConfigurationError, match=re.escape(says)) as raised:
        database(url)
    assert "consentcore.plugin.sqlalchemy.url" in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_making_the_storage_connects_to_nothing(tmp_path):
    storage_at("postgresql://u:p@127.0.0.1:1/d").close()
    storage_at(f"sqlite:///{tmp_path}/var/x.sqlite").close()
    assert list(tmp_path.iterdir()) == []


def test_unreachable_server_is_a_problem_without_the_password():
    storage = storage_at("postgresql://ada:hunter2@127.0.0.1:1/d", connect_timeout_s=1)
    problems = " ".join(storage.check())
    assert "cannot be reached" in problems
    assert "hunter2" not in problems
    storage.close()


def test_password_is_in_no_representation():
    made = database("postgresql://ada:hunter2@h/d")
    assert "hunter2" not in repr(made) + repr(made.engine) + repr(
        SqlSettings(url=Secret("postgresql://a:hunter2@h/d"))
    )


def test_statement_timeout_joins_options_of_the_url():
    arguments = {}

    def capture(_dialect, _record, _args, kwargs):
        arguments.update(kwargs)
        raise ZeroDivisionError

    from sqlalchemy import event

    made = database(
        "postgresql://h/d?options=-c%20search_path%3Dx", statement_timeout_s=2.5, prepare_threshold=0
    )
    event.listen(made.engine, "do_connect", capture)
    with pytest.raises(ZeroDivisionError):
        made.engine.connect()
    assert arguments["options"] == "-c search_path=x -c statement_timeout=2500"
    assert arguments["prepare_threshold"] is None
