"""The store and its faces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property

from consentcore.api import KeyRing, PurgeReport, TransactionManager, UnitOfWork
from consentcore_sqlalchemy import schema
from consentcore_sqlalchemy.capabilities import CAPABILITIES
from consentcore_sqlalchemy.counters import SqlCounters
from consentcore_sqlalchemy.deliveries import SqlOutbox
from consentcore_sqlalchemy.delivery_log import SqlDeliveryLog
from consentcore_sqlalchemy.driver import Driver, Listener
from consentcore_sqlalchemy.engine import open_database
from consentcore_sqlalchemy.errors import translating
from consentcore_sqlalchemy.exchanges import OneStatement, OneTransaction
from consentcore_sqlalchemy.moving import SqlMoving
from consentcore_sqlalchemy.nonces import NonceSweep
from consentcore_sqlalchemy.purge import purge
from consentcore_sqlalchemy.settings import SqlSettings
from consentcore_sqlalchemy.tokens import SqlProtocol
from consentcore_sqlalchemy.transactions import SqlUnit
from consentcore_sqlalchemy.work import Mode, transaction


class SqlStorage:
    """:class:`consentcore.api.Storage` in SQL.

    On SQLite a thread that holds a write transaction must not call a verb that writes: it would wait for itself
    until ``busy_timeout_s`` is over.

    :raises ConfigurationError: when the URL is not usable. Nothing is connected before the first use.
    """

    capabilities = CAPABILITIES

    def __init__(self, settings: SqlSettings, keys: KeyRing) -> None:
        self._keys = keys
        self._database = open_database(settings)
        self._driver = Driver(self._database)
        self._sweep = NonceSweep()
        self.outbox = SqlOutbox(self._database, self._driver)
        self.delivery_log = SqlDeliveryLog(self._database)

    @cached_property
    def protocol(self) -> SqlProtocol:
        exchanger = OneTransaction if self._database.is_sqlite else OneStatement
        return SqlProtocol(self._driver, exchanger=exchanger)

    @cached_property
    def counters(self) -> SqlCounters:
        return SqlCounters(self._driver, is_sqlite=self._database.is_sqlite)

    @cached_property
    def moving(self) -> SqlMoving:
        return SqlMoving(self._database)

    def listen(self, listener: Listener) -> None:
        """Tell ``listener`` of every statement and commit of the protocol's verbs: for tests and measurements."""
        self._driver.listen(listener)

    def migrate(self) -> Sequence[str]:
        from consentcore_sqlalchemy.migrate import migrate

        return migrate(self._database, self._keys)

    def check(self) -> Sequence[str]:
        return schema.check(self._database)

    @contextmanager
    def transaction(self) -> Iterator[UnitOfWork]:
        with transaction(self._database, Mode.WRITE) as work:
            yield SqlUnit(work)

    @contextmanager
    def reading(self) -> Iterator[UnitOfWork]:
        with transaction(self._database, Mode.READ) as work:
            yield SqlUnit(work)

    def join(self, tm: TransactionManager, *, write: bool) -> UnitOfWork:
        from consentcore_sqlalchemy.joined_work import join  # see there

        return SqlUnit(join(self._database, self, tm, write=write).work)

    def purge(self, now: int, limit: int) -> PurgeReport:
        return PurgeReport(purge(self._database, self._sweep, now, limit))

    def close(self) -> None:
        with translating():
            self._database.engine.dispose()
