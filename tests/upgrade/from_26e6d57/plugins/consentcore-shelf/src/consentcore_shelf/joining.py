"""Taking part in the transaction of a request."""

from __future__ import annotations

from consentcore.api import StorageConflict
from consentcore_shelf.engine import Session
from consentcore_shelf.unit import ShelfUnit


class Participant:
    """A data manager of the ``transaction`` library: commits and vanishes with its transaction."""

    def __init__(self, manager: object, session: Session) -> None:
        self.transaction_manager = manager
        self.session = session
        self.unit = ShelfUnit(session)

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
        """Commit after everybody else: a file of our own hardly fails."""
        return "~consentcore:shelf"

    def should_retry(self, error: BaseException) -> bool:
        """Whether running the request again may help."""
        return isinstance(error, StorageConflict)
