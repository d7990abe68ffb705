"""What a form says of chosen resources, and where in their list somebody is.

A list may have thousands of entries, of which a page shows a hundred: what is ticked on other pages, or is hidden by a
search, goes along in one field. No script is needed, nothing of it is stored, and nothing of it is believed before the
directory has been asked again.

==========================  ==========================================================================================
``resource``                references that are ticked among those shown
``resources_elsewhere``     references that are chosen and not shown, with blanks between them
``resources_all``           ``1``: all of them, also what is added later
``resources_search``        what is typed into the search
``resources_query``         the search of the list that is shown
``resources_after``         which page of it is shown
``resources_trail``         the pages before it
``resources_only``          ``1``: only what is chosen is shown; then ``resources_listed`` says what that was
``resources_go``            the button: ``search``, ``more``, ``back``, ``chosen``, ``every``
``resources_more``          what comes after the page that is shown
==========================  ==========================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from consentcore.consent.choice import MOST_CHOSEN
from consentcore.domain.errors import InvalidInput

if TYPE_CHECKING:
    from consentcore.web.forms import Fields

LONGEST_QUERY = 100
MOST_PAGES = 200
GO = ("search", "more", "back", "chosen", "every")


@dataclass(frozen=True)
class ListPlace:
    """Where in the list somebody is.

    :ivar after: the cursor of the page that is shown.
    :ivar trail: those of the pages before it, the first one first.
    :ivar only: only what is chosen is shown;
    :ivar listed: and that was this.
    """

    query: str = ""
    after: str = ""
    trail: tuple[str, ...] = ()
    only: bool = False
    listed: tuple[str, ...] = ()


@dataclass(frozen=True)
class ResourceForm:
    """What was posted.

    :ivar chosen: references, each once, as they came.
    :ivar everything: all of them, also what is added later.
    :ivar place: what was shown when it was posted.
    :ivar go: the button of the list that was pressed, or "".
    :ivar search: what was typed into the search.
    :ivar more: the cursor of what follows what was shown.
    """

    chosen: tuple[str, ...]
    everything: bool
    place: ListPlace
    go: str = ""
    search: str = ""
    more: str = ""

    def moved(self) -> ListPlace:
        """What is to be shown now."""
        place = self.place
        if self.go == "search":
            return ListPlace(query=self.search)
        if self.go == "more" and self.more:
            return replace(place, after=self.more, trail=(*place.trail, place.after)[-MOST_PAGES:])
        if self.go == "back":
            return replace(place, after=place.trail[-1] if place.trail else "", trail=place.trail[:-1])
        if self.go == "chosen":
            return ListPlace(query=place.query, only=True)
        if self.go == "every":
            return ListPlace()
        return place


def read_resource_form(form: Fields) -> ResourceForm:
    """Read what was posted.

    :raises InvalidInput: naming the field.
    """
    elsewhere = form.one("resources_elsewhere").split(" ")
    chosen = tuple(dict.fromkeys(one for one in (*form.all("resource"), *elsewhere) if one))
    if len(chosen) > 2 * MOST_CHOSEN:
        raise InvalidInput("resource", f"expected at most {MOST_CHOSEN}")
    go = form.one("resources_go")
    if go not in {"", *GO}:
        raise InvalidInput("resources_go", f"expected one of {', '.join(GO)}")
    place = ListPlace(
        query=_query(form, "resources_query"),
        after=form.one("resources_after"),
        trail=tuple(form.all("resources_trail")),
        only=form.one("resources_only") == "1",
        listed=tuple(form.one("resources_listed").split()),
    )
    return ResourceForm(
        chosen=chosen,
        everything=form.one("resources_all") == "1",
        place=place,
        go=go,
        search=_query(form, "resources_search"),
        more=form.one("resources_more"),
    )


def _query(form: Fields, name: str) -> str:
    return " ".join(form.one(name).split())[:LONGEST_QUERY]
