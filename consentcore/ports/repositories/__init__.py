"""The storage port, second face: a store inside one transaction, see :mod:`consentcore.ports.storage`."""

from __future__ import annotations

from consentcore.ports.repositories.clients import ClientRepository
from consentcore.ports.repositories.evidence import GrantRepository, LedgerRepository
from consentcore.ports.repositories.notices import FeedRepository, NoticeRepository
from consentcore.ports.repositories.people import (
    IdentityRepository,
    OwnerDirectory,
    OwnerRepository,
    TicketRepository,
)
from consentcore.ports.repositories.protocol import CodeRepository, FamilyRepository, InteractionRepository
from consentcore.ports.repositories.unit import UnitOfWork

__all__ = [
    "ClientRepository",
    "CodeRepository",
    "FamilyRepository",
    "FeedRepository",
    "GrantRepository",
    "IdentityRepository",
    "InteractionRepository",
    "LedgerRepository",
    "NoticeRepository",
    "OwnerDirectory",
    "OwnerRepository",
    "TicketRepository",
    "UnitOfWork",
]
