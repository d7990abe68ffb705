"""The store inside one transaction, which may be a request's."""

from __future__ import annotations

from consentcore.api import StorageConflict
from consentcore_memory.clients import MemoryClients
from consentcore_memory.engine import Session
from consentcore_memory.feed import MemoryFeed
from consentcore_memory.grants import MemoryGrants
from consentcore_memory.identities import MemoryIdentities
from consentcore_memory.interactions import MemoryInteractions
from consentcore_memory.ledger import MemoryLedger
from consentcore_memory.notices import MemoryNotices
from consentcore_memory.owners import MemoryOwners
from consentcore_memory.pinned_scopes import MemoryPinnedScopes
from consentcore_memory.registration_tokens import MemoryRegistrationTokens
from consentcore_memory.seals import MemorySeals
from consentcore_memory.tickets import MemoryTickets
from consentcore_memory.tlog import MemoryTlog
from consentcore_memory.tokens import MemoryTokens
from consentcore_memory.uses import MemoryUses


class MemoryUnit:
    """:class:`consentcore.api.UnitOfWork` in memory."""

    def __init__(self, session: Session) -> None:
        self.clients = MemoryClients(session)
        self.owners = MemoryOwners(session)
        self.tickets = MemoryTickets(session)
        self.registration_tokens = MemoryRegistrationTokens(session)
        self.identities = MemoryIdentities(session)
        self.interactions = MemoryInteractions(session)
        self.grants = MemoryGrants(session)
        self.ledger = MemoryLedger(session)
        self.tlog = MemoryTlog(session)
        self.tokens = MemoryTokens(session)
        self.notices = MemoryNotices(session)
        self.pinned_scopes = MemoryPinnedScopes(session)
        self.uses = MemoryUses(session)
        self.seals = MemorySeals(session)
        self.feed = MemoryFeed(session)


class Participant:
    """A data manager of the ``transaction`` library: commits and vanishes with its transaction."""

    def __init__(self, manager: object, session: Session) -> None:
        self.transaction_manager = manager
        self.session = session
        self.unit = MemoryUnit(session)

    def abort(self, transaction: object) -> None:  # noqa: ARG002 - the library's signature
        """Forget everything: the request failed before the commit began."""
        self.session.rollback()

    def tpc_begin(self, transaction: object) -> None:
        """Nothing has to be prepared."""

    def commit(self, transaction: object) -> None:
        """Everything was written as it came."""

    def tpc_vote(self, transaction: object) -> None:  # noqa: ARG002 - the library's signature
        """Say no when the transaction collided: after this, nothing may fail any more."""
        self.session.vote()

    def tpc_finish(self, transaction: object) -> None:  # noqa: ARG002 - the library's signature
        """Show what was written."""
        self.session.commit()

    def tpc_abort(self, transaction: object) -> None:  # noqa: ARG002 - the library's signature
        """Forget everything: somebody voted no."""
        self.session.rollback()

    def sortKey(self) -> str:  # noqa: N802 - the library's name
        """Commit after everybody else: what stands in memory cannot fail."""
        return "~consentcore:memory"

    def should_retry(self, error: BaseException) -> bool:
        """Whether running the request again may help."""
        return isinstance(error, StorageConflict)
