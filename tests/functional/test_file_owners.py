"""Who may read what commands write: ``keys rotate`` by root must not shut the service out, or let others in."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from consentcore.domain.files import make_folder, private_file
from consentcore.keys import read_key_file, rotate_key_file
from tests.support.command_line import Cli

SERVICE = 12_345
"""The user and group that the service runs as; nobody has to know their names."""
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to others")


@pytest.fixture
def place():
    """A folder that others may enter, unlike those of pytest."""
    folder = Path(tempfile.mkdtemp(prefix="consentcore-owners-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def owned(path: Path) -> tuple[int, int, int]:
    found = path.lstat()
    return found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)


def given(path: Path, uid: int, gid: int, mode: int) -> None:
    os.chown(path, uid, gid)
    path.chmod(mode)


def as_user(uid: int, gid: int, work) -> int:
    """Do something as somebody else, in a process of its own; its exit code, 0 for True.

    They may be shut out of the checkout: what is done must need no file of it, nor an import.
    """
    pid = os.fork()
    if pid == 0:
        code = 99
        try:
            os.setgroups([])
            os.setgid(gid)
            os.setuid(uid)
            code = 0 if work() else 1
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def applications(database: Path) -> int:
    """How many there are, by somebody who may write, too."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        (count,) = connection.execute("SELECT count(*) FROM client").fetchone()
        connection.execute("UPDATE client SET name = name")
        connection.execute("COMMIT")
    return count


@as_root
@pytest.mark.parametrize(
    ("uid", "gid", "mode"),
    [(SERVICE, SERVICE, 0o600), (0, SERVICE, 0o640), (SERVICE, 0, 0o400), (0, 0, 0o600)],
)
def test_a_rotated_key_file_keeps_owner_group_and_mode(place, uid, gid, mode):
    cli = Cli(place)
    assert cli("init").code == 0
    path = place / "var" / "keys"
    path.parent.chmod(0o755)
    given(path, uid, gid, mode)
    for option in ((), ("--now",)):
        assert cli("keys", "rotate", *option).code == 0
        assert owned(path) == (uid, gid, mode)
    assert [one.name for one in path.parent.iterdir() if "keys" in one.name] == ["keys"]
    readers = (SERVICE, SERVICE)
    assert as_user(*readers, lambda: len(read_key_file(path)) == 3) == (0 if SERVICE in (uid, gid) else 99)


@as_root
def test_a_rotated_key_file_behind_a_link_leaves_the_link(place):
    cli = Cli(place)
    assert cli("init").code == 0
    path, target = place / "var" / "keys", place / "elsewhere"
    path.rename(target)
    path.symlink_to(target)
    given(target, SERVICE, SERVICE, 0o600)
    assert cli("keys", "rotate").code == 0
    assert path.is_symlink()
    assert owned(target) == (SERVICE, SERVICE, 0o600)
    assert len(read_key_file(path)) == 2


@as_root
def test_whoever_may_not_give_a_file_away_keeps_its_group_or_closes_it(place):
    """A rotation by the service's own user of a file that root made: nobody gains by it."""
    path = place / "var" / "keys"
    cli = Cli(place)
    assert cli("keys", "create", str(path), ini=False).code == 0
    given(path.parent, SERVICE, SERVICE, 0o755)
    given(path, 0, SERVICE, 0o640)
    assert as_user(SERVICE, SERVICE, lambda: rotate_key_file(path) is not None) == 0
    assert owned(path) == (SERVICE, SERVICE, 0o640)
    given(path, 0, SERVICE + 1, 0o644)
    assert as_user(SERVICE, SERVICE, lambda: rotate_key_file(path) is not None) == 0
    assert owned(path) == (SERVICE, SERVICE, 0o604)


@as_root
def test_what_root_makes_in_the_folder_of_the_service_is_the_services(place):
    given(place, SERVICE, SERVICE, 0o755)
    cli = Cli(place)
    assert cli("init").code == 0
    words = ("--name", "App", "--redirect-uri", "https://app.example/cb", "--scope", "comfort.read")
    assert cli("client", "create", *words).code == 0
    made = list((place / "var").rglob("*"))
    assert {one.name for one in made} >= {"keys", "consentcore.sqlite"}
    assert {owned(one)[:2] for one in [place / "var", *made]} == {(SERVICE, SERVICE)}
    database = place / "var" / "consentcore.sqlite"
    assert as_user(SERVICE, SERVICE, lambda: applications(database) == 1) == 0
    assert as_user(SERVICE + 1, SERVICE + 1, lambda: applications(database)) == 99


def test_what_is_made_beside_others_is_private(place):
    before = os.umask(0)
    try:
        make_folder(place / "a" / "b", 0o700)
        assert private_file(place / "a" / "b" / "c")
        assert not private_file(place / "a" / "b" / "c")
    finally:
        os.umask(before)
    assert [owned(place / one)[2] for one in ("a", "a/b", "a/b/c")] == [0o700, 0o700, 0o600]
    with pytest.raises(NotADirectoryError):
        make_folder(place / "a" / "b" / "c")


def test_no_command_but_init_makes_a_database(place):
    cli = Cli(place)
    cli("keys", "create", str(place / "var" / "keys"), ini=False)
    for call in (("client", "list"), ("plugins", "check"), ("audit", "verify")):
        assert cli(*call).code != 0
        assert [one.name for one in (place / "var").iterdir()] == ["keys"]
