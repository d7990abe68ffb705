"""What Authorized Applications shows: the permissions that stand, those that were looked for, a page of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from consentcore.consent.detail_words import all_in_words
from consentcore.consent.grant_list import Listed, Order, Wanted, found
from consentcore.web.owner import dashboard, places

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyramid.request import Request

    from consentcore.consent.owner_grants import OwnerGrants

PAGE = 20
SEARCH_FROM = 10
"""From so many permissions on one can look for them."""
MOST_TEXT = 200
"""Characters of what somebody looks for; the rest is not looked at."""


@dataclass(frozen=True)
class Search:
    """What somebody looks for, as they have typed and chosen it."""

    q: str = ""
    data: str = ""
    site: str = ""
    sort: str = Order.LATEST.value

    @classmethod
    def of(cls, request: Request) -> Search:
        """Read it from the address; an order that there is not is the usual one."""
        read = {name: request.query.one(name)[:MOST_TEXT].strip() for name in ("q", "data", "site", "sort")}
        if read["sort"] not in list(Order):
            read["sort"] = Order.LATEST.value
        return cls(**read)

    def address(self, page: int) -> str:
        """Of a page of the same search."""
        said = {
            name: value for name, value in vars(self).items() if value and (name, value) != ("sort", "latest")
        }
        if page > 1:
            said["page"] = str(page)
        return f"/consents?{urlencode(said)}" if said else "/consents"


class Datum(NamedTuple):
    """A kind of data.

    :ivar scope_id: of the scope, or of the type of authorization details.
    """

    scope_id: str
    label: str


@dataclass(frozen=True)
class ListPage:
    """One page of the list.

    :ivar total: permissions that stand.
    :ivar using: those of them whose applications are not suspended.
    :ivar matches: those that were looked for, on all pages.
    :ivar first: number of the first card, from 1.
    :ivar data: every kind of data of any of them, to choose from.
    :ivar asks_places: whether there are sites to look for.
    :ivar places_unknown: whether sites could not be looked up just now.
    :ivar before: address of the page before; "" where there is none,
    :ivar after: and of the one that follows.
    """

    cards: Sequence[dashboard.Card]
    search: Search
    total: int
    using: int
    matches: int
    first: int
    data: Sequence[Datum]
    asks_places: bool
    places_unknown: bool
    before: str
    after: str

    @property
    def searchable(self) -> bool:
        """Whether it offers to look for something."""
        return self.total >= SEARCH_FROM or self.narrowed

    @property
    def narrowed(self) -> bool:
        """Whether something was looked for."""
        return bool(self.search.q or self.search.data or self.search.site)


def build(request: Request, grants: OwnerGrants) -> ListPage:
    """Gather what the page shows."""
    search, live = Search.of(request), grants.live()
    used = grants.last_used(live)
    listed = [
        Listed(
            grant,
            grants.client(grant.client_id),
            request.catalog.as_of(grant.scopes),
            used.get(grant.grant_id),
            all_in_words(grant.authorization_details, request.catalog),
        )
        for grant in live
    ]
    meant = places.matching(request, search.site) if search.site else None
    wanted = Wanted(search.q, search.data, meant, Order(search.sort))
    matches = found(listed, wanted)
    number = _page_number(request.query.one("page"), len(matches))
    start = (number - 1) * PAGE
    shown = matches[start : start + PAGE]
    return ListPage(
        cards=[dashboard.card(request, one.grant, grants, used_at=one.used_at) for one in shown],
        search=search,
        total=len(listed),
        using=sum(one.client is None or one.client.suspended is None for one in listed),
        matches=len(matches),
        first=start + 1,
        data=_data(listed),
        asks_places=bool(request.runtime.directories),
        places_unknown=bool(search.site) and meant is None,
        before=search.address(number - 1) if number > 1 else "",
        after=search.address(number + 1) if start + PAGE < len(matches) else "",
    )


def _page_number(text: str, matches: int) -> int:
    """The page that is asked for, or the last one before it."""
    last = max(1, -(-matches // PAGE))
    return (
        min(int(text), last) if text.isascii() and text.isdecimal() and 0 < len(text) < 7 and int(text) else 1
    )


def _data(listed: Sequence[Listed]) -> list[Datum]:
    data = {key: label for one in listed for key, label in one.data.items()}
    return sorted((Datum(*pair) for pair in data.items()), key=lambda one: one.label.casefold())
