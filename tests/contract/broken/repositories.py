"""Faults in what is read and written inside a transaction."""

from __future__ import annotations

from dataclasses import replace

from consentcore.api import GrantState, NotFound
from consentcore_memory.clients import MemoryClients
from consentcore_memory.feed import MemoryFeed
from consentcore_memory.grants import MemoryGrants
from consentcore_memory.identities import MemoryIdentities
from consentcore_memory.ledger import MemoryLedger
from consentcore_memory.owners import MemoryOwners
from consentcore_memory.tickets import MemoryTickets
from tests.contract.broken.parts import Broken, repository


class OverwritesGrants(MemoryGrants):
    def update(self, grant, *, expected_sequence):
        before = self.get(grant.grant_id)
        super().update(grant, expected_sequence=before.sequence if before else expected_sequence)


class TestOverwritesGrants(Broken):
    make = staticmethod(repository("grants", OverwritesGrants))


class AllowsTwoActiveGrants(MemoryGrants):
    def add(self, grant):
        if grant.state is GrantState.ACTIVE:
            self._session.draft.active.drop([(grant.owner_id, grant.client_id)])
        super().add(grant)


class TestAllowsTwoActiveGrants(Broken):
    make = staticmethod(repository("grants", AllowsTwoActiveGrants))


class TakesTheNewestForTheActive(MemoryGrants):
    """Looks for the grant of the two that was changed last."""

    def active_of(self, owner_id, client_id, *, lock=False):
        rows = self._session.view(lock=lock).grants.values()
        theirs = [row for row in rows if (row.owner_id, row.client_id) == (owner_id, client_id)]
        newest = max(theirs, key=lambda row: row.changed_at, default=None)
        return newest if newest is not None and newest.state is GrantState.ACTIVE else None


class TestTakesTheNewestForTheActive(Broken):
    make = staticmethod(repository("grants", TakesTheNewestForTheActive))


class PagesByPosition(MemoryGrants):
    """Skips as many rows as the pages before had, whatever came in between."""

    def of_owner(self, owner_id, states, *, client_id="", after="", limit=100):
        rows = super().of_owner(owner_id, states, client_id=client_id, limit=10**6)
        start = limit if after else 0
        return rows[start : start + limit]


class TestPagesByPosition(Broken):
    make = staticmethod(repository("grants", PagesByPosition))


class OrdersByTime(MemoryLedger):
    def of_grant(self, grant_id):
        return sorted(super().of_grant(grant_id), key=lambda event: event.occurred_at)


class TestOrdersByTime(Broken):
    make = staticmethod(repository("ledger", OrdersByTime))


class ReplacesEvents(MemoryLedger):
    def append(self, event):
        chain = self._session.draft.chains.get(event.grant_id) or {}
        chain = {number: known for number, known in chain.items() if number != event.sequence}
        self._session.draft.chains.put(event.grant_id, chain)
        super().append(event)


class TestReplacesEvents(Broken):
    make = staticmethod(repository("ledger", ReplacesEvents))


class OrdersTheFeedByTime(MemoryFeed):
    """Needs no places, and passes over what commits late."""

    def page(self, client_id, *, after="", limit=100):
        rows = sorted(super().page(client_id, limit=1000), key=lambda row: (row.occurred_at, row.notice_id))
        known = [row.notice_id for row in rows]
        if after and after not in known:
            raise NotFound("event", after)
        start = known.index(after) + 1 if after else 0
        return rows[start:][:limit]


class TestOrdersTheFeedByTime(Broken):
    make = staticmethod(repository("feed", OrdersTheFeedByTime))


class UsesTicketsTwice(MemoryTickets):
    """Looks whether the time is over, and not whether it was used."""

    def use(self, ticket_hash, purpose, now, *, seal=b""):
        found = self.get(ticket_hash, now)
        return replace(found, used_at=now) if found and found.purpose == purpose else None


class TestUsesTicketsTwice(Broken):
    make = staticmethod(repository("tickets", UsesTicketsTwice))


class ForgetsTheIssuer(MemoryIdentities):
    """Takes the subject of one provider for that of another."""

    def get(self, issuer, subject):
        rows = self._session.state.identities.values()
        return next((row for row in rows if row.subject.lower() == subject.lower()), None)


class TestForgetsTheIssuer(Broken):
    make = staticmethod(repository("identities", ForgetsTheIssuer))


class ForgetsTheAssertionAudience(MemoryClients):
    """Keeps the fields that it knew before."""

    def add(self, client):
        super().add(replace(client, assertion_audience=""))


class TestForgetsTheAssertionAudience(Broken):
    make = staticmethod(repository("clients", ForgetsTheAssertionAudience))


class ForgetsWhoIsSuspended(MemoryClients):
    """Keeps the fields that it knew before."""

    def update(self, client):
        super().update(replace(client, suspended=None))


class TestForgetsWhoIsSuspended(Broken):
    make = staticmethod(repository("clients", ForgetsWhoIsSuspended))


class ListsOwnersFromTheStart(MemoryOwners):
    def list(self, *, after="", limit=100):
        return super().list(limit=limit)


class TestListsOwnersFromTheStart(Broken):
    make = staticmethod(repository("owners", ListsOwnersFromTheStart))
