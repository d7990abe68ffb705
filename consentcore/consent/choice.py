"""Which resources an owner has to choose, and whether enough was chosen. Absence never means permission."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentcore.domain.authorization_detail import kinds_of, types_of
from consentcore.domain.errors import InvalidInput
from consentcore.domain.resource import kind_of, normal
from consentcore.domain.scope import Catalog, ScopeType

if TYPE_CHECKING:
    from consentcore.domain.grant import Grant

MOST_CHOSEN = 1000
"""References of one grant: an event of the ledger holds those before and after, a token's answer all of them."""


class NothingChosen(InvalidInput):
    """Scopes need a resource and none of their kinds was chosen.

    :ivar scopes: their tokens.
    """

    def __init__(self, scopes: Collection[str]) -> None:
        super().__init__("resource", f"expected at least one for {', '.join(scopes)}")
        self.scopes = tuple(scopes)


class TooManyChosen(InvalidInput):
    """More resources than a grant keeps one by one."""

    def __init__(self) -> None:
        super().__init__("resource", f"expected at most {MOST_CHOSEN}")


@dataclass(frozen=True, slots=True)
class ChoiceRules:
    """What has to be chosen.

    :ivar offered: kinds that any directory may have. A kind that none has cannot be chosen by anybody, which is the
        configuration's fault and not the owner's: nobody is asked for it, what is told of a token says that nothing
        was chosen, and an API gives nothing.
    :ivar optional: there are directories and no scope of the catalog says what it needs, as before catalogs could: all
        that is listed may be chosen for any scope, and nothing has to be.
    """

    catalog: Catalog
    offered: frozenset[str] = frozenset()
    optional: bool = False

    def needs(self, scope_id: str) -> frozenset[str]:
        """Kinds of which one has to be chosen for this scope; empty where nothing has to be."""
        if scope_id not in self.catalog:
            return frozenset()
        return self.offered.intersection(self.catalog[scope_id].resource_kinds)

    def kinds(self, scope_ids: Iterable[str], details: Iterable[str] = ()) -> tuple[str, ...]:
        """Kinds to choose from for these scopes, sorted; empty where there is nothing to choose, or where everything
        may be (see ``optional``).

        :param details: authorization details, each as it is kept.
        """
        found = {kind for one in scope_ids for kind in self.needs(one)}
        return tuple(sorted(found.union(self.offered.intersection(kinds_of(details)))))

    def are_asked(self, scope_ids: Iterable[str], details: Iterable[str] = ()) -> bool:
        """Whether owners choose resources for these scopes and authorization details."""
        return self.optional or bool(self.kinds(scope_ids, details))

    def act(self, scope_ids: Iterable[str]) -> bool:
        """Whether any of these scopes that need a resource lets an application act on it: then each is named."""
        return any(self.catalog[one].type is ScopeType.ACT for one in scope_ids if self.needs(one))

    def lacking(self, scope_ids: Iterable[str], chosen: Collection[str]) -> tuple[str, ...]:
        """Those of these scopes for which nothing is chosen that they need. What an older release has stored without
        a kind counts for each."""
        kinds = {kind_of(one) for one in chosen}
        if "" in kinds:
            return ()
        return tuple(one for one in scope_ids if (needs := self.needs(one)) and needs.isdisjoint(kinds))

    def lacking_details(self, details: Iterable[str], chosen: Collection[str]) -> tuple[str, ...]:
        """Types of those of these authorization details, each as it is kept, for which nothing is chosen that they
        need."""
        kinds = {kind_of(one) for one in chosen}
        if "" in kinds:
            return ()
        short = [one for one in details if (needs := self.kinds((), (one,))) and kinds.isdisjoint(needs)]
        return types_of(short)

    def check(self, scope_ids: Iterable[str], chosen: Collection[str], details: Iterable[str] = ()) -> None:
        """Hold a choice to what these scopes and authorization details need.

        :raises NothingChosen: nothing of a kind that one of them needs.
        :raises TooManyChosen: more than 1000.
        """
        lacking = self.lacking(scope_ids, chosen) + self.lacking_details(details, chosen)
        if lacking:
            raise NothingChosen(lacking)
        if len(chosen) > MOST_CHOSEN:
            raise TooManyChosen


def united(before: tuple[str, ...], chosen: Iterable[str], kinds: Collection[str] | None) -> tuple[str, ...]:
    """What a grant keeps after a further choice.

    :param before: what it kept.
    :param kinds: of which the choice was made anew; what was chosen of others stays. Empty: of all, as before
        catalogs said what is needed. None: nothing was to be chosen.
    """
    if kinds is None:
        return normal({*before, *chosen}) if chosen else before
    new = normal(chosen)
    if not new:
        return before  # no choice must never widen a grant, nor leave one without what its scopes need
    stays = (one for one in before if kinds and kind_of(one) not in {"", *kinds})
    return normal((*stays, *new))


def is_unchosen(grant: Grant, rules: ChoiceRules) -> bool:
    """Whether a grant has scopes that need a choice and was made without one, as older releases did."""
    return bool(
        rules.lacking(grant.scope_ids, grant.resources)
        or rules.lacking_details(grant.authorization_details, grant.resources)
    )
