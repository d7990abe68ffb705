"""How every command ends when something is not as it should be: design.md §6, sysexits.h, and never a traceback.

1 is kept for what was looked at and found: a night's `audit verify` must not take a database that is away for
tampering.
"""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, redirect_stderr, redirect_stdout, suppress
from pathlib import Path

import pytest

from consentcore.cli.main import run
from tests.support import tiny_plugins as tiny
from tests.support.command_line import Cli
from tests.support.commands import CONFIGURED, ENDING, FOUND, NEEDING_ONE, ON_STORAGE, RUN_UNTIL_TOLD, words
from tests.support.patience import eventually
from tests.support.ports import reserved_port

PASSWORD = b"correct horse battery\n"
CALL = [sys.executable, "-m", "consentcore.cli.main"]


@pytest.fixture(autouse=True)
def somewhere_else(tmp_path, monkeypatch):
    """Some commands write where they are called."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture
def away(cli, tmp_path):
    """A database whose folder cannot be made, and nobody to ask."""
    (tmp_path / "file").write_text("")
    text = cli.ini.read_text().replace("%(here)s/var/consentcore.sqlite", "%(here)s/file/x.sqlite")
    cli.ini.write_text(text)
    return cli


def test_every_command_is_among_those_that_are_tried():
    assert set(FOUND) >= set(RUN_UNTIL_TOLD)
    assert len(ENDING) > 30


@pytest.mark.parametrize("path", ON_STORAGE)
def test_a_storage_that_does_not_answer_is_75(away, tmp_path, path):
    result = away(*words(path, tmp_path), stdin=PASSWORD)
    assert result.code == 75, result
    assert str(tmp_path / "file" / "x.sqlite") in result.err


@pytest.mark.parametrize("path", ON_STORAGE)
def test_a_server_that_does_not_answer_is_75(cli, tmp_path, path):
    with reserved_port() as port:  # nobody listens there
        url = f"postgresql://u:secret-word@127.0.0.1:{port}/x"
        cli.ini.write_text(cli.ini.read_text().replace("sqlite:///%(here)s/var/consentcore.sqlite", url))
        result = cli(*words(path, tmp_path), stdin=PASSWORD)
    assert result.code == 75, result
    assert "the database cannot be reached" in result.err
    assert "secret-word" not in result.out + result.err


@pytest.mark.parametrize("path", ON_STORAGE)
def test_a_locked_database_is_75(cli, tmp_path, path):
    cli.set("consentcore.plugin.sqlalchemy.busy_timeout_s = 0")
    with closing(sqlite3.connect(tmp_path / "var" / "consentcore.sqlite", isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        result = cli(*words(path, tmp_path), stdin=PASSWORD)
    assert result.code == 75, result
    assert "locked" in result.err


@pytest.mark.parametrize("path", ON_STORAGE)
def test_a_database_that_was_not_made_is_75_and_is_not_made_by_the_way(tmp_path, path):
    cli = Cli(tmp_path)
    assert cli("keys", "create", str(tmp_path / "var" / "keys"), ini=False).code == 0
    result = cli(*words(path, tmp_path), stdin=PASSWORD)
    if path == "init":
        assert result.code == 0
        return
    assert result.code == (1 if path == "plugins check" else 75), result
    assert "consentcore init" in result.err
    assert not (tmp_path / "var" / "consentcore.sqlite").exists()


@pytest.mark.parametrize("path", CONFIGURED)
def test_a_configuration_that_is_not_in_order_is_78(cli, tmp_path, path):
    cli.set("consentcore.oauth.code_ttl_s = soon")
    result = cli(*words(path, tmp_path), stdin=PASSWORD)
    assert result.code == 78, result
    assert "expected a whole number" in result.err


@pytest.mark.parametrize("path", [*CONFIGURED, "serve", "worker"])
def test_a_configuration_that_cannot_be_read_is_78(tmp_path, path):
    cli = Cli(tmp_path)
    for spoil in (
        lambda ini: ini.write_bytes(b"[app:main]\nconsentcore.issuer = \xff\n"),
        lambda ini: ini.write_text("no section\n"),
        lambda ini: ini.unlink(),
        lambda ini: ini.mkdir(),
    ):
        spoil(cli.ini)
        result = cli(*words(path, tmp_path), stdin=PASSWORD)
        assert result.code == 78, result
        assert str(cli.ini) in result.err


@pytest.mark.parametrize("path", [*NEEDING_ONE, "serve", "worker"])
def test_no_configuration_is_wrong_use(cli, tmp_path, path):
    result = cli(*words(path, tmp_path), stdin=PASSWORD, ini=False)
    assert result.code == 2, result
    assert "-c INI" in result.err


@pytest.mark.parametrize("path", sorted(FOUND))
def test_an_option_or_a_word_too_many_is_wrong_use(cli, tmp_path, path):
    for more in ("--nonsense", "one-too-many"):
        if path == "plugins check" and more == "one-too-many":
            continue  # a plugin's name
        result = cli(*words(path, tmp_path), more, *(["x"] if path == "webhooks replay" else []))
        assert result.code == 2, result
        assert result.err


TAKING_TEXT = [path for path in ENDING if words(path, Path(), "x") != path.split()]


@pytest.mark.parametrize("path", TAKING_TEXT)
def test_no_text_on_the_command_line_ends_in_a_traceback(cli, tmp_path, path):
    for value in ("\udcff", "\x1b[2J\u202e", "9" * 5000, ""):
        result = cli(*words(path, tmp_path, value), stdin=PASSWORD)
        assert result.code in (0, 1, 2), result
        assert "--debug shows where" not in result.err


def test_a_number_that_is_none_is_wrong_use(cli):
    result = cli("client", "rotate-secret", "x", "--keep-hours", "nan")
    assert (result.code, "--keep-hours" in result.err) == (2, True)


@pytest.mark.parametrize("at", ["1" * 13, "9" * 30])
def test_a_time_that_no_calendar_has_is_wrong_use(cli, tmp_path, at):
    result = cli("webhooks", "fixtures", "--out", str(tmp_path / "x"), "--at", at, ini=False)
    assert (result.code, "--at" in result.err) == (2, True)


@pytest.mark.parametrize("since", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "999999999d"])
def test_times_at_the_ends_of_the_calendar_are_times(cli, since):
    assert cli("webhooks", "deliveries", "--since", since).code in (0, 2)


class Closed:
    """Standard output whose reader has gone."""

    encoding = "utf-8"
    errors = "strict"

    def write(self, text):
        raise BrokenPipeError(32, "Broken pipe")

    def flush(self): ...

    def isatty(self):
        return False

    def fileno(self):
        raise OSError("none of ours")


@pytest.mark.parametrize("path", sorted(FOUND))
def test_a_reader_that_has_gone_is_141_for_every_command(path):
    with redirect_stdout(Closed()):
        assert run([*path.split(), "--help"]) == 141


def test_a_full_disk_under_the_output_is_75(cli):
    script = f'exec "$@" -c {cli.ini} > /dev/full'
    done = subprocess.run(
        ["sh", "-c", script, "sh", *CALL, "audit", "verify"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (75, "Error: No space left on device\n")


@pytest.mark.parametrize(
    ("close", "code"), [(">&-", 0), ("2>&-", 0), (">&- 2>&-", 0), ("| exec true", 0), ("2>&1 >/dev/null", 0)]
)
def test_streams_that_are_closed_are_no_traceback(cli, close, code):
    script = f'"$@" -c {cli.ini} {close}'
    done = subprocess.run(
        ["sh", "-c", script, "sh", *CALL, "audit", "verify"], capture_output=True, text=True, check=False
    )
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_a_pipe_into_head_ends_without_a_word(cli):
    script = f'set -o pipefail; for i in 1; do "$@" -c {cli.ini}; done | head -c 1'
    done = subprocess.run(
        ["bash", "-c", script, "sh", *CALL, "plugins", "list"], capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 141)
    assert done.stderr == ""


def test_ctrl_c_is_130(cli):
    command = [
        *CALL,
        "owner",
        "set-password",
        "--email",
        "new@example.org",
        "--password-stdin",
        "-c",
        str(cli.ini),
    ]
    assert cli(*words("owner create", cli.folder), stdin=PASSWORD).code == 0
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        eventually(lambda: "consentcore.sqlite" in opened_by(process.pid))
        eventually(lambda: interrupted(process))
        err = process.stderr.read()
    assert (process.returncode, err.strip()) == (130, "interrupted")


def interrupted(process):
    """Press Ctrl-C as people do, until it helps, with the input still open."""
    process.send_signal(signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(5)
    return process.returncode is not None


def opened_by(pid):
    """Names of its open files; none where one was closed while they were listed."""
    with suppress(FileNotFoundError):
        return {one.readlink().name for one in Path(f"/proc/{pid}/fd").iterdir()}
    return set()


FOREIGN = """
    import sys
    import click
    from consentcore.api import PluginInfo, PluginKind, StorageUnavailable, hookimpl

    @hookimpl
    def consentcore_plugin():
        return PluginInfo("strange", PluginKind.EXTENSION, "Adds commands.")

    def fail(error):
        raise error

    WAYS = {
        "away": lambda: fail(StorageUnavailable("nobody answers")),
        "network": lambda: fail(ConnectionRefusedError(111, "Connection refused")),
        "pipe": lambda: fail(BrokenPipeError(32, "Broken pipe")),
        "bug": lambda: fail(ZeroDivisionError("x")),
        "exit": lambda: sys.exit(),
        "words": lambda: sys.exit("it is not so"),
        "three": lambda: sys.exit(3),
        "many": lambda: sys.exit(256),
        "true": lambda: True,
        "text": lambda: "text",
        "interrupt": lambda: fail(KeyboardInterrupt()),
        "own": lambda: fail(click.ClickException("two\\nlines")),
    }

    @hookimpl
    def consentcore_cli(group):
        @group.command("strange")
        @click.argument("way")
        def strange(way):
            return WAYS[way]()
"""


@pytest.fixture
def foreign(cli, tmp_path, monkeypatch):
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    tiny.install(site, "strange", "1.0", code=FOREIGN, strange="tiny_strange")
    cli.set("consentcore.extensions = strange")
    return cli


@pytest.mark.parametrize(
    ("way", "code", "said"),
    [
        ("away", 75, "Error: nobody answers\n"),
        ("network", 75, "Error: Connection refused\n"),
        ("pipe", 75, "Error: Broken pipe\n"),
        ("bug", 75, "Error: ZeroDivisionError: x ({site}/tiny_strange.py line 11, --debug shows where)\n"),
        ("exit", 0, ""),
        ("words", 1, "it is not so\n"),
        ("three", 3, ""),
        ("many", 1, ""),
        ("true", 0, ""),
        ("text", 0, ""),
        ("interrupt", 130, "interrupted\n"),
        ("own", 1, "Error: two\nlines\n"),
    ],
)
def test_commands_of_plugins_end_likewise(foreign, way, code, said):
    result = foreign("strange", way)
    site = foreign.folder / "site"
    assert (result.code, result.err.lstrip("\n")) == (code, said.replace("{site}", str(site)))


def test_debug_shows_where_and_keeps_the_code(foreign):
    import io

    err = io.StringIO()
    with redirect_stderr(err):
        code = run(["strange", "bug", "--debug", "-c", str(foreign.ini)])
    assert code == 75
    assert "Traceback" in err.getvalue()
