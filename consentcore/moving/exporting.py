"""Moving out: reading everything into files, sorted, and from there into one."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from consentcore.domain.errors import InvalidInput
from consentcore.moving.errors import MoveRefused
from consentcore.moving.everything import Progress, movable, pages, tallied, unseen
from consentcore.moving.file import write_export
from consentcore.moving.records import line_of
from consentcore.moving.sorting import SortedLines, create
from consentcore.ports.moving import MOVED

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from consentcore.moving.tally import Tally
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.moving import MovedPage, MovingStorage

STEP = 20_000
"""Records between two looks at how far it has got: what is held in memory, and read again after a break."""


class Export:
    """One export. Broken off, it goes on where it was when it is run again with the same target.

    :param target: the file that it makes; its work lies beside it until then, in a folder of the same name and
        ``.part``.
    """

    def __init__(self, moving: MovingStorage, keys: KeyRing, target: Path) -> None:
        self._moving = moving
        self._keys = keys
        self._target = target
        self._work = target.with_name(f"{target.name}.part")

    def run(self, progress: Progress = unseen) -> Tally:
        """Export.

        :param progress: is told of records: each is read twice and written once.
        :returns: what is in the file.
        :raises InvalidInput: when the target is there already, its folder is not, or it is the standard output.
        :raises MoveRefused: when something has changed meanwhile, or somebody else is at it.
        """
        if self._target.name == "-" and len(self._target.parts) == 1:
            raise InvalidInput("TARGET", "expected a file, because it is written more than once; - is none")
        if self._target.exists():
            raise InvalidInput("TARGET", f"{self._target} is there already")
        if not self._target.parent.is_dir():
            raise InvalidInput("TARGET", f"there is no folder {self._target.parent}")
        self._work.mkdir(mode=0o700, exist_ok=True)
        with self._alone():
            lines = self._read(progress)
            path = self._work / "export"
            with create(path) as file:
                written = write_export(file, self._keys, _parts(lines), progress)
                file.flush()
                os.fsync(file.fileno())
            changed = written.differences(tallied(self._moving, progress=progress))
            if not changed:
                path.rename(self._target)
                _sync(self._target.parent)
        shutil.rmtree(self._work)
        if changed:
            raise MoveRefused(
                "what is stored has changed while it was exported; stop every serve and worker, and export again",
                *changed,
            )
        return written

    def _read(self, progress: Progress) -> dict[str, SortedLines]:
        """Read everything, from where it was broken off."""
        noted = self._noted()
        after, done = str(noted.get("following", "")), noted.get("done") is True
        sizes: Mapping[str, Mapping[str, int]] = noted.get("sizes", {})
        lines = {kind: SortedLines(self._work, kind, sizes.get(kind, {})) for kind in MOVED}
        since = 0
        for page in () if done else self._pages(after):
            for record in filter(movable, page.records):
                kind, line = line_of(record)
                lines[kind].add(line)
            since += len(page.records)
            progress(len(page.records))
            if since >= STEP or not page.following:
                self._note(page.following, lines)
                since = 0
        return lines

    def _pages(self, after: str) -> Iterator[MovedPage]:
        found = pages(self._moving, after)
        try:
            first = next(found)
        except ValueError:
            if not after:
                raise
            raise self._not_ours() from None
        yield first
        yield from found

    def _not_ours(self) -> MoveRefused:
        return MoveRefused(
            f"{self._work} holds the work of another export, out of another storage: remove it to begin anew"
        )

    def _note(self, following: str, lines: Mapping[str, SortedLines]) -> None:
        sizes = {kind: one.write_down() for kind, one in lines.items()}
        facts = {"following": following, "done": not following, "sizes": sizes}
        new = self._work / "progress.new"
        with create(new) as file:
            file.write(json.dumps(facts).encode())
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._work / "progress")
        _sync(self._work)

    def _noted(self) -> dict[str, Any]:
        try:
            found = json.loads((self._work / "progress").read_bytes())
        except FileNotFoundError:
            return {}
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise self._not_ours()
        return found

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with create(self._work / "lock") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise MoveRefused(f"somebody else exports to {self._target}") from None
            yield


def _parts(lines: Mapping[str, SortedLines]) -> Iterator[tuple[str, int, Iterable[bytes]]]:
    return ((kind, len(theirs), theirs) for kind, theirs in lines.items())


def _sync(folder: Path) -> None:
    """Let names in a folder be there after a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
