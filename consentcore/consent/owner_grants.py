"""An owner's permissions as they stand at one moment: what the clock or a shut-out application has ended is ended,
whether or not the worker has written it down yet."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from consentcore.consent.ledger import row_facts
from consentcore.domain.errors import InvalidTransition, NotFound
from consentcore.domain.event import ConsentEvent
from consentcore.domain.event_kinds import leading_to
from consentcore.domain.grant import Grant, Standing, standing
from consentcore.domain.grant_states import ENDED, GrantState
from consentcore.domain.parties import Actor, ActorType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from consentcore.consent.service import ConsentService
    from consentcore.consent.transition import GrantChange
    from consentcore.domain.client import Client
    from consentcore.domain.event import Evidence, NoticeSnapshot
    from consentcore.ports.capabilities import StorageCapabilities
    from consentcore.ports.transactions import UnitOfWork

PAGE = 50
WRITES_OF_AN_END = 4
WRITES_OF_A_PAGE = 8
"""A snapshot and the personal values beside it."""
MANY = 500
"""Rows in one read, where all are wanted."""
ACTIVE = frozenset({GrantState.ACTIVE})


class OwnerGrants:
    """The permissions of one owner at one moment. Clients are read once each, whatever is asked.

    :param now: milliseconds since the epoch.
    """

    def __init__(self, uow: UnitOfWork, owner_id: str, now: int) -> None:
        self._uow = uow
        self._owner_id = owner_id
        self._now = now
        self._clients: dict[str, Client | None] = {}
        self._in_state_active: list[Grant] | None = None

    def client(self, client_id: str) -> Client | None:
        """The client, or None when it is gone."""
        if client_id not in self._clients:
            self._clients[client_id] = self._uow.clients.get(client_id)
        return self._clients[client_id]

    def find(self, grant_id: str) -> Grant:
        """A grant of this owner.

        :raises NotFound: when there is none; somebody else's is not told apart from it.
        """
        grant = self._uow.grants.get(grant_id)
        if grant is None or grant.owner_id != self._owner_id:
            raise NotFound("grant", grant_id)
        return grant

    def standing(self, grant: Grant) -> Standing:
        """How a grant stands."""
        return standing(grant, self._now, self.client(grant.client_id))

    def shown(self, grant: Grant) -> Grant:
        """The grant with its state of now, and as ``changed_at`` the end that it has come to."""
        found = self.standing(grant)
        return replace(grant, state=found.state, changed_at=found.ended_at or grant.changed_at)

    def all(self, states: Iterable[GrantState]) -> Iterator[Grant]:
        """Every grant whose row is in one of these states, the one changed last first."""
        return self._rows(states, "")

    def live(self) -> list[Grant]:
        """The permissions that stand, at most one for each application, the one changed last first."""
        rows = self._active()
        return [grant for grant in rows if self.standing(grant).active]

    def last_used(self, grants: Iterable[Grant]) -> Mapping[str, int]:
        """When these were last used, in milliseconds, by grant id; those of which that is known."""
        return self._uow.uses.last([grant.grant_id for grant in grants])

    def ended(
        self, after: str = "", *, states: frozenset[GrantState] = ENDED, client_id: str = ""
    ) -> tuple[list[Grant], str]:
        """A page of what once stood, the one that ended last first.

        What no event says yet comes on the first page: one for each application at most.

        :param after: those behind this one.
        :param states: only what has ended like this.
        :param client_id: when given, only permissions of this application.
        :returns: with what ``after`` is for the next page; "" when there is none.
        """
        rows = list(
            self._uow.grants.of_owner(
                self._owner_id, states, client_id=client_id, after=after, limit=PAGE + 1
            )
        )
        found, more = rows[:PAGE], rows[PAGE - 1].grant_id if len(rows) > PAGE else ""
        self._learn(found)
        if not after:
            found += (
                grant
                for grant in self.unrecorded()
                if self.standing(grant).state in states and client_id in {"", grant.client_id}
            )
        shown = [self.shown(grant) for grant in found]
        return sorted(shown, key=lambda grant: grant.changed_at, reverse=True), more

    def unrecorded(self) -> list[Grant]:
        """Permissions that have ended although no event says so yet."""
        return [grant for grant in self._active() if not self.standing(grant).recorded]

    def to_be_recorded(self, grant: Grant) -> list[ConsentEvent]:
        """The event that the worker is about to write of a grant, still without an id, with what of its body is known
        already; none where all is written."""
        found = self.standing(grant)
        if found.recorded or found.ended_at is None:
            return []
        client = self.client(grant.client_id)
        facts = {**row_facts(grant), "client_name": client.name if client else ""}
        event = ConsentEvent(
            event_id="",
            grant_id=grant.grant_id,
            sequence=grant.sequence + 1,
            type=leading_to(found.state).type,
            owner_id=grant.owner_id,
            client_id=grant.client_id,
            occurred_at=found.ended_at,
            body=json.dumps(facts),
            prev_hash=b"",
            record_hash=b"",
            key_id="",
        )
        return [event]

    def revoke(
        self,
        service: ConsentService,
        grant_id: str,
        evidence: Evidence,
        snapshot: NoticeSnapshot | None = None,
    ) -> GrantChange:
        """Withdraw a permission: from the commit on every token under the grant is dead.

        :param snapshot: the page that was confirmed; None where it was not ours, or not the one that stands now.
        :raises NotFound: see :meth:`find`.
        :raises InvalidTransition: when it has ended, whether or not an event says so yet.
        """
        grant = self.find(grant_id)
        found = self.standing(grant)
        if not found.recorded:
            raise InvalidTransition(grant_id, found.state, GrantState.WITHDRAWN)
        actor = Actor(ActorType.OWNER, self._owner_id)
        return service.revoke(
            self._uow, grant_id, actor=actor, evidence=evidence, owner_id=self._owner_id, snapshot=snapshot
        )

    @staticmethod
    def at_once(capabilities: StorageCapabilities, most: int) -> int:
        """How many permissions can be ended in one transaction: a grant, its event with its leaf and its notice are
        written for each, and the page that was confirmed for all of them."""
        page = WRITES_OF_A_PAGE
        return max(1, (capabilities.fits(WRITES_OF_AN_END * most + page) - page) // WRITES_OF_AN_END)

    def revoke_all(
        self,
        service: ConsentService,
        grant_ids: Iterable[str],
        evidence: Evidence,
        snapshot: NoticeSnapshot | None = None,
    ) -> list[GrantChange]:
        """Withdraw several permissions; what has ended meanwhile, or is somebody else's, is left out."""
        named = frozenset(grant_ids)
        standing = [grant for grant in self.live() if grant.grant_id in named]
        self._in_state_active = None
        return [self.revoke(service, grant.grant_id, evidence, snapshot) for grant in standing]

    def _active(self) -> list[Grant]:
        if self._in_state_active is None:
            self._in_state_active = list(self._rows(ACTIVE, ""))
            self._learn(self._in_state_active)
        return self._in_state_active

    def _learn(self, grants: Iterable[Grant]) -> None:
        """Read the applications of these grants at once."""
        unknown = {grant.client_id for grant in grants}.difference(self._clients)
        if unknown:
            self._clients |= dict.fromkeys(unknown) | {
                client.client_id: client for client in self._uow.clients.several(unknown)
            }

    def _rows(self, states: Iterable[GrantState], after: str) -> Iterator[Grant]:
        while page := self._uow.grants.of_owner(self._owner_id, states, after=after, limit=MANY):
            yield from page
            if len(page) < MANY:
                return
            after = page[-1].grant_id
