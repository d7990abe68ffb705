"""The store inside one transaction."""

from __future__ import annotations

from consentcore.api import Code
from consentcore_shelf.engine import Session
from consentcore_shelf.evidence import ShelfGrants, ShelfLedger
from consentcore_shelf.feed import ShelfFeed
from consentcore_shelf.outbox import ShelfNotices
from consentcore_shelf.people import (
    ShelfClients,
    ShelfIdentities,
    ShelfInteractions,
    ShelfOwners,
    ShelfTickets,
)


class ShelfCodes:
    """:class:`consentcore.api.CodeRepository` in a file."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, code: Code) -> None:
        self._session.draft.add_code(code)


class ShelfFamilies:
    """:class:`consentcore.api.FamilyRepository` in a file."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def kill(self, family_id: str, now: int) -> bool:
        return self._session.draft.kill_family(family_id, now)


class ShelfUnit:
    """:class:`consentcore.api.UnitOfWork` in a file."""

    def __init__(self, session: Session) -> None:
        self.clients = ShelfClients(session)
        self.owners = ShelfOwners(session)
        self.tickets = ShelfTickets(session)
        self.identities = ShelfIdentities(session)
        self.interactions = ShelfInteractions(session)
        self.grants = ShelfGrants(session)
        self.ledger = ShelfLedger(session)
        self.codes = ShelfCodes(session)
        self.families = ShelfFamilies(session)
        self.notices = ShelfNotices(session)
        self.feed = ShelfFeed(session)
