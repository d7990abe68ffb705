"""``sqlite:///PATH``: the path is the path, letter by letter, whatever letters a folder has."""

from __future__ import annotations

import logging
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.command_line import Cli

NAMES = [
    "100%",
    "a%20b",
    "50%25",
    "%2e%2e",
    "what?",
    "x?mode=ro&uri=true",
    "x?timeout=9",
    "a#b",
    "a#main",
    "with blank",
    "tab;semi : colon",
    "Zoë ☃ עברית",
    "a&b=c@d:e",
    "[x]{y}~$HOME",
    "%(here)s",
    "file:x",
    "q\"uo'te\\back",
]
VARIABLE = "CONSENTCORE_PLUGIN__SQLALCHEMY__URL"


def files(folder: Path) -> set[str]:
    return {str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file()}


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_of_any_name_holds_its_own_database(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    cli = Cli(folder)
    assert cli("init").code == 0, cli("init").err
    assert cli("client", "list").code == 0
    assert files(tmp_path) == {f"{name}/test.ini", f"{name}/var/keys", f"{name}/var/consentcore.sqlite"}


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_any_name_is_the_one_that_is_named_in_the_environment(tmp_path, monkeypatch, name):
    cli = Cli(tmp_path)
    monkeypatch.setenv(VARIABLE, f"sqlite:///{tmp_path}/{name}.sqlite")
    assert cli("init").code == 0
    assert cli("client", "list").code == 0
    assert files(tmp_path) == {"test.ini", "var/keys", f"{name}.sqlite"}


@pytest.mark.parametrize(("name", "other"), [("a%20b", "a b"), ("50%25", "50%"), ("what?", "what")])
def test_the_database_of_a_folder_that_is_called_alike_is_left_alone(tmp_path, name, other):
    for each in (other, name):
        (tmp_path / each).mkdir()
        assert Cli(tmp_path / each)("init").code == 0
    given = ("--name", "App", "--redirect-uri", "https://app.example/cb", "--scope", "comfort.read")
    assert Cli(tmp_path / name)("client", "create", *given, "--client-id", "mine").code == 0
    assert [one["client_id"] for one in Cli(tmp_path / name)("client", "list", "--json").json] == ["mine"]
    assert Cli(tmp_path / other)("client", "list", "--json").json == []


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("my data/consent core.sqlite", "my%20data/consent%20core.sqlite"),
        ("consent core.sqlite", "consent%20core.sqlite"),
        ("plain.sqlite", "plain.sqlite?unknown=1"),
        ("plain.sqlite", "plain.sqlite?timeout=9&cached_statements=5"),
        ("plain.sqlite", "./plain.sqlite"),
        ("plain.sqlite", "plain.sqlite"),
    ],
)
def test_a_url_that_opened_a_database_goes_on_opening_it(tmp_path, monkeypatch, caplog, path, url):
    """26e6d57 read ``%20`` as a blank, and nothing behind ``?`` as the path: what was written for that stays good."""
    cli = Cli(tmp_path)
    (tmp_path / path).parent.mkdir(exist_ok=True)
    monkeypatch.setenv(VARIABLE, f"sqlite:///{tmp_path}/{path}")
    assert cli("init").code == 0
    before = files(tmp_path)
    monkeypatch.setenv(VARIABLE, f"sqlite:///{tmp_path}/{url}")
    with caplog.at_level(logging.WARNING, "consentcore.sqlalchemy"):
        assert cli("init").code == 0
        assert cli("client", "list").code == 0
    assert files(tmp_path) == before
    written_as_it_is = url in (path, f"./{path}") or "timeout" in url
    assert ("write the path in the URL as it is" in caplog.text) != written_as_it_is


def test_a_relative_path_starts_where_the_command_is_called(tmp_path, monkeypatch):
    cli = Cli(tmp_path)
    (tmp_path / "a b").mkdir()
    monkeypatch.chdir(tmp_path / "a b")
    monkeypatch.setenv(VARIABLE, "sqlite:///50%25.sqlite")
    assert cli("init").code == 0
    assert (tmp_path / "a b" / "50%25.sqlite").is_file()


@pytest.mark.parametrize("url", ["sqlite:///file:/srv/x?mode=ro&uri=true", "sqlite:///", "sqlite://host/x"])
def test_what_names_no_file_is_refused(tmp_path, monkeypatch, url):
    cli = Cli(tmp_path)
    monkeypatch.setenv(VARIABLE, url)
    result = cli("init")
    assert result.code == 78
    assert "consentcore.plugin.sqlalchemy.url" in result.err


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_new_database_is_read_by_its_owner_only(tmp_path):
    """Whatever the umask, and what SQLite puts beside it too."""
    before = os.umask(0o000)
    try:
        cli = Cli(tmp_path)
        (tmp_path / "var").mkdir()
        assert cli("init").code == 0
        path = tmp_path / "var" / "consentcore.sqlite"
        with closing(sqlite3.connect(path)) as reader:
            reader.execute("SELECT count(*) FROM client").fetchone()
            beside = [one for one in path.parent.iterdir() if one.name.startswith("consentcore.sqlite")]
            assert len(beside) == 3
            assert [mode(one) for one in beside] == [0o600] * 3
    finally:
        os.umask(before)


def test_a_database_that_all_may_read_is_left_so_and_reported(tmp_path):
    cli = Cli(tmp_path)
    assert cli("init").code == 0
    path = tmp_path / "var" / "consentcore.sqlite"
    path.chmod(0o644)
    done = subprocess.run(
        [sys.executable, "-m", "consentcore.cli.main", "plugins", "check", "-c", str(cli.ini)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert f"WARNING: {path} can be read by everybody on this machine; chmod 600 it" in done.stderr
    assert mode(path) == 0o644
