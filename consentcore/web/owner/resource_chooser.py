"""The list of resources that somebody chooses from, as a page shows it.

Whatever page lets people choose uses it: :func:`build` for the page, the partial ``resource_chooser.jinja2`` in its
form, :mod:`consentcore.web.owner.resource_choice` for the answer. What is ticked when a page opens is what stands
already; nothing else is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from consentcore.domain.resource import chosen_of, is_everything, kind_of, reference
from consentcore.hooks.resource_directories import asking
from consentcore.ports.resources import Resource, ResourcePage
from consentcore.web.owner.resource_form import ListPlace, ResourceForm

if TYPE_CHECKING:
    from pyramid.request import Request

    from consentcore.domain.owner import Owner
    from consentcore.hooks.resource_directories import Directories

MANY = 10
"""From so many on a list is grouped and can be searched."""
ROWS = 100
"""Entries on one page of it."""
NAMED_ELSEWHERE = 20
"""Of what is chosen on other pages, so many are named."""


@dataclass(frozen=True)
class Row:
    """One entry. ``standing``: chosen earlier, and so far in force."""

    resource: Resource
    ticked: bool = False
    standing: bool = False

    @property
    def reference(self) -> str:
        """What the form calls it, and what a grant keeps."""
        return reference(self.resource.kind, self.resource.resource_id)

    @property
    def open(self) -> bool:
        """Whether it can be ticked; what stands can always be unticked."""
        return self.standing or not self.resource.unavailable


@dataclass(frozen=True)
class Chooser:
    """The list as a page shows it.

    :ivar kinds: of what is listed; empty for whatever there is.
    :ivar action: the address of the form.
    :ivar rows: those of this page of the list, in order.
    :ivar total: how many the list has, on all pages; None where that is not known.
    :ivar more: the cursor of what follows, or "".
    :ivar elsewhere: references that are chosen and not among the rows;
    :ivar named_elsewhere: the first of them.
    :ivar chosen: how many are chosen.
    :ivar gone: how many stand that the directory does not know any more.
    :ivar everything_offered: "all, also those that I add later" can be chosen;
    :ivar everything: is chosen;
    :ivar everything_standing: stood before.
    :ivar required: something has to be chosen.
    :ivar sole: the only thing there is to choose, which then needs no box.
    :ivar standing: what was chosen before and is known still, by reference, sorted.
    :ivar narrows: it can only be made smaller: nothing that is listed is new.
    """

    kinds: tuple[str, ...]
    action: str
    rows: tuple[Row, ...]
    place: ListPlace
    total: int | None
    more: str
    elsewhere: tuple[str, ...]
    named_elsewhere: tuple[Resource, ...]
    chosen: int
    gone: int
    everything_offered: bool
    everything: bool
    everything_standing: bool
    required: bool
    sole: Row | None
    standing: Mapping[str, Resource]
    narrows: bool = False

    @property
    def kind(self) -> str:
        """The one kind that is listed, or "" for several."""
        return self.kinds[0] if len(self.kinds) == 1 else ""

    @property
    def amends(self) -> bool:
        """Whether something was chosen before, so that what is new has to be told from it."""
        return not self.narrows and (bool(self.standing) or self.everything_standing)

    @property
    def many(self) -> bool:
        """Whether the list is grouped and can be searched."""
        return bool(
            self.place.query or self.place.only or self.more or self.place.trail or len(self.rows) >= MANY
        )

    @property
    def whole(self) -> bool:
        """Whether every entry there is stands on this page, so that a script may filter it."""
        return not (self.place.query or self.place.only or self.more or self.place.trail)

    @property
    def empty(self) -> bool:
        """Whether there is nothing at all to choose from."""
        return not self.rows and self.whole

    @property
    def groups(self) -> list[tuple[str, list[Row]]]:
        """The rows under their headings, of which one may be ""."""
        return [
            (" ▸ ".join(group), list(rows))
            for group, rows in groupby(self.rows, key=lambda row: row.resource.group)
        ]

    @property
    def defaults(self) -> dict[str, bool]:
        """How each control was when the page was made, for the evidence: ticked is only what stands."""
        found = {f"resource:{row.reference}": row.standing for row in self.rows if row is not self.sole}
        if self.everything_offered:
            found["resources_all"] = self.everything_standing
        return found

    @property
    def opened(self) -> Chooser:
        """The same as it opens, before anybody has ticked or unticked anything: what is shown, for the evidence."""
        rows = tuple(replace(row, ticked=row.standing) for row in self.rows)
        shown = {row.reference for row in rows}
        elsewhere = tuple(one for one in self.standing if one not in shown)
        return replace(
            self,
            rows=rows,
            sole=rows[0] if self.sole else None,
            elsewhere=elsewhere,
            named_elsewhere=tuple(self.standing[one] for one in elsewhere[:NAMED_ELSEWHERE]),
            chosen=len(self.standing),
            everything=self.everything_standing,
        )


def build(
    request: Request,
    owner: Owner,
    kinds: tuple[str, ...],
    *,
    action: str,
    standing: Sequence[str] = (),
    posted: ResourceForm | None = None,
    required: bool = True,
    may_have_everything: bool = True,
) -> Chooser:
    """Gather the list; asks the directories.

    :param kinds: to choose from; empty for whatever there is.
    :param action: the address of the form.
    :param standing: references of what was chosen before.
    :param posted: what the form said, where the page is shown once more; None when it opens.
    :param may_have_everything: where the directories allow it too.
    :raises DirectoryUnavailable: when they cannot be asked.
    """
    directories = request.runtime.directories
    place = posted.moved() if posted else ListPlace()
    counted = chosen_of(standing, kinds) if kinds else tuple(standing)
    with asking(directories):
        before = directories.describe(owner, counted)
        stands = _by_reference(before.values())
        chosen = tuple(dict.fromkeys(sorted(posted.chosen if posted else stands)))
        if place.only:
            found = _only_chosen(directories, owner, place, posted, chosen)
        else:
            found = directories.page(owner, kinds, query=place.query, after=place.after, limit=ROWS)
        rows = _rows(found.resources, chosen, stands)
        shown = {row.reference for row in rows}
        elsewhere = tuple(one for one in chosen if one not in shown)
        named = directories.describe(owner, elsewhere[:NAMED_ELSEWHERE])
    ever = any(is_everything(one) and (not kinds or kind_of(one) in kinds) for one in standing)
    offered = may_have_everything and bool(kinds) and directories.allows_everything(kinds)
    whole = ListPlace() == place and not found.next_after
    return Chooser(
        kinds=kinds,
        action=action,
        rows=rows,
        place=replace(place, listed=tuple(sorted(shown)) if place.only else ()),
        total=found.total,
        more=found.next_after,
        elsewhere=elsewhere,
        named_elsewhere=tuple(named.values()),
        chosen=len(chosen),
        gone=len({one for one in counted if not is_everything(one)}) - len(before),
        everything_offered=offered and bool(rows or not whole),
        everything=posted.everything if posted else ever,
        everything_standing=ever,
        required=required,
        sole=rows[0] if required and whole and len(rows) == 1 and rows[0].open else None,
        standing=stands,
    )


def _by_reference(resources: Iterable[Resource]) -> dict[str, Resource]:
    """What form and grant call each of them, sorted."""
    found = {reference(one.kind, one.resource_id): one for one in resources}
    return {name: found[name] for name in sorted(found)}


def _rows(
    resources: Sequence[Resource], chosen: Collection[str], stands: Mapping[str, Resource]
) -> tuple[Row, ...]:
    ticked = set(chosen)
    named = [(reference(one.kind, one.resource_id), one) for one in resources]
    return tuple(Row(one, ticked=name in ticked, standing=name in stands) for name, one in named)


def _only_chosen(
    directories: Directories,
    owner: Owner,
    place: ListPlace,
    posted: ResourceForm | None,
    chosen: tuple[str, ...],
) -> ResourcePage:
    """What is chosen, a page of it; what was listed, where the page is made again."""
    if posted is not None and not posted.go:
        wanted, more = list(place.listed), posted.more
    else:
        ahead = sorted(one for one in chosen if one > place.after)
        wanted = ahead[:ROWS]
        more = wanted[-1] if len(ahead) > ROWS else ""
    known = directories.describe(owner, wanted)
    return ResourcePage([known[one] for one in wanted if one in known], more)
