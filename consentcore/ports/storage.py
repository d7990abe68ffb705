"""The storage port: everything consentcore keeps.

Six faces of one store:

* :class:`ProtocolStorage` (in :mod:`consentcore.ports.tokens`): the verbs of the protocol routes. Outside any
  transaction manager; each method says how many statements and durable commits it may cost on success. Atomic
  by themselves: a caller never reads and then updates.
* :class:`UnitOfWork` (in :mod:`consentcore.ports.transactions`): everything else, inside a transaction that
  commits or vanishes as a whole.
* :class:`OutboxStorage` (in :mod:`consentcore.ports.deliveries`): what the worker claims and settles.
* :class:`DeliveryLogStorage` (in :mod:`consentcore.ports.delivery_log`): what people see of it.
* :class:`CounterStorage` (in :mod:`consentcore.ports.counters`): counters of failures, shared by all processes.
* :class:`MovingStorage` (in :mod:`consentcore.ports.moving`): everything, for moving to another storage.

Every method may raise :class:`~consentcore.domain.errors.StorageUnavailable`; methods that write may raise
:class:`~consentcore.domain.errors.StorageConflict`, after which nothing was written. Driver errors never
leave a plugin unwrapped. Strings are Unicode up to 100,000 characters without NUL; times are milliseconds
since the epoch. Sequences come back in the order stated; pages are stable under inserts.

What is read begins with what was committed before, in whatever process: nobody who has just consented may be told
otherwise. Candidates alone may come some seconds late, because whoever gets them looks again before anything is done:
those of ``unexpanded``, ``waiting``, ``claim_deliveries``, ``due``, ``expired``, ``failing_endpoints``,
``sequence_leaves`` and ``enter``; and so may what is counted, in ``stats`` and ``backlog``.

What an engine can do and not every engine can has a name in
:class:`~consentcore.ports.capabilities.StorageCapabilities`.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

from consentcore.domain.errors import StorageConflict

if TYPE_CHECKING:
    from consentcore.ports.capabilities import StorageCapabilities
    from consentcore.ports.counters import CounterStorage
    from consentcore.ports.deliveries import OutboxStorage
    from consentcore.ports.delivery_log import DeliveryLogStorage
    from consentcore.ports.moving import MovingStorage
    from consentcore.ports.tokens import ProtocolStorage
    from consentcore.ports.transactions import TransactionManager, UnitOfWork

T = TypeVar("T")


@dataclass(frozen=True)
class PurgeReport:
    """How many rows of each kind a purge removed."""

    counts: dict[str, int] = field(default_factory=dict)


class Storage(Protocol):
    """One store. Safe to use from any thread; the objects that it hands out are not."""

    @property
    def capabilities(self) -> StorageCapabilities:
        """What it can do and not every storage can. Known before the first connection, and never another."""
        ...

    @property
    def protocol(self) -> ProtocolStorage:
        """The verbs of the protocol routes."""
        ...

    @property
    def outbox(self) -> OutboxStorage:
        """What a worker claims and settles."""
        ...

    @property
    def delivery_log(self) -> DeliveryLogStorage:
        """What people see of deliveries."""
        ...

    @property
    def counters(self) -> CounterStorage:
        """Counters that all processes share."""
        ...

    @property
    def moving(self) -> MovingStorage:
        """Everything that is kept, for moving to another storage."""
        ...

    def migrate(self) -> Sequence[str]:
        """Create or upgrade what it keeps; safe to repeat and to run twice at once. Returns one line per step done."""
        ...

    def check(self) -> Sequence[str]:
        """Problems that stop it from serving (not reachable, not migrated, and where that can be told without writing
        for good: read-only), one line each; empty when ready."""
        ...

    def transaction(self) -> AbstractContextManager[UnitOfWork]:
        """A transaction of its own: commits at the end of the block, vanishes when the block raises.

        One that raised ``StorageConflict`` vanishes too, even when the block caught it.
        """
        ...

    def reading(self) -> AbstractContextManager[UnitOfWork]:
        """A view to read in; writing in it is an error. Of one moment, the one of its first read, where the storage
        declares ``snapshot_reads``."""
        ...

    def join(self, tm: TransactionManager, *, write: bool) -> UnitOfWork:
        """Join the transaction of a request: it commits and vanishes with ``tm``.

        Called again in the same transaction, it gives the same unit of work; a later ``write=True`` lets it write.

        :param write: False promises that only reads follow: such a view is that of :meth:`reading`. A collision
            surfaces as an error that ``tm`` calls retryable.
        """
        ...

    def purge(self, now: int, limit: int) -> PurgeReport:
        """Remove what has no more use at ``now``, at most ``limit`` of each kind, in as many commits as it takes.

        Workers call it again and again, while everything else goes on; called often enough it reports nothing. Over
        means: ``expires_at`` is at or before ``now``.

        * A code that was never used: once it is over. One that was used: not before every token of its family is over,
          because until then a replay of it has to be noticed, however old it is.
        * A token: once it is over. A refresh token that was rotated stays until then, because its reuse has to be
          noticed.
        * Codes, tokens and the family itself: also when the family was killed, or its grant is not ACTIVE or its time
          is over. Whatever is taken first, with whatever ``limit``: what was dead never comes back to life.
        * The nonce and the sealed access token of a rotation: erased once ``rotation.now + grace_ms`` is past, and not
          before. Erased for good: whoever reads the files of the store afterwards, and its logs, does not find them.
        * Sessions, tickets, initial access tokens, pushed requests and keys of :meth:`OneTimeStorage.use_once`: once
          they are over.
        * Windows of counters: once they have ended.
        * Deliveries that are not pending, made (``created_at``) :data:`~consentcore.domain.notice.DELIVERY_LOG_MS` ago
          or earlier, with their attempts.

        Never anything else: no client, endpoint, owner, password, identity, grant, event, snapshot, checkpoint,
        words of a scope or notice, and no interaction, which a worker records as unanswered and consumes.

        :returns: how many of each kind, by a name of the storage's own; as many as ``limit`` mean that there may be
            more.
        """
        ...

    def close(self) -> None:
        """Give connections back. The storage is not used any more after it; calling it again does nothing."""
        ...


def transact(storage: Storage, work: Callable[[UnitOfWork], T], *, attempts: int = 10) -> T:
    """Run ``work`` in a transaction of its own, again from the start after a collision.

    :param attempts: how often at most; between two tries it waits up to 5, 10, 20 … 500 ms at random.
    :raises StorageConflict: when every attempt collided.
    """
    for attempt in range(attempts):
        try:
            with storage.transaction() as uow:
                return work(uow)
        except StorageConflict:
            if attempt == attempts - 1:
                raise
            # Chance keeps two that collided from colliding again; nothing secret depends on it.
            time.sleep(random.random() * min(0.5, 0.005 * 2**attempt))  # noqa: S311 - not a secret
    raise AssertionError("attempts must be 1 or more")
