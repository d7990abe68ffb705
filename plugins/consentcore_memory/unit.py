"""The store inside one transaction."""

from __future__ import annotations

from consentcore.api import Code
from consentcore_memory.engine import Session
from consentcore_memory.evidence import MemoryGrants, MemoryLedger
from consentcore_memory.feed import MemoryFeed
from consentcore_memory.outbox import MemoryNotices
from consentcore_memory.people import (
    MemoryClients,
    MemoryIdentities,
    MemoryInteractions,
    MemoryOwners,
    MemoryTickets,
)


class MemoryCodes:
    """:class:`consentcore.api.CodeRepository` in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, code: Code) -> None:
        self._session.draft.add_code(code)


class MemoryFamilies:
    """:class:`consentcore.api.FamilyRepository` in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def kill(self, family_id: str, now: int) -> bool:
        return self._session.draft.kill_family(family_id, now)


class MemoryUnit:
    """:class:`consentcore.api.UnitOfWork` in memory."""

    def __init__(self, session: Session) -> None:
        self.clients = MemoryClients(session)
        self.owners = MemoryOwners(session)
        self.tickets = MemoryTickets(session)
        self.identities = MemoryIdentities(session)
        self.interactions = MemoryInteractions(session)
        self.grants = MemoryGrants(session)
        self.ledger = MemoryLedger(session)
        self.codes = MemoryCodes(session)
        self.families = MemoryFamilies(session)
        self.notices = MemoryNotices(session)
        self.feed = MemoryFeed(session)
