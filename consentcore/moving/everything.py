"""All records of a storage but those that say how far a move has got."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from consentcore.moving.records import line_of
from consentcore.moving.tally import Tally
from consentcore.ports.tlog import LogObject

if TYPE_CHECKING:
    from consentcore.ports.moving import Moved, MovedPage, MovingStorage

FOLDER = "moving"
"""Of what a move itself keeps in the log's objects; it never moves."""
PAGE = 1000
Progress = Callable[[int], object]


def unseen(_done: int) -> None:
    """Nobody looks at the progress."""


def pages(moving: MovingStorage, after: str = "") -> Iterator[MovedPage]:
    """The pages of a storage, from behind ``after`` on."""
    while True:
        page = moving.read(after, limit=PAGE)
        yield page
        after = page.following
        if not after:
            return


def movable(record: Moved) -> bool:
    """Whether it is not the move's own."""
    return not (isinstance(record, LogObject) and record.path.startswith(f"{FOLDER}/"))


def tallied(
    moving: MovingStorage, counts: Callable[[Moved], bool] = movable, progress: Progress = unseen
) -> Tally:
    """Read everything and count what ``counts`` says counts."""
    found = Tally()
    for page in pages(moving):
        for record in filter(counts, page.records):
            found.add(*line_of(record))
        progress(len(page.records))
    return found
