"""The anchor itself: a line of JSON for each checkpoint, in the order in which they came."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from consentcore.api import AnchorProblem, BadNote, Checkpoint, Note, TreeHead

_ASIDE = ("size", "created_at", "key_id")


class FileAnchor:
    """See :class:`consentcore.api.ReadableAnchor`.

    The file may be on a file system that only lets one append (``chattr +a``). A line that was cut off, because the
    machine stopped or the disk was full, is left as it is, and counts for nothing.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def publish(self, checkpoint: Checkpoint) -> None:
        """Append a line; it is on the disk when this returns.

        :raises AnchorProblem: when it was not kept.
        """
        facts: dict[str, object] = {name: getattr(checkpoint, name) for name in _ASIDE}
        facts |= {
            "root": checkpoint.root.hex(),
            "signature": checkpoint.signature.hex(),
            "note": checkpoint.note,
        }
        line = json.dumps(facts, ensure_ascii=False).encode() + b"\n"
        with self._named():
            self._append(line)

    def _append(self, line: bytes) -> None:
        handle = os.open(self._file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640)
        try:
            with suppress(OSError):  # not every network file system can lock; lines are written whole anyway
                fcntl.flock(handle, fcntl.LOCK_EX)
            end = os.fstat(handle).st_size
            cut_off = end > 0 and os.pread(handle, 1, end - 1) != b"\n"
            _write_all(handle, b"\n" + line if cut_off else line)
            os.fsync(handle)
        finally:
            os.close(handle)
        if end == 0:
            _keep_name(self._file)

    def newest(self, origin: str) -> str:
        """The note of the greatest size of a log; "" when there is none, or not even a file.

        :raises AnchorProblem: when it cannot be read.
        """
        best, size = "", -1
        with self._named():
            for note in self._notes(f"{origin}\n"):
                with suppress(BadNote):
                    head = TreeHead.read(Note.read(note).text)
                    if head.origin == origin and head.size > size:
                        best, size = note, head.size
        return best

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Say of what goes wrong which file it was: of other errors the log tells nothing but their kind."""
        try:
            yield
        except OSError as error:
            raise AnchorProblem(f"{self._file}: {error.strerror}") from error

    def _notes(self, first_line: str) -> Iterator[str]:
        try:
            file = self._file.open("rb")
        except FileNotFoundError:
            if self._file.parent.is_dir():
                return
            raise
        with file:
            for line in file:
                note = _note_of(line)
                if note.startswith(first_line):
                    yield note


def _note_of(line: bytes) -> str:
    """The note in a line; "" where the line is none of ours, or was cut off."""
    try:
        facts = json.loads(line)
    except ValueError:
        return ""
    note = facts.get("note") if isinstance(facts, dict) else None
    return note if isinstance(note, str) else ""


def _write_all(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]


def _keep_name(file: Path) -> None:
    """A new file is there after a power cut, too."""
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        with suppress(OSError):
            os.fsync(folder)
    finally:
        os.close(folder)
