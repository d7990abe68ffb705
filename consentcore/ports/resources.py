"""What an owner has to choose from: sites, meters, devices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from consentcore.domain.resource import DEFAULT_KIND

if TYPE_CHECKING:
    from consentcore.domain.owner import Owner


@dataclass(frozen=True, slots=True)
class Resource:
    """A site, meter or device that an owner can choose.

    :ivar resource_id: 1 to 200 characters without blanks, the same for ever, never ``*``. No two of an owner share
        one, whatever their kinds.
    :ivar label: what people call it, 1 to 200 characters.
    :ivar detail: what tells it from others of that name, such as an address; at most 200 characters.
    :ivar kind: a word as in ``resources`` of a scope catalog: ``site``, ``meter``, ``device`` …
    :ivar group: the headings under which it is listed, from the outside in, such as ``("Lyon", "Office")``; at most 3
        of at most 100 characters. Those of one group follow each other.
    :ivar unavailable: why it cannot be chosen, in words for the owner; "" where it can.
    """

    resource_id: str
    label: str
    detail: str = ""
    kind: str = DEFAULT_KIND
    group: tuple[str, ...] = ()
    unavailable: str = ""


@dataclass(frozen=True, slots=True)
class ResourcePage:
    """Some of what an owner has.

    :ivar next_after: what ``after`` is for the page that follows; "" where none does. At most 300 characters.
    :ivar total: how many there are on all pages; None where that is not known.
    """

    resources: Sequence[Resource]
    next_after: str = ""
    total: int | None = None


class ResourceDirectory(Protocol):
    """Says what an owner has to choose from. Safe to use from any thread.

    Somebody waits for a page meanwhile: a call is given up after 10 seconds. An exception leaves the person with a page
    that says so and lets them try again: a choice that cannot be offered is not made for them. Whoever is not known has
    nothing, which is no error.
    """

    @property
    def kinds(self) -> Sequence[str]:
        """Kinds of resources that it may have. Known without asking anybody; the same as long as the process runs."""
        ...

    @property
    def allows_everything(self) -> bool:
        """Whether an owner may choose everything at once, also what is added later: an API that is told ``*`` then has
        to look up what that is at the time of each request. Never offered for what lets an application act."""
        ...

    def list(
        self, owner: Owner, *, kinds: Sequence[str], query: str = "", after: str = "", limit: int = 100
    ) -> ResourcePage:
        """A page of what this owner has, in an order that stays; nothing of anybody else's.

        :param kinds: only these; empty is all.
        :param query: only what has each of its words in label, detail or group, whatever their case; "" is everything.
        :param after: ``next_after`` of the page before; "" is the first page.
        :param limit: at most so many, 1 to 100.
        """
        ...

    def describe(self, owner: Owner, ids: Sequence[str]) -> Sequence[Resource]:
        """Those of this owner that have these ids, in any order; what is unknown, gone or somebody else's is left out.

        :param ids: at most 1000.
        """
        ...


class OlderResourceDirectory(Protocol):
    """A directory as it was before there were pages: still taken, and asked for everything each time."""

    def resources(self, owner: Owner) -> Sequence[Resource]:
        """Everything of this owner, in the order to list."""
        ...


AnyResourceDirectory = ResourceDirectory | OlderResourceDirectory
