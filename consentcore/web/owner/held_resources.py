"""What an owner has chosen, to take some of it away: by the chooser where it is too much for a plain list.

Nothing is offered that is not allowed already. Where everything of a kind is, what the directory has of it today is
listed, so that some of it can be named to stay instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from consentcore.domain.errors import InvalidInput
from consentcore.domain.resource import id_of, is_everything, kind_of, reference
from consentcore.hooks.resource_directories import asking
from consentcore.web.owner import resource_chooser
from consentcore.web.owner.resource_choice import Choice, read_choice
from consentcore.web.owner.resource_chooser import NAMED_ELSEWHERE, ROWS, Chooser, Row
from consentcore.web.owner.resource_form import ListPlace, ResourceForm

if TYPE_CHECKING:
    from pyramid.request import Request

    from consentcore.ports.resources import Resource


def wholly_held(held: Iterable[str]) -> tuple[str, ...]:
    """References that stand for everything of a kind."""
    return tuple(one for one in held if is_everything(one))


def concerns(chooser: Chooser, one: str) -> bool:
    """Whether a reference is one of those that the chooser lists."""
    return not chooser.kinds or kind_of(one) in {"", *chooser.kinds}


def build(
    request: Request, held: tuple[str, ...], *, action: str, posted: ResourceForm | None
) -> Chooser | None:
    """The chooser for what is held; None where the directory has nothing of it.

    :param held: references: what stands for everything of a kind alone, or else single ones.
    :param posted: what the form said, where the page is shown once more.
    :raises DirectoryUnavailable: when the directories cannot be asked.
    """
    whole = wholly_held(held)
    made = (
        _of_everything(request, whole, action, posted) if whole else _of_some(request, held, action, posted)
    )
    return None if made.empty else made


def read(request: Request, held: tuple[str, ...], chooser: Chooser, posted: ResourceForm) -> Choice:
    """What is to stay of it.

    :raises ChoiceProblem: when something of it is gone or too much.
    :raises InvalidInput: field ``resources``, for what is not held.
    :raises DirectoryUnavailable: when the directories cannot be asked.
    """
    if posted.everything and chooser.everything_standing:
        return Choice(wholly_held(held), {})
    if not chooser.everything_standing and not chooser.standing.keys() >= set(posted.chosen):
        raise InvalidInput("resources", "expected only what is chosen already")
    choice = read_choice(request, request.owner, chooser, replace(posted, everything=False))
    stored = {one if kind_of(one) else id_of(one) for one in held}
    # What an older release has stored without a kind keeps its form: it is the same choice.
    kept = (one if one in stored or id_of(one) not in stored else id_of(one) for one in choice.references)
    return Choice(tuple(sorted(kept)), choice.labels)


def _of_everything(
    request: Request, whole: tuple[str, ...], action: str, posted: ResourceForm | None
) -> Chooser:
    kinds = tuple(sorted({kind_of(one) for one in whole}))
    made = resource_chooser.build(
        request,
        request.owner,
        () if "" in kinds else kinds,
        action=action,
        standing=whole,
        posted=posted,
        required=False,
    )
    return replace(made, everything_offered=True, narrows=True)


def _of_some(request: Request, held: tuple[str, ...], action: str, posted: ResourceForm | None) -> Chooser:
    directories, place = request.runtime.directories, posted.moved() if posted else ListPlace()
    with asking(directories):
        known = directories.describe(request.owner, held)
    ordered = sorted(known.values(), key=lambda one: (one.group, one.label, one.resource_id))
    stands = {reference(one.kind, one.resource_id): one for one in ordered}
    chosen = tuple(dict.fromkeys(posted.chosen)) if posted else tuple(stands)
    found = _listed(stands, place, {*chosen, *(place.listed if posted and not posted.go else ())})
    rows = tuple(Row(stands[name], ticked=name in chosen, standing=True) for name in found[:ROWS])
    shown = {row.reference for row in rows}
    elsewhere = tuple(one for one in chosen if one not in shown)
    return Chooser(
        kinds=tuple(sorted({one.kind for one in ordered})),
        action=action,
        rows=rows,
        place=replace(place, listed=tuple(sorted(shown)) if place.only else ()),
        total=len(stands),
        more=rows[-1].reference if len(found) > ROWS else "",
        elsewhere=elsewhere,
        named_elsewhere=tuple(stands[one] for one in elsewhere if one in stands)[:NAMED_ELSEWHERE],
        chosen=len(chosen),
        gone=len(held) - len(known),
        everything_offered=False,
        everything=False,
        everything_standing=False,
        required=True,
        sole=None,
        standing=stands,
        narrows=True,
    )


def _listed(stands: dict[str, Resource], place: ListPlace, ticked: set[str]) -> list[str]:
    """What is found, from the page on that is shown. The cursor is the last one of the page before."""
    order, words = list(stands), place.query.casefold().split()
    start = order.index(place.after) + 1 if place.after in stands else 0
    return [
        name for name in order[start:] if (not place.only or name in ticked) and _says(stands[name], words)
    ]


def _says(one: Resource, words: Iterable[str]) -> bool:
    text = " ".join((one.label, one.detail, *one.group)).casefold()
    return all(word in text for word in words)
