"""A transaction that follows that of a request, through zope.sqlalchemy.

The session maps nothing; it is what zope.sqlalchemy joins. Statements run on its connection. Imported at the first such
request: the library brings SQLAlchemy's object mapper along, a third of all that SQLAlchemy takes of memory, which a
worker and a process that answers applications only have no use for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from zope.sqlalchemy import mark_changed
from zope.sqlalchemy.datamanager import STATUS_ACTIVE, STATUS_CHANGED, SessionDataManager

from consentcore_sqlalchemy.errors import translating
from consentcore_sqlalchemy.work import Mode, Work

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from consentcore.api import TransactionManager
    from consentcore_sqlalchemy.engine import Database


class JoinedWork(Work):
    """Statements of a request. zope.sqlalchemy ends it, not :meth:`commit` or :meth:`end`."""

    def __init__(self, database: Database, mode: Mode) -> None:
        super().__init__(database, mode)
        self.session = Session(database.transactions)

    def over(self) -> None:
        """Note that somebody else ended it."""
        self._over = True

    def _begun(self, options: dict[str, Any]) -> Connection:
        return self.session.connection(execution_options=options)


class Participant(SessionDataManager):  # type: ignore[misc]  # the library has no types
    """zope.sqlalchemy's data manager with the port's errors."""

    def __init__(self, work: JoinedWork, tm: TransactionManager, *, write: bool) -> None:
        self.work = work
        # Core statements never mark a session as changed: without this they would vanish at the commit.
        super().__init__(work.session, STATUS_CHANGED if write else STATUS_ACTIVE, tm)

    def allow_writing(self) -> None:
        """Turn a transaction that was joined for reading into a writing one."""
        self.work.upgrade()
        mark_changed(self.session, self.transaction_manager)

    def commit(self, trans: object) -> None:
        self.work.vote()
        super().commit(trans)

    def tpc_vote(self, trans: object) -> None:
        with translating():
            super().tpc_vote(trans)

    def sortKey(self) -> str:  # noqa: N802 - the library's name
        # Votes last of all: it commits in its vote, and nobody may refuse after that.
        return f"\U0010ffff{super().sortKey()}"

    def _finish(self, final_state: str) -> None:
        session = self.session
        self.work.over()
        try:
            super()._finish(final_state)
        except SQLAlchemyError:
            session.invalidate()


def join(database: Database, key: object, tm: TransactionManager, *, write: bool) -> Participant:
    """Join the transaction of a request, once: later calls find the same participant."""
    # The port leaves the transaction opaque so that it does not depend on the library.
    current: Any = tm.get()
    try:
        participant: Participant = current.data(key)
    except KeyError:
        work = JoinedWork(database, Mode.REQUEST if write else Mode.VIEW)
        participant = Participant(work, tm, write=write)
        current.set_data(key, participant)
        return participant
    if write:
        participant.allow_writing()
    return participant
