"""The store inside one transaction, which may be a request's."""

from __future__ import annotations

from consentcore.api import StorageConflict
from consentcore_dynamodb.clients import DynamoClients
from consentcore_dynamodb.feed import DynamoFeed
from consentcore_dynamodb.grants import DynamoGrants
from consentcore_dynamodb.identities import DynamoIdentities
from consentcore_dynamodb.interactions import DynamoInteractions
from consentcore_dynamodb.ledger import DynamoLedger
from consentcore_dynamodb.notices import DynamoNotices
from consentcore_dynamodb.owners import DynamoOwners
from consentcore_dynamodb.pinned_scopes import DynamoPinnedScopes
from consentcore_dynamodb.registration_tokens import DynamoRegistrationTokens
from consentcore_dynamodb.seals import DynamoSeals
from consentcore_dynamodb.tickets import DynamoTickets
from consentcore_dynamodb.tlog import DynamoTlog
from consentcore_dynamodb.tokens import DynamoTokens
from consentcore_dynamodb.uses import DynamoUses
from consentcore_dynamodb.work import Work


class DynamoUnit:
    """:class:`consentcore.api.UnitOfWork` in DynamoDB."""

    def __init__(self, work: Work) -> None:
        self.clients = DynamoClients(work)
        self.owners = DynamoOwners(work)
        self.tickets = DynamoTickets(work)
        self.registration_tokens = DynamoRegistrationTokens(work)
        self.identities = DynamoIdentities(work)
        self.interactions = DynamoInteractions(work)
        self.grants = DynamoGrants(work)
        self.ledger = DynamoLedger(work)
        self.tlog = DynamoTlog(work)
        self.tokens = DynamoTokens(work)
        self.notices = DynamoNotices(work)
        self.pinned_scopes = DynamoPinnedScopes(work)
        self.uses = DynamoUses(work)
        self.seals = DynamoSeals(work)
        self.feed = DynamoFeed(work)


class Participant:
    """A data manager of the ``transaction`` library that commits in one phase, and therefore votes last."""

    def __init__(self, manager: object, work: Work) -> None:
        self.transaction_manager = manager
        self.work = work
        self.unit = DynamoUnit(work)

    def abort(self, transaction: object) -> None:  # noqa: ARG002 - the library's signature
        """Forget everything: the request failed before the commit began."""
        self.work.rollback()

    def tpc_begin(self, transaction: object) -> None:
        """Nothing has to be prepared."""

    def commit(self, transaction: object) -> None:
        """Everything is written at the vote."""

    def tpc_vote(self, transaction: object) -> None:  # noqa: ARG002 - the library's signature
        """Commit: all others have said yes, and after this nothing may fail any more."""
        self.work.commit()

    def tpc_finish(self, transaction: object) -> None:
        """It is committed already."""

    def tpc_abort(self, transaction: object) -> None:  # noqa: ARG002 - the library's signature
        """Forget everything: somebody voted no."""
        self.work.rollback()

    def sortKey(self) -> str:  # noqa: N802 - the library's name
        """Vote after everybody else."""
        return "~consentcore:dynamodb"

    def should_retry(self, error: BaseException) -> bool:
        """Whether running the request again may help."""
        return isinstance(error, StorageConflict)
