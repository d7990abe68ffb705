"""`init`: what it makes, and what it leaves alone."""

from __future__ import annotations

import fcntl
import sqlite3
import stat
import threading

import pytest

from consentcore.config import load_ini
from consentcore.configured_keys import missing_keys
from consentcore.domain.errors import StorageUnavailable
from consentcore_memory import MemoryStorage
from tests.support.command_line import Cli, create_client, create_owner
from tests.support.patience import PATIENCE_S


def test_init_makes_keys_and_database_and_says_so(tmp_path):
    cli = Cli(tmp_path)
    first = cli("init")
    assert first.code == 0
    assert "made the key ring" in first.err
    assert stat.S_IMODE((tmp_path / "var" / "keys").stat().st_mode) == 0o600
    keys = (tmp_path / "var" / "keys").read_bytes()
    second = cli("init")
    assert (second.code, second.err.strip()) == (0, "nothing to do, everything is there")
    assert (tmp_path / "var" / "keys").read_bytes() == keys


@pytest.mark.parametrize("kind", ["application", "person"])
def test_init_makes_no_keys_for_what_lost_ones_have_sealed(cli, kind):
    """With others no password opens and no webhook secret is readable, and the copy would come too late."""
    assert (create_client(cli) if kind == "application" else create_owner(cli)).code == 0
    path = cli.folder / "var" / "keys"
    kept = path.rename(cli.folder / "kept")
    refused = cli("init")
    assert refused.code == 78
    assert "consentcore.keys: there is no file" in refused.err
    assert "bring it back from its copy" in refused.err
    assert not path.exists()
    kept.rename(path)
    assert cli("audit", "verify").code == 0


def test_init_makes_no_keys_for_an_older_database_either(cli):
    """Which it can read only after it has migrated it."""
    create_client(cli)
    path = cli.folder / "var" / "keys"
    path.unlink()
    with sqlite3.connect(cli.folder / "var" / "consentcore.sqlite") as database:
        database.execute("ALTER TABLE client DROP COLUMN grant_management")
        database.execute("ALTER TABLE consent_grant DROP COLUMN refresh_from")
        database.execute("UPDATE consentcore_sqlalchemy_version SET version_num = '0025'")
    database.close()
    assert cli("init").code == 78
    assert not path.exists()


def test_an_init_that_fails_takes_no_keys_from_one_that_began_after_it(tmp_path, monkeypatch):
    """Two nodes on one folder: what the second has sealed must not be left without its keys."""
    config = load_ini(Cli(tmp_path).ini)
    second_is_at_it, found = threading.Event(), []
    lock = fcntl.flock

    def told(*arguments):
        if threading.current_thread() is not threading.main_thread():
            second_is_at_it.set()
        lock(*arguments)

    monkeypatch.setattr(fcntl, "flock", told)

    def second():
        with missing_keys(config, MemoryStorage) as made:
            second_is_at_it.set()
            found.append(made)

    thread = threading.Thread(target=second)

    def first_fails():
        with missing_keys(config, MemoryStorage):
            thread.start()
            assert second_is_at_it.wait(PATIENCE_S)
            raise StorageUnavailable("the database is away")

    with pytest.raises(StorageUnavailable):
        first_fails()
    thread.join(PATIENCE_S)
    assert found == [tmp_path / "var" / "keys"]
    assert found[0].exists()


def test_init_makes_no_keys_for_a_storage_that_does_not_answer(tmp_path):
    """What it holds may have been sealed by others, whose file is not there yet either."""
    cli = Cli(tmp_path)
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "consentcore.sqlite").mkdir()
    refused = cli("init")
    assert refused.code in {75, 78}
    assert "made the key ring" not in refused.err
    assert not (tmp_path / "var" / "keys").exists()


def test_init_answers_in_json(tmp_path):
    answer = Cli(tmp_path)("init", "--json").json
    assert answer["problems"] == []
    assert len(answer["steps"]) >= 2
    assert not [step for step in answer["steps"] if "\n" in step]  # each is one line on a terminal


def test_init_makes_no_keys_where_the_environment_has_them(tmp_path, monkeypatch):
    cli = Cli(tmp_path)
    monkeypatch.setenv("CONSENTCORE_KEYS", "env:MASTER")
    monkeypatch.setenv("MASTER", "A" * 43)
    assert cli("init").code == 0
    assert not (tmp_path / "var" / "keys").exists()


@pytest.mark.parametrize(
    ("step", "error"),
    [
        ("tempfile.mkstemp", PermissionError(13, "Permission denied", "/etc/.draft")),
        ("os.fsync", OSError(28, "No space left on device")),
    ],
)
def test_a_key_file_that_cannot_be_made_is_named(cli, tmp_path, monkeypatch, step, error):
    def refuse(*_arguments, **_options):
        raise error

    path = tmp_path / "fresh"
    with monkeypatch.context() as patched:
        patched.setattr(step, refuse)
        result = cli("keys", "create", str(path), ini=False)
    assert (result.code, result.err) == (1, f"Error: {path}: {error.strerror}\n")
    assert list(tmp_path.glob(".fresh*")) == []


def test_storage_that_is_not_there_is_a_message(cli, tmp_path):
    (tmp_path / "file").write_text("")
    cli.ini.write_text(
        cli.ini.read_text().replace("%(here)s/var/consentcore.sqlite", "%(here)s/file/x.sqlite")
    )
    assert cli("client", "list").code == 75


def test_storage_that_was_not_initialised_is_a_message(tmp_path):
    cli = Cli(tmp_path)
    assert cli("keys", "create", str(tmp_path / "var" / "keys"), ini=False).code == 0
    result = cli("client", "list")
    assert result.code == 75
    assert result.err.startswith("Error: ")


def test_lost_keys_are_not_replaced_while_there_is_evidence(tmp_path):
    from tests.support.platform import connect, make_platform

    platform = make_platform(tmp_path, storage="sqlalchemy")
    connect(platform)
    platform.runtime.close()
    (tmp_path / "keys").unlink()
    cli = Cli(tmp_path)
    cli.ini = tmp_path / "platform.ini"
    text = (tmp_path / "test.ini").read_text()
    cli.ini.write_text(
        text.replace("%(here)s/var/keys", f"{tmp_path}/keys").replace("/var/consentcore", "/consentcore")
    )
    result = cli("init")
    assert result.code == 78
    assert "bring it back" in result.err
    assert not (tmp_path / "keys").exists()
