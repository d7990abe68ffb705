"""Files of commands: who may read them, and what is said where there is no room."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from consentcore.cli.writing import naming, private
from tests.support.command_line import call


def test_nobody_else_reads_what_is_written_even_where_they_read_what_was_there(tmp_path):
    path = tmp_path / "personal"
    path.write_text("for everybody")
    path.chmod(0o644)
    with private(path) as file:
        file.write("Zoë")
        assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text(encoding="utf-8") == "Zoë"


def test_full_disk_is_said_with_the_file():
    with (
        pytest.raises(OSError, match=r"/dev/full: No space left on device") as caught,
        private(Path("/dev/full")) as file,
    ):
        file.write("x" * 100_000)
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, None)


@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "full", "/its/own"), ConnectionResetError(errno.ECONNRESET, "gone")],
    ids=["named", "network"],
)
def test_what_names_a_file_or_is_no_file_stays_as_it_is(error):
    with pytest.raises(OSError, match="full|gone") as caught, naming(Path("/x")):
        raise error
    assert caught.value is error


def test_command_that_finds_no_room_says_for_what(tmp_path, monkeypatch):
    def full(*_arguments, **_named):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    result = call("plugins", "new", "notifier", "my_chat", "--folder", str(tmp_path / "new"))
    assert (result.code, result.err) == (75, f"Error: {tmp_path}/new: No space left on device\n")
