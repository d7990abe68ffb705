"""The grants of an application as it may see them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentcore.consent.choice import MOST_CHOSEN
from consentcore.consent.deletion import due_at
from consentcore.consent.narrowing import NothingNarrower, Remainder
from consentcore.consent.point_in_time import details_of, permissions_of
from consentcore.domain.authorization_detail import told
from consentcore.domain.clock import from_iso, iso
from consentcore.domain.errors import InvalidInput, InvalidTransition, NotFound
from consentcore.domain.event import Evidence
from consentcore.domain.grant import Grant, standing
from consentcore.domain.grant_states import ENDED, STOOD, GrantState, state_profile
from consentcore.domain.moments import parse_moment
from consentcore.domain.parties import Actor, ActorType
from consentcore.domain.resource import by_kind, covers, id_of, is_everything, read_by_kind
from consentcore.hooks.resource_directories import asking
from consentcore.ports.keys import pairwise_subject

if TYPE_CHECKING:
    from consentcore.consent.service import ConsentService
    from consentcore.domain.clock import Clock
    from consentcore.hooks.resource_directories import Directories
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.transactions import UnitOfWork

STATES = {
    "active": frozenset({GrantState.ACTIVE}),
    "ended": ENDED,
    **{one.value: frozenset({one}) for one in sorted(ENDED)},
}
"""Values of the parameter ``state``."""
BATCH = 500
SCANNED = 2000
"""Grants that one request looks at while it searches for a subject."""


@dataclass(frozen=True)
class GrantPage:
    """Some grants, and how it goes on."""

    grants: Sequence[Grant]
    next_after: str | None
    has_more: bool


@dataclass(frozen=True)
class ClientGrants:
    """What a client sees of its grants, and ends. Works on units of work that the caller commits.

    :ivar issuer: base URL under which a client looks a grant up.
    """

    keys: KeyRing
    clock: Clock
    consents: ConsentService
    issuer: str
    directories: Directories

    def page(
        self,
        uow: UnitOfWork,
        client_id: str,
        *,
        state: str = "",
        subject: str = "",
        after: str = "",
        limit: int,
    ) -> GrantPage:
        """Grants by id.

        It may be shorter than ``limit`` and still have more after it: one call looks at no more than 2000 grants.

        :param state: one of :data:`STATES`, or "" for all.
        :param subject: the client's name for one person, or "" for all.
        :raises InvalidInput: when ``state`` is none.
        """
        if state and state not in STATES:
            raise InvalidInput("state", f"expected one of {', '.join(STATES)}")
        now, states = self.clock.now(), STATES.get(state, STOOD)
        read = _reader(uow, client_id, states, now)
        batch = BATCH if subject else limit
        found: list[Grant] = []
        for _ in range(SCANNED // BATCH):
            rows = read(after, batch + 1)
            for row in rows[:batch]:
                if len(found) == limit:
                    return GrantPage(found, after, has_more=True)
                after = row.grant_id
                # What the store cannot tell: how it stands by now, and whose subject it is.
                if standing(row, now).state in states and subject in {"", self._subject(row)}:
                    found.append(row)
            if len(rows) <= batch:
                return GrantPage(found, after or None, has_more=False)
        return GrantPage(found, after, has_more=True)

    def find(self, uow: UnitOfWork, client_id: str, grant_id: str) -> Grant:
        """A grant of a client. A denial is none: the client learns of it from its event, without a name.

        :raises NotFound: when there is none of this client's.
        """
        grant = uow.grants.get(grant_id)
        if grant is None or grant.client_id != client_id or grant.state not in STOOD:
            raise NotFound("grant", grant_id)
        return grant

    def close(self, uow: UnitOfWork, client_id: str, grant_id: str, *, method: str) -> None:
        """End a grant from the client's side; nothing happens when it has ended already.

        :param method: the control that was used, such as ``api:delete_grant``.
        :raises NotFound: when there is none of this client's.
        """
        self.find(uow, client_id, grant_id)
        actor = Actor(ActorType.CLIENT, client_id)
        evidence = Evidence(method, reason_code="client_request")
        # Whoever was faster: it has ended, and that is what was asked for.
        with suppress(InvalidTransition):
            self.consents.revoke(uow, grant_id, actor=actor, evidence=evidence, client_id=client_id)

    def confirm_deletion(
        self, uow: UnitOfWork, client_id: str, grant_id: str, *, method: str
    ) -> dict[str, object]:
        """The client says that it has deleted what it received under a grant that has ended; said again nothing is
        added.

        :param method: the control that was used, such as ``api:confirm_deletion``.
        :returns: what is on record of it, for JSON.
        :raises NotFound: when there is none of this client's.
        :raises InvalidTransition: while it stands, or no event says yet that it has ended.
        """
        event = self.consents.deletions.confirm(uow, grant_id, client_id, Evidence(method))
        due = due_at(uow.ledger.of_grant(grant_id))
        return {
            "grant_id": grant_id,
            "event_id": event.event_id,
            "confirmed_at": iso(event.occurred_at),
            "due_at": None if due is None else iso(due),
        }

    def narrow(
        self,
        uow: UnitOfWork,
        client_id: str,
        grant_id: str,
        *,
        scopes: Sequence[str] | None,
        resources: Sequence[Mapping[str, object]] | None,
        expires_at: str | None,
        method: str,
    ) -> Grant:
        """Make a grant smaller from the client's side, see :mod:`consentcore.consent.narrowing`; what is given as None
        stays. Nothing happens where all is as it is, so that a call can be repeated.

        :param scopes: the scope tokens that stay.
        :param resources: the resources that stay, in the form of :func:`consentcore.domain.resource.by_kind`. In the
            place of everything of a kind, single ones can be named that the owner has.
        :param expires_at: an earlier end (RFC 3339).
        :param method: the control that was used, such as ``api:patch_grant``.
        :returns: the grant after it.
        :raises NotFound: when there is none of this client's.
        :raises InvalidTransition: when it has ended.
        :raises InvalidInput: naming what would be more than stands, or nothing.
        :raises DirectoryUnavailable: when nobody can say whether the owner has what is named.
        """
        grant = self.find(uow, client_id, grant_id)
        left = Remainder(
            scopes=grant.scope_ids if scopes is None else tuple(scopes),
            resources=self._resources(uow, grant, resources),
            expires_at=grant.expires_at if expires_at is None else _time("expires_at", expires_at),
        )
        actor, evidence = Actor(ActorType.CLIENT, client_id), Evidence(method)
        try:
            return self.consents.narrowing.narrow(uow, grant_id, left, actor=actor, evidence=evidence).grant
        except NothingNarrower:
            return grant

    def _resources(
        self, uow: UnitOfWork, grant: Grant, told: Sequence[Mapping[str, object]] | None
    ) -> tuple[str, ...]:
        """References that stay; what is named in the place of everything is looked up."""
        if told is None or list(told) == by_kind(grant.resources):
            return grant.resources
        named = read_by_kind("resources", told)
        if len(named) > MOST_CHOSEN:
            raise InvalidInput("resources", f"expected at most {MOST_CHOSEN}")
        held = set(grant.resources)
        # What an older release has stored without a kind keeps its form: it is the same choice.
        stays = tuple(id_of(one) if one not in held and id_of(one) in held else one for one in named)
        new = [one for one in stays if one not in held and covers(held, one) and not is_everything(one)]
        owner = uow.owners.get(grant.owner_id) if new else None
        with asking(self.directories) if new else nullcontext():
            known = self.directories.describe(owner, new) if owner else {}
        strange = [one for one in new if one not in known]
        if strange:
            raise InvalidInput("resources", f"expected what the owner has, not {', '.join(strange[:5])}")
        return stays

    def at(
        self, uow: UnitOfWork, client_id: str, grant_id: str, *, time: str, scope: str
    ) -> dict[str, object]:
        """What a grant permitted at a moment.

        :param time: ISO 8601 with an offset, or a date, which means its first moment in UTC.
        :param scope: a scope token: this one alone, permitted or not; "": all that was permitted, in detail too.
        :raises NotFound: when there is none of this client's.
        :raises InvalidInput: when ``time`` is none.
        """
        grant = self.find(uow, client_id, grant_id)
        moment = parse_moment(time, field="time")
        found = permissions_of(uow, grant, moment, scope=scope)
        details = None if scope else details_of(uow, grant, moment)
        permissions = [one.facts(personal=False) for one in found if scope or one.permitted]
        return {
            "grant_id": grant_id,
            "subject": self._subject(grant),
            "time": iso(moment),
            "permitted": any(one.permitted for one in found) or details is not None,
            "permissions": permissions,
            **({"authorization_details": details.details} if details else {}),
        }

    def grant_json(self, grant: Grant) -> dict[str, object]:
        """A grant as its client may know it: identifiers and state, nothing personal."""
        found = standing(grant, self.clock.now())
        issuer = self.issuer.rstrip("/")
        return {
            "grant_id": grant.grant_id,
            "client_id": grant.client_id,
            "subject": self._subject(grant),
            "status": state_profile(found.state).status,
            "state": found.state.value,
            "scopes": list(grant.scope_ids) if found.active else [],
            "last_scopes": list(grant.scope_ids),
            "resources": by_kind(grant.resources),
            **_details(grant, active=found.active),
            "sequence": grant.sequence,
            "created_at": iso(grant.created_at),
            "changed_at": iso(found.ended_at or grant.changed_at),
            "expires_at": iso(grant.expires_at),
            "replaces": grant.replaces or None,
            "grant_url": f"{issuer}/api/v1/grants/{grant.grant_id}",
        }

    def _subject(self, grant: Grant) -> str:
        return pairwise_subject(self.keys, grant.client_id, grant.owner_id)


def _details(grant: Grant, *, active: bool) -> dict[str, object]:
    """Authorization details (RFC 9396), where the grant has any; empty once it has ended."""
    details = grant.authorization_details
    return {"authorization_details": told(details, grant.resources) if active else []} if details else {}


def _time(field: str, text: str) -> int:
    """A time in milliseconds since the epoch.

    :raises InvalidInput: when it is none of RFC 3339.
    """
    try:
        return from_iso(text)
    except (ValueError, OverflowError):
        raise InvalidInput(field, "expected a time such as 2027-03-03T22:59:59.000Z") from None


def _reader(
    uow: UnitOfWork, client_id: str, states: frozenset[GrantState], now: int
) -> Callable[[str, int], Sequence[Grant]]:
    """How rows are read: by id, from behind one, so many; those too whose end no event tells of yet."""

    def stored(after: str, limit: int) -> Sequence[Grant]:
        return uow.grants.all(client_id=client_id, states=states, after=after, limit=limit)

    if GrantState.EXPIRED not in states or GrantState.ACTIVE in states:
        return stored
    due = uow.grants.due(now, SCANNED)
    if len(due) == SCANNED:  # the worker is far behind: the row of each one has to be looked at
        return _reader(uow, client_id, states | {GrantState.ACTIVE}, now)
    over = [one for one in due if one.client_id == client_id]

    def with_over(after: str, limit: int) -> Sequence[Grant]:
        rows = [*stored(after, limit), *(one for one in over if one.grant_id > after)]
        return sorted(rows, key=lambda one: one.grant_id)[:limit]

    return with_over
