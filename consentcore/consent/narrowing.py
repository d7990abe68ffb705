"""Making a permission smaller without asking anew: fewer scopes, fewer resources, an earlier end.

Whoever may have the whole may have a part, so an owner does it from the dashboard and an application by the API. What
would be more than stands, in whichever of the three, is refused: for that there is the consent page alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from consentcore.consent.event_body import Action
from consentcore.domain import resource
from consentcore.domain.authorization_detail import read
from consentcore.domain.clock import DAY, iso
from consentcore.domain.errors import InvalidInput, InvalidTransition, NotFound
from consentcore.domain.event_kinds import narrowed_by
from consentcore.domain.grant import Grant, standing
from consentcore.domain.parties import ActorType
from consentcore.domain.scope import OFFLINE_ACCESS, ScopeType

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from consentcore.consent.recorded_row import RecordedGrants
    from consentcore.consent.transition import GrantChange, Transitions
    from consentcore.domain.clock import Clock
    from consentcore.domain.event import Evidence
    from consentcore.domain.parties import Actor
    from consentcore.domain.scope import Catalog
    from consentcore.ports.transactions import UnitOfWork

EARLIEST_MS = DAY
"""From now to the earliest end that can be chosen; what is to end sooner is revoked."""


class NothingLeft(InvalidInput):
    """Nothing of a permission would be left: that is its end, and said as such.

    :ivar field: ``scopes`` or ``resources``.
    """


class NothingNarrower(InvalidInput):
    """All would be as it is."""

    def __init__(self) -> None:
        super().__init__("scopes", "expected fewer, or an earlier end: this is what stands")


@dataclass(frozen=True, slots=True)
class Remainder:
    """What is to be left of a permission.

    :ivar scopes: scope tokens.
    :ivar resources: references, see :mod:`consentcore.domain.resource`.
    :ivar expires_at: its end, in milliseconds since the epoch.
    """

    scopes: tuple[str, ...]
    resources: tuple[str, ...]
    expires_at: int

    @classmethod
    def whole(cls, grant: Grant) -> Remainder:
        """All of it."""
        return cls(grant.scope_ids, grant.resources, grant.expires_at)


def narrowed(catalog: Catalog, grant: Grant, left: Remainder, now: int) -> Grant:
    """The grant with no more than ``left`` of it.

    What was taken away counts as left out, see :attr:`Grant.declined`.

    :param now: milliseconds since the epoch.
    :raises NothingLeft: no scope that shares or acts, or no resource of a kind that a scope needs.
    :raises NothingNarrower: it is what stands.
    :raises InvalidInput: naming what would be more than stands: ``scopes``, ``resources`` or ``expires_at``; or an end
        within a day.
    """
    scopes, resources = set(left.scopes), resource.normal(left.resources)
    _check_scopes(catalog, grant, scopes)
    pinned = tuple(one for one in grant.scopes if one.rpartition("@")[0] in scopes)
    _check_resources(catalog, grant, pinned, resources)
    _check_end(grant, left.expires_at, now)
    if (pinned, resources, left.expires_at) == (grant.scopes, grant.resources, grant.expires_at):
        raise NothingNarrower
    taken = {one for one in grant.scopes if one not in pinned}
    return replace(
        grant,
        scopes=pinned,
        resources=resources,
        expires_at=left.expires_at,
        declined=tuple(sorted({*grant.declined, *taken})),
    )


def _check_scopes(catalog: Catalog, grant: Grant, scopes: Collection[str]) -> None:
    beyond = sorted(set(scopes).difference(grant.scope_ids))
    if beyond:
        raise InvalidInput("scopes", f"expected only what is allowed already, not {', '.join(beyond)}")
    opening = [one for one in grant.scope_ids if _opens(catalog, one)] or grant.scope_ids
    if grant.authorization_details:
        return  # which stay
    if not set(opening).intersection(scopes):
        raise NothingLeft("scopes", "expected at least one that stays; to end all of it, revoke it")


def _opens(catalog: Catalog, scope: str) -> bool:
    """Whether a scope shares data or acts; one that has left the catalog did."""
    if scope not in catalog:
        return scope != OFFLINE_ACCESS
    return catalog[scope].type is not ScopeType.SESSION


def _check_resources(
    catalog: Catalog, grant: Grant, pinned: Iterable[str], resources: Collection[str]
) -> None:
    beyond = sorted(one for one in resources if not resource.covers(grant.resources, one))
    if beyond:
        raise InvalidInput("resources", f"expected only what is chosen already, not {', '.join(beyond[:5])}")
    kept = [one.rpartition("@")[0] for one in pinned]
    needed = [catalog[one].resource_kinds for one in kept if one in catalog and catalog[one].resource_kinds]
    needed += [read(one).kinds for one in grant.authorization_details if read(one).kinds]
    lost = any(
        resource.chosen_of(grant.resources, kinds) and not resource.chosen_of(resources, kinds)
        for kinds in needed
    )
    if lost or (grant.resources and not resources and not catalog.resource_kinds):
        raise NothingLeft("resources", "expected at least one that stays; to end all of it, revoke it")


def _check_end(grant: Grant, expires_at: int, now: int) -> None:
    if expires_at > grant.expires_at:
        raise InvalidInput("expires_at", f"expected no later end than {iso(grant.expires_at)}")
    if expires_at < grant.expires_at and expires_at < now + EARLIEST_MS:
        raise InvalidInput("expires_at", "expected an end in a day or later; to end it sooner, revoke it")


class Narrowing:
    """Narrows permissions. Every method runs inside the caller's transaction and touches nothing outside it."""

    def __init__(
        self, transitions: Transitions, recorded: RecordedGrants, clock: Clock, catalog: Catalog
    ) -> None:
        self._transitions = transitions
        self._recorded = recorded
        self._clock = clock
        self._catalog = catalog

    def narrow(
        self,
        uow: UnitOfWork,
        grant_id: str,
        left: Remainder,
        *,
        actor: Actor,
        evidence: Evidence,
        expected_sequence: int | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> GrantChange:
        """Leave no more than ``left`` of a grant; tokens under it are narrowed by the same commit.

        :param actor: its owner or its client.
        :param expected_sequence: that of the grant which whoever decides has seen; None where they saw none.
        :param labels: what the page called those resources that are named one by one now, by reference.
        :raises NotFound: when there is no such grant of theirs.
        :raises InvalidTransition: when it has ended, or has changed since it was seen.
        :raises InvalidInput: see :func:`narrowed`.
        :raises StorageConflict: when somebody else was faster; run the whole transaction again.
        """
        grant = self._recorded.get(uow, grant_id)
        if grant is None or actor.actor_id != _party(grant, actor.type):
            raise NotFound("grant", grant_id)
        kind, now = narrowed_by(actor.type).type, self._clock.now()
        found = standing(grant, now, uow.clients.get(grant.client_id))
        if not found.active:
            raise InvalidTransition(grant_id, found.state, kind)
        if expected_sequence not in {None, grant.sequence}:
            raise InvalidTransition(grant_id, f"{found.state}, changed meanwhile", kind)
        after = narrowed(self._catalog, grant, left, now)
        action = Action(
            kind,
            actor,
            evidence,
            declined=tuple(one for one in grant.scopes if one not in after.scopes),
            labels=labels or {},
            details={"validity_before": {"from": iso(grant.created_at), "until": iso(grant.expires_at)}},
        )
        return self._transitions.apply(uow, action, grant, after)


def _party(grant: Grant, actor: ActorType) -> str:
    return grant.owner_id if actor is ActorType.OWNER else grant.client_id
