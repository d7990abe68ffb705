"""A directory as it was before there were pages, as one that has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from consentcore.domain.resource import DEFAULT_KIND, KIND
from consentcore.ports.resources import Resource, ResourcePage

if TYPE_CHECKING:
    from consentcore.domain.owner import Owner
    from consentcore.ports.resources import AnyResourceDirectory, OlderResourceDirectory, ResourceDirectory


def is_older(made: object) -> bool:
    """Whether a directory lists everything by ``resources(owner)`` and has no pages."""
    return callable(getattr(made, "resources", None)) and not hasattr(made, "list")


def paged(made: AnyResourceDirectory, catalog_kinds: frozenset[str]) -> ResourceDirectory:
    """A directory with pages, whatever it is.

    :param catalog_kinds: kinds that any scope needs.
    """
    if is_older(made):
        return _Paged(cast("OlderResourceDirectory", made), catalog_kinds)
    return cast("ResourceDirectory", made)


class _Paged:
    """See :class:`consentcore.api.ResourceDirectory`.

    Kinds had no meaning then: a kind that no scope needs counts as the default one, so that what it lists can be
    chosen for a scope that needs sites.
    """

    allows_everything = False

    def __init__(self, older: OlderResourceDirectory, catalog_kinds: frozenset[str]) -> None:
        self._older = older
        self._catalog_kinds = catalog_kinds

    @property
    def kinds(self) -> Sequence[str]:
        return sorted(self._catalog_kinds)

    def list(
        self, owner: Owner, *, kinds: Sequence[str], query: str = "", after: str = "", limit: int = 100
    ) -> ResourcePage:
        found = [one for one in self._all(owner) if (not kinds or one.kind in kinds) and matches(one, query)]
        ids = [one.resource_id for one in found]
        start = ids.index(after) + 1 if after in ids else 0
        rows = found[start : start + limit]
        more = start + limit < len(found)
        return ResourcePage(rows, rows[-1].resource_id if more else "", len(found))

    def describe(self, owner: Owner, ids: Sequence[str]) -> Sequence[Resource]:
        wanted = set(ids)
        return [one for one in self._all(owner) if one.resource_id in wanted]

    def _all(self, owner: Owner) -> Sequence[Resource]:
        return [replace(one, kind=self._kind(one.kind)) for one in self._older.resources(owner)]

    def _kind(self, said: str) -> str:
        if said in self._catalog_kinds or (not self._catalog_kinds and KIND.fullmatch(said)):
            return said
        return DEFAULT_KIND


def matches(one: Resource, query: str) -> bool:
    """Whether a resource has each word of a query in its label, its detail or its group, whatever their case."""
    text = " ".join((one.label, one.detail, *one.group)).casefold()
    return all(word in text for word in query.casefold().split())
