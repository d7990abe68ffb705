"""All of them together: what a transaction gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from consentcore.ports.repositories.clients import ClientRepository
    from consentcore.ports.repositories.evidence import GrantRepository, LedgerRepository
    from consentcore.ports.repositories.notices import FeedRepository, NoticeRepository
    from consentcore.ports.repositories.people import IdentityRepository, OwnerRepository, TicketRepository
    from consentcore.ports.repositories.protocol import (
        CodeRepository,
        FamilyRepository,
        InteractionRepository,
    )


class UnitOfWork(Protocol):
    """The store inside one transaction. Reads see its own writes. Not to be shared between threads."""

    @property
    def clients(self) -> ClientRepository: ...
    @property
    def owners(self) -> OwnerRepository: ...
    @property
    def tickets(self) -> TicketRepository: ...
    @property
    def identities(self) -> IdentityRepository: ...
    @property
    def interactions(self) -> InteractionRepository: ...
    @property
    def grants(self) -> GrantRepository: ...
    @property
    def ledger(self) -> LedgerRepository: ...
    @property
    def codes(self) -> CodeRepository: ...
    @property
    def families(self) -> FamilyRepository: ...
    @property
    def notices(self) -> NoticeRepository: ...
    @property
    def feed(self) -> FeedRepository: ...
