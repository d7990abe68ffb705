"""What an owner decides on besides yes and no: optional scopes, scopes that act, and for how long."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentcore.consent import terms
from consentcore.domain.clock import DAY
from consentcore.domain.errors import InvalidInput
from consentcore.domain.message import message, plural_message
from consentcore.domain.scope import Necessity, ScopeType

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.domain.grant import Grant
    from consentcore.domain.message import Message
    from consentcore.domain.scope import Catalog, Scope

YEAR_DAYS = 365
"""The most that is chosen for somebody who does not choose: as rules of open data have it."""


class NothingAllowed(InvalidInput):
    """A yes to nothing: what was asked shares data or acts, and none of it was allowed."""

    def __init__(self) -> None:
        super().__init__("scopes", "expected at least one of those asked")


class RequiredLeftOut(InvalidInput):
    """A yes without what the application says that it cannot do without.

    :ivar scopes: their tokens.
    """

    def __init__(self, scopes: Collection[str]) -> None:
        super().__init__(
            "scopes", f"expected {', '.join(scopes)} too, which the application cannot do without"
        )
        self.scopes = tuple(scopes)


@dataclass(frozen=True, slots=True)
class Duration:
    """How long a permission may last.

    :ivar days: what the owner chooses it by, at least 1.
    :ivar until: when it would end, in milliseconds since the epoch.
    :ivar kept: whether that is sooner than in so many days, because something stays that was allowed until then.
    """

    days: int
    until: int
    kept: bool = False

    @property
    def once(self) -> bool:
        """Whether it is for one use: no refresh token comes with it, see :attr:`Grant.one_time`."""
        return self.days <= 1

    @property
    def length(self) -> Message:
        """How long it is, in words."""
        return message("As long as what you allowed before") if self.kept else length_of(self.days)


def length_of(days: int) -> Message:
    """So many days as people say it."""
    if days <= 1:
        return message("Once, for at most 24 hours")
    if days == 365:
        return message("12 months")
    if days % 365 == 0:
        return plural_message("%(n)s year", "%(n)s years", n=days // 365)
    if days % 30 == 0:
        return plural_message("%(n)s month", "%(n)s months", n=days // 30)
    return plural_message("%(n)s day", "%(n)s days", n=days)


def is_optional(scope: Scope, client: Client) -> bool:
    """Whether an application can do without a scope: where catalog or registration says so. An application cannot
    demand what the catalog leaves to the owner."""
    return scope.necessity is Necessity.OPTIONAL or scope.scope_id in client.optional_scopes


def has_control(scope: Scope, client: Client) -> bool:
    """Whether an owner ticks it by itself: what is optional, and everything that lets an application act, for that is
    never part of a yes to something else."""
    return scope.type is ScopeType.ACT or is_optional(scope, client)


def check_allowed(
    catalog: Catalog,
    client: Client,
    asked: Sequence[str],
    allowed: Collection[str],
    *,
    others: bool = False,
) -> None:
    """Refuse a yes that leaves out what it cannot leave out.

    :param asked: scope tokens, like ``allowed``.
    :param others: whether authorization details are allowed besides.
    :raises RequiredLeftOut: an application cannot work with what is left.
    :raises NothingAllowed: nothing is left that shares data or acts, though some was asked.
    """
    known = [catalog[scope] for scope in asked if scope in catalog]
    left_out = [
        scope.scope_id for scope in known if scope.scope_id not in allowed and not is_optional(scope, client)
    ]
    if left_out:
        raise RequiredLeftOut(left_out)
    if others:
        return
    opening = [scope.scope_id for scope in known if scope.type is not ScopeType.SESSION] or asked
    if not set(opening).intersection(allowed):
        raise NothingAllowed


@dataclass(frozen=True, slots=True)
class Durations:
    """For how long owners may allow something.

    :ivar longest_days: of any permission, whatever its scopes would allow.
    :ivar offered_days: what is offered besides the longest that the scopes allow.
    """

    catalog: Catalog
    longest_days: int
    offered_days: tuple[int, ...] = ()

    def offered(
        self, asked: Sequence[str], start: int, grant: Grant | None = None, details: Sequence[str] = ()
    ) -> tuple[Duration, ...]:
        """What may be chosen for these scope tokens, the longest first, each end once.

        :param start: from when the days count, in milliseconds since the epoch.
        :param grant: the one that an approval would amend: what stays of it was allowed until its end, which is the
            latest then.
        :param details: authorization details that are asked, each as it is kept.
        """
        most = terms.days_of(self.catalog, asked, self.longest_days)
        found: dict[int, Duration] = {}
        for days in sorted({most, *(each for each in self.offered_days if each < most)}, reverse=True):
            end = start + days * DAY
            until = terms.amended_end(self.catalog, grant, asked, end, details) if grant else end
            found[until] = Duration(days, until, kept=until != end)
        return tuple(found.values())

    def chosen(self, offered: Iterable[Duration], days: int | None) -> Duration:
        """The one of so many days; of None the one that is chosen unless somebody chooses another: the longest up to
        a year, or else the shortest.

        :raises InvalidInput: field ``duration``, when there is none of so many.
        """
        known = tuple(offered)
        if days is None:
            return next((each for each in known if each.days <= YEAR_DAYS), known[-1])
        for each in known:
            if each.days == days:
                return each
        raise InvalidInput("duration", f"expected one of {', '.join(str(each.days) for each in known)}")
