"""A person's permissions as they look for them: by application, by data, by place, in the order they want."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from consentcore.domain.resource import is_everything
from consentcore.domain.scope import ScopeType

if TYPE_CHECKING:
    from consentcore.consent.detail_words import DetailWords
    from consentcore.domain.client import Client
    from consentcore.domain.grant import Grant
    from consentcore.domain.scope import Scope


class Order(StrEnum):
    """In which order permissions are listed: the latest first, by the application's name, the next to end first, the
    last used first."""

    LATEST = "latest"
    NAME = "name"
    ENDS = "ends"
    USED = "used"


@dataclass(frozen=True, slots=True)
class Listed:
    """One permission with what it can be found by.

    :ivar client: None where it is gone.
    :ivar scopes: in the words of the page.
    :ivar used_at: when it was last used, in milliseconds; None where that is not known.
    :ivar details: what it allows besides scopes, in the same words.
    """

    grant: Grant
    client: Client | None
    scopes: tuple[Scope, ...]
    used_at: int | None = None
    details: tuple[DetailWords, ...] = ()

    @property
    def data(self) -> dict[str, str]:
        """What it shares or lets do, by id of the scope or the type of details: what that is called."""
        scopes = {one.scope_id: one.label for one in self.scopes if one.type is not ScopeType.SESSION}
        return scopes | {one.type_id: one.label for one in self.details}

    @property
    def name(self) -> str:
        """Of the application."""
        return self.client.name if self.client else self.grant.client_id


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody looks for; what is empty does not narrow.

    :ivar text: words, each of which stands in the application's or its publisher's name, or in that of the data.
    :ivar data: id of a scope, or of a type of authorization details.
    :ivar places: references of resources, one of which the permission has to cover; None where none is meant.
    """

    text: str = ""
    data: str = ""
    places: frozenset[str] | None = None
    order: Order = Order.LATEST

    @property
    def narrows(self) -> bool:
        """Whether it leaves anything out."""
        return bool(self.text.strip() or self.data) or self.places is not None


def found(listed: Iterable[Listed], wanted: Wanted) -> list[Listed]:
    """Those that are looked for, in the order that is wanted.

    :param listed: the latest first.
    """
    words = wanted.text.casefold().split()
    kept = [one for one in listed if _says(one, words) and _has(one, wanted)]
    return sorted(kept, key=_ORDERS[wanted.order])


def _says(one: Listed, words: Collection[str]) -> bool:
    if not words:
        return True
    publisher = one.client.publisher if one.client else ""
    labels = [text for scope in one.scopes for text in (scope.label, scope.cluster)]
    labels += [detail.label for detail in one.details]
    said = " ".join((one.name, publisher, *labels)).casefold()
    return all(word in said for word in words)


def _has(one: Listed, wanted: Wanted) -> bool:
    if wanted.data and wanted.data not in one.data and wanted.data not in one.grant.scope_ids:
        return False
    return wanted.places is None or covers(one.grant.resources, wanted.places)


def covers(references: Iterable[str], places: frozenset[str]) -> bool:
    """Whether a choice of resources includes one of ``places``. Whoever has chosen everything has chosen each."""
    return any(one in places or (bool(places) and is_everything(one)) for one in references)


_ORDERS: Mapping[Order, Callable[[Listed], tuple[object, ...]]] = {
    Order.LATEST: lambda _one: (),
    Order.NAME: lambda one: (one.name.casefold(), one.grant.grant_id),
    Order.ENDS: lambda one: (one.grant.expires_at, one.grant.grant_id),
    Order.USED: lambda one: (-(one.used_at or 0), one.grant.grant_id),
}
