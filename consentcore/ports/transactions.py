"""A store inside one transaction, see :mod:`consentcore.ports.storage`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from consentcore.ports.clients import ClientRepository
    from consentcore.ports.feed import FeedRepository
    from consentcore.ports.grants import GrantRepository
    from consentcore.ports.identities import IdentityRepository
    from consentcore.ports.interactions import InteractionRepository
    from consentcore.ports.ledger import LedgerRepository
    from consentcore.ports.notices import NoticeRepository
    from consentcore.ports.owners import OwnerRepository
    from consentcore.ports.pinned_scopes import PinnedScopeRepository
    from consentcore.ports.registration_tokens import RegistrationTokenRepository
    from consentcore.ports.seals import SealRepository
    from consentcore.ports.tickets import TicketRepository
    from consentcore.ports.tlog import TlogRepository
    from consentcore.ports.tokens import TokenRepository
    from consentcore.ports.uses import UseRepository


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
    def tlog(self) -> TlogRepository: ...
    @property
    def tokens(self) -> TokenRepository: ...
    @property
    def notices(self) -> NoticeRepository: ...
    @property
    def pinned_scopes(self) -> PinnedScopeRepository: ...
    @property
    def uses(self) -> UseRepository: ...
    @property
    def seals(self) -> SealRepository: ...
    @property
    def feed(self) -> FeedRepository: ...
    @property
    def registration_tokens(self) -> RegistrationTokenRepository: ...


class TransactionManager(Protocol):
    """What a storage needs of ``transaction.TransactionManager`` to join a request's transaction."""

    def get(self) -> object:
        """The transaction that is under way."""
        ...
