"""The store and its faces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from consentcore.api import PurgeReport, TransactionManager, UnitOfWork
from consentcore_dynamodb import schema
from consentcore_dynamodb.capabilities import CAPABILITIES
from consentcore_dynamodb.counters import DynamoCounters
from consentcore_dynamodb.deliveries import DynamoOutbox
from consentcore_dynamodb.delivery_log import DynamoDeliveryLog
from consentcore_dynamodb.engine import Table
from consentcore_dynamodb.moving import DynamoMoving
from consentcore_dynamodb.purge import Purge
from consentcore_dynamodb.settings import DynamoSettings
from consentcore_dynamodb.tokens import DynamoProtocol
from consentcore_dynamodb.transactions import DynamoUnit, Participant
from consentcore_dynamodb.work import Work


class DynamoStorage:
    """:class:`consentcore.api.Storage` in one table of DynamoDB. Nothing is connected before the first use."""

    capabilities = CAPABILITIES

    def __init__(self, settings: DynamoSettings) -> None:
        self._settings = settings
        self._table = Table(settings)
        self.protocol = DynamoProtocol(self._table)
        self.outbox = DynamoOutbox(self._table)
        self.delivery_log = DynamoDeliveryLog(self._table)
        self.counters = DynamoCounters(self._table)
        self.moving = DynamoMoving(self._table)

    def migrate(self) -> Sequence[str]:
        return schema.migrate(self._table, self._settings)

    def check(self) -> Sequence[str]:
        return schema.check(self._table)

    @contextmanager
    def transaction(self) -> Iterator[UnitOfWork]:
        work = Work(self._table, writable=True)
        try:
            yield DynamoUnit(work)
            work.commit()
        finally:
            work.rollback()

    @contextmanager
    def reading(self) -> Iterator[UnitOfWork]:
        # Not remembered: who reads for long, such as a verification, wants to see what has become of it.
        work = Work(self._table, writable=False, remembers=False)
        try:
            yield DynamoUnit(work)
        finally:
            work.rollback()

    def join(self, tm: TransactionManager, *, write: bool) -> UnitOfWork:
        # The port leaves the transaction opaque so that it does not depend on the library.
        current: Any = tm.get()
        try:
            participant: Participant = current.data(self)
        except KeyError:
            participant = Participant(tm, Work(self._table, writable=False))
            current.join(participant)
            current.set_data(self, participant)
        # What was read before is written only if it is still the same.
        participant.work.writable = participant.work.writable or write
        return participant.unit

    def purge(self, now: int, limit: int) -> PurgeReport:
        return PurgeReport(Purge(self._table, now, limit).counts())

    def close(self) -> None:
        self._table.close()
