"""What the transparency log keeps beside the events: hashes in tiles, statements, cosignatures, who adds to it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class LogObject:
    """Bytes under a path.

    :ivar path: ASCII, at most 200 characters: a folder, ``/``, and a name in it that may have further ``/``.
    :ivar data: at most 300,000 bytes.
    """

    path: str
    data: bytes


class TlogRepository(Protocol):
    """Named objects: of the log, and what waits for its place in it. Purge leaves them."""

    def get(self, path: str, *, lock: bool = False) -> LogObject | None:
        """The object under that path, or None.

        :param lock: nobody else changes it before the end of this transaction, or the later one collides; where there
            is none yet, two may both make it.
        """
        ...

    def put(self, new: LogObject) -> None:
        """Store an object under its path, in place of what was there."""
        ...

    def list(self, folder: str, *, after: str = "", limit: int = 100) -> Sequence[LogObject]:
        """Objects of a folder by path, in the order of its characters, at most ``limit``.

        :param folder: the path up to its first ``/``, without it.
        :param after: path of the last one of the page before.
        """
        ...

    def remove(self, paths: Collection[str]) -> None:
        """Remove the objects of these paths for good; nothing happens where there is none.

        :param paths: at most 100.
        """
        ...
