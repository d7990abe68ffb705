"""Lines in the order of their bytes, however many there are: parts in files, which are merged in the end."""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO

MOST_RUNS = 100
"""Files that are read at once."""


class SortedLines:
    """Lines of one kind in a folder. What :meth:`write_down` has written is there after a restart.

    :param folder: where the files are; it is there.
    :param sizes: what :meth:`write_down` said last; whatever else lies there is forgotten.
    """

    def __init__(self, folder: Path, kind: str, sizes: Mapping[str, int]) -> None:
        self._folder = folder
        self._kind = kind
        self._buffer: list[bytes] = []
        self._last = b""
        self._sizes: dict[str, int] = {}
        self._count = 0
        for path in folder.glob(f"{kind}.*"):
            if path.name not in sizes:
                path.unlink()
        for name, size in sizes.items():
            os.truncate(folder / name, size)
            self._sizes[name] = size
            with (folder / name).open("rb") as file:
                self._count += sum(1 for _ in file)

    def __len__(self) -> int:
        return self._count

    def add(self, line: bytes) -> None:
        """Take a line."""
        self._buffer.append(line)
        self._count += 1

    def write_down(self) -> Mapping[str, int]:
        """Write what was taken since the last time, to the disk; the sizes of all files."""
        if self._buffer:
            self._buffer.sort()
            # What comes in order, as it does from most storages, is one file.
            name = next(reversed(self._sizes), "") if self._last and self._buffer[0] >= self._last else ""
            name = name or f"{self._kind}.{len(self._sizes):06}"
            with create(self._folder / name, append=True) as file:
                file.writelines(self._buffer)
                file.flush()
                os.fsync(file.fileno())
                self._sizes[name] = file.tell()
            self._last, self._buffer = self._buffer[-1], []
        return dict(self._sizes)

    def __iter__(self) -> Iterator[bytes]:
        """All lines in order, of what was written down."""
        paths = [self._folder / name for name in self._sizes]
        with ExitStack() as files:
            if len(paths) > MOST_RUNS:
                paths = self._in_fewer(paths)
            yield from heapq.merge(*(files.enter_context(path.open("rb")) for path in paths))

    def _in_fewer(self, paths: list[Path], level: int = 0) -> list[Path]:
        merged = []
        for start in range(0, len(paths), MOST_RUNS):
            into = self._folder / f"{self._kind}.merged{level}.{start:06}"
            with ExitStack() as files:
                parts = [files.enter_context(path.open("rb")) for path in paths[start : start + MOST_RUNS]]
                files.enter_context(create(into)).writelines(heapq.merge(*parts))
            merged.append(into)
        return merged if len(merged) <= MOST_RUNS else self._in_fewer(merged, level + 1)


def create(path: Path, *, append: bool = False) -> IO[bytes]:
    """Open a file to write that nobody else on the machine may read.

    :param append: behind what is there; else in its place.
    """
    flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if append else os.O_TRUNC)
    return os.fdopen(os.open(path, flags, 0o600), "ab" if append else "wb")
