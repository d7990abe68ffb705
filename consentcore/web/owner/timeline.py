"""The life of a permission as a line with marks: where each stands, and what it is called.

The line is drawn as wide as there is room (percents, no view box), so marks and type keep their size; the same marks
are listed as text beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from consentcore.consent.resource_words import listed
from consentcore.consent.story import EventFacts, Words
from consentcore.domain.event_kinds import event_kind
from consentcore.domain.message import Message, message

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from consentcore.domain.event import ConsentEvent
    from consentcore.domain.grant import Grant

GAP = 7.0
"""How far apart two marks stand at least, in per cent of the line; less where there are too many for it."""
MOST_MARKS = 12
"""Of a longer life the first mark and the latest ones are drawn; the history below tells all."""


MARGIN = 2.5
"""How far the line stands back from both sides, in per cent."""


class Shape(StrEnum):
    """What a mark looks like: something happened, now, something is to come, it is over."""

    HAPPENED = "happened"
    TODAY = "today"
    TO_COME = "to-come"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark.

    :ivar at: when, in milliseconds.
    :ivar x: where it stands on the line, in per cent from where reading begins.
    """

    shape: Shape
    at: int
    label: Message
    x: float = 0.0


@dataclass(frozen=True, slots=True)
class Timeline:
    """Marks in the order of time.

    :ivar direction: ``rtl`` where reading begins at the right.
    """

    marks: tuple[Mark, ...]
    direction: str = "ltr"

    @property
    def lived(self) -> float:
        """Where the solid part of the line ends: what is to come is dotted."""
        return max((mark.x for mark in self.marks if mark.shape is not Shape.TO_COME), default=0.0)

    def across(self, x: float) -> str:
        """A place as the drawing has it, from the left, such as ``12.5%``; the marks at the ends have room too."""
        place = MARGIN + x * (100 - 2 * MARGIN) / 100
        return f"{100 - place if self.direction == 'rtl' else place:.4g}%"


def timeline(
    grant: Grant, told: Iterable[tuple[ConsentEvent, EventFacts]], words: Words, now: int, direction: str
) -> Timeline:
    """Make the line of a permission.

    :param grant: as it stands now, with the end that it has come to.
    :param told: its events at the time at which they took effect, oldest first; those that leave its state as it
        is make no mark.
    :param now: milliseconds since the epoch.
    """
    known = [(event, facts) for event, facts in told if event_kind(event.type).state_after is not None]
    marks = [_mark(event, facts, words) for event, facts in known]
    if grant.is_active(now):
        marks.append(Mark(Shape.TODAY, now, message("today")))
        marks.append(Mark(Shape.TO_COME, grant.expires_at, message("ends")))
    return Timeline(tuple(placed(_few(marks))), direction)


def _mark(event: ConsentEvent, facts: EventFacts, words: Words) -> Mark:
    kind = event_kind(event.type)
    if kind.ends:
        return Mark(Shape.OVER, event.occurred_at, message("ended"))
    if kind.begins:
        label = message("allowed") if kind.consenting else message("asked")
        return Mark(Shape.HAPPENED, event.occurred_at, label)
    return Mark(Shape.HAPPENED, event.occurred_at, _change(facts, words))


def _change(facts: EventFacts, words: Words) -> Message:
    before, after = facts.before.scopes, facts.after.scopes
    added = [words.scope(one)[1] for one in after if one not in before]
    removed = [words.scope(one)[1] for one in before if one not in after]
    if added and not removed:
        return message("%(labels)s added", labels=listed(added))
    if removed and not added:
        return message("%(labels)s taken away", labels=listed(removed))
    return message("changed")


def _few(marks: list[Mark]) -> list[Mark]:
    return marks if len(marks) <= MOST_MARKS else [marks[0], *marks[1 - MOST_MARKS :]]


def placed(marks: Sequence[Mark]) -> list[Mark]:
    """Marks in the order of time where they belong: by their time, and never on top of each other."""
    marks = sorted(marks, key=lambda mark: mark.at)
    if len(marks) < 2:
        return list(marks)
    first, whole = marks[0].at, max(marks[-1].at - marks[0].at, 1)
    gap = min(GAP, 100 / (len(marks) - 1))
    places = [100 * (mark.at - first) / whole for mark in marks]
    for index in range(1, len(places)):
        places[index] = max(places[index], places[index - 1] + gap)
    for index in range(len(places) - 1, -1, -1):
        places[index] = min(places[index], 100 - gap * (len(places) - 1 - index))
    return [replace(mark, x=round(x, 6)) for mark, x in zip(marks, places, strict=True)]
