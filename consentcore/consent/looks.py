"""What verification looks at in one view of the storage, and what it may find there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from consentcore.consent.chain_check import WRONG_KIND

if TYPE_CHECKING:
    from consentcore.domain.event import ConsentEvent
    from consentcore.domain.grant import Grant
    from consentcore.ports.transactions import UnitOfWork

ORPHANS = 100


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as it was written. ``event_id`` is "" where the event itself is gone."""

    grant_id: str
    sequence: int | None
    event_id: str
    text: str


def chains(uow: UnitOfWork, page: Sequence[Grant]) -> dict[str, Sequence[ConsentEvent]] | None:
    """The chains of a page of grants, by grant; None where they have to be read one by one, to find the row that cannot
    be read or is in the chain of another grant."""
    ids = [grant.grant_id for grant in page]
    try:
        groups = [
            (grant_id, list(chain))
            for grant_id, chain in groupby(uow.ledger.of_grants(ids), key=attrgetter("grant_id"))
        ]
        found = dict(groups)
    except WRONG_KIND:
        return None
    return found if len(found) == len(groups) and found.keys() <= set(ids) else None


def judged(
    behind: Callable[[UnitOfWork, str], tuple[str, list[str]]],
    after: str,
    uow: UnitOfWork,
    problems: list[Problem],
) -> str:
    """Judge a page of records.

    :param behind: does so, and gives the last id and what is wrong.
    :returns: the last id, "" when there is no more.
    """
    last, wrong = behind(uow, after)
    problems += [Problem("", None, "", text) for text in wrong]
    return last


def orphans(uow: UnitOfWork, problems: list[Problem]) -> None:
    """Events without a grant."""
    for event in uow.ledger.orphans(ORPHANS):
        text = "the grant of this event is gone"
        problems.append(Problem(event.grant_id, event.sequence, event.event_id, text))


def uncovered(uow: UnitOfWork, problems: list[Problem]) -> None:
    """Events that have a place in the sequence which no checkpoint covers."""
    newest = uow.ledger.newest_checkpoint()
    for event in uow.ledger.leaves(newest.size if newest else 0, 1):
        text = f"it stands at place {event.leaf_index} of the sequence, which no checkpoint covers"
        problems.append(Problem(event.grant_id, event.sequence, event.event_id, text))
