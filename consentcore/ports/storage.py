"""The storage port: everything consentcore keeps.

Four faces of one store:

* :class:`ProtocolStorage`: the verbs of the protocol routes. Outside any transaction manager; each method
  says how many statements and durable commits it may cost on success. Atomic by themselves: a caller never
  reads and then updates.
* :class:`UnitOfWork`: everything else, inside a transaction that commits or vanishes as a whole.
* :class:`OutboxStorage` (in :mod:`consentcore.ports.outbox`): what the worker claims and settles.
* :class:`CounterStorage`: counters of failures, shared by all processes.

Every method may raise :class:`~consentcore.domain.errors.StorageUnavailable`; methods that write may raise
:class:`~consentcore.domain.errors.StorageConflict`, after which nothing was written. Driver errors never
leave a plugin unwrapped. Strings are Unicode up to 100,000 characters without NUL; times are milliseconds
since the epoch. Sequences come back in the order stated; pages are stable under inserts.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

from consentcore.domain.errors import StorageConflict

if TYPE_CHECKING:
    from consentcore.domain.client import Client, WebhookEndpoint
    from consentcore.domain.event import Checkpoint, ConsentEvent, NoticeSnapshot
    from consentcore.domain.grant import Grant, GrantState
    from consentcore.domain.interaction import AuthorizeContext, Interaction
    from consentcore.domain.notice import Notice
    from consentcore.domain.owner import Owner, OwnerSession
    from consentcore.domain.token import (
        Code,
        CodeLookup,
        ConsumeOutcome,
        Redemption,
        RotateOutcome,
        Rotation,
        TokenLookup,
    )
    from consentcore.ports.outbox import OutboxStorage

T = TypeVar("T")


class ProtocolStorage(Protocol):
    """Verbs of authorize, token, introspect and revoke: one read, at most one guarded write each."""

    def read_authorize(self, client_id: str, session_hash: bytes | None, now: int) -> AuthorizeContext:
        """Find the client, the live session, and the owner's ACTIVE grant for the client, in one read.

        An expired session is absent; a grant whose time is over at ``now`` is absent. 1 statement, 0 commits.
        """
        ...

    def open_interaction(self, interaction: Interaction) -> None:
        """Store a pending authorization request. 1 statement, 1 commit."""
        ...

    def issue_code(self, code: Code) -> bool:
        """Store a code if, at ``code.created_at``, its grant is active and its client enabled, else return False.

        1 statement, 1 commit.
        """
        ...

    def read_code(self, client_id: str, code_hash: bytes) -> CodeLookup:
        """Find the client, and the code with its grant if the code was issued to that client.

        1 statement, 0 commits.
        """
        ...

    def consume_code(self, redemption: Redemption) -> ConsumeOutcome:
        """Burn the code and store both tokens, or change nothing.

        ``Consumed`` only if, at ``redemption.now``, the code exists for ``client_id``, is unused and not
        expired, its family is sound, its grant active and unexpired, and its client enabled. Among any number
        of simultaneous callers exactly one gets ``Consumed``. For the others, in this order: a code of another
        client, or one whose grant, client or family is dead, gives ``Unknown`` (so a replay is reported until
        the family is killed, not for ever); a used code gives ``Replayed`` however old it is; one whose time
        is over gives ``Expired``.
        1 writing statement and 1 commit on success (SQLite: one BEGIN IMMEDIATE transaction).
        """
        ...

    def find_token(self, client_id: str, token_hash: bytes) -> TokenLookup:
        """Find the asking client, and the token of whatever kind and client with all that its liveness needs.

        Also finds expired, rotated and dead tokens: the caller judges. 1 statement, 0 commits.
        """
        ...

    def rotate_refresh(self, rotation: Rotation) -> RotateOutcome:
        """Exchange a refresh token for its successor, or change nothing.

        ``Rotated`` only if, at ``rotation.now``, the token is a refresh token of ``client_id``, not rotated, not
        expired, its family sound, grant active and unexpired, client enabled. Among simultaneous callers exactly
        one gets ``Rotated``. A rotated token gives ``Grace`` while ``now < rotated_at + grace_ms``, its nonce is
        still there and its immediate successor has itself not been rotated, and everything under it is alive;
        otherwise ``Reused`` (also for older generations, and however old it is). Before that, a token of another
        client, or one whose grant, client or family is dead, gives ``Unknown``; after it, one that was not
        rotated and whose time is over gives ``Expired``.
        1 writing statement and 1 commit on success.
        """
        ...

    def kill_family(self, family_id: str, now: int) -> bool:
        """Kill every token that descends from one code; False when it was dead before.

        Idempotent. 1 statement, 1 commit.
        """
        ...


class ClientRepository(Protocol):
    """Registered clients and their webhook endpoints."""

    def get(self, client_id: str) -> Client | None: ...

    def add(self, client: Client) -> None:
        """Store a new client. :raises StorageConflict: when the id is taken."""
        ...

    def update(self, client: Client) -> None:
        """Replace the client of that id."""
        ...

    def list(self, *, after: str = "", limit: int = 100) -> Sequence[Client]:
        """Clients with an id greater than ``after``, by id; at most ``limit`` (1 to 1000)."""
        ...

    def add_endpoint(self, endpoint: WebhookEndpoint) -> None: ...

    def update_endpoint(self, endpoint: WebhookEndpoint) -> None: ...

    def get_endpoint(self, endpoint_id: str) -> WebhookEndpoint | None: ...

    def endpoints(self, client_id: str) -> Sequence[WebhookEndpoint]:
        """Endpoints of a client, disabled ones included, oldest first."""
        ...


class OwnerRepository(Protocol):
    """Data owners, their password hashes and their browser sessions."""

    def get(self, owner_id: str) -> Owner | None: ...

    def by_email(self, email: str) -> Owner | None:
        """Find by the normalised address."""
        ...

    def add(self, owner: Owner) -> None:
        """Store a new owner. :raises StorageConflict: when the id or the address is taken."""
        ...

    def update(self, owner: Owner) -> None: ...

    def password_hash(self, owner_id: str) -> str | None: ...

    def set_password_hash(self, owner_id: str, encoded: str) -> None: ...

    def add_session(self, session: OwnerSession) -> None: ...

    def session(self, session_hash: bytes, now: int) -> OwnerSession | None:
        """The session if it has not run out at ``now``."""
        ...

    def end_session(self, session_hash: bytes) -> bool: ...

    def end_sessions(self, owner_id: str) -> int:
        """End all sessions of an owner; how many."""
        ...


class InteractionRepository(Protocol):
    """Pending authorization requests."""

    def get(self, interaction_hash: bytes) -> Interaction | None: ...

    def bind(self, interaction_hash: bytes, old_session: bytes, new_session: bytes, owner_id: str) -> bool:
        """Hand an interaction of one browser session on to its successor at login; False when it is not theirs."""
        ...

    def consume(self, interaction_hash: bytes) -> bool:
        """Take it out of the pending ones; among simultaneous callers exactly one gets True."""
        ...

    def expired(self, now: int, limit: int) -> Sequence[Interaction]:
        """Pending ones whose time is over, oldest first."""
        ...


class GrantRepository(Protocol):
    """Grants. A row changes only together with its chain, see ``consent/service.py``."""

    def get(self, grant_id: str) -> Grant | None: ...

    def lock(self, grant_id: str) -> Grant | None:
        """Like :meth:`get`, and nobody else changes it before this transaction ends (or this one conflicts)."""
        ...

    def lock_active(self, owner_id: str, client_id: str) -> Grant | None:
        """The one grant in state ACTIVE (even one whose time is over) of the two, locked."""
        ...

    def latest_ended(self, owner_id: str, client_id: str) -> Grant | None:
        """The grant of the two that ended last (withdrawn, closed, revoked or expired)."""
        ...

    def add(self, grant: Grant) -> None:
        """Store a new grant. :raises StorageConflict: on a second ACTIVE one of the same owner and client."""
        ...

    def update(self, grant: Grant, *, expected_sequence: int) -> None:
        """Replace the row whose sequence is ``expected_sequence``. :raises StorageConflict: when it is not."""
        ...

    def of_owner(
        self, owner_id: str, states: Iterable[GrantState], *, after: str = "", limit: int = 100
    ) -> Sequence[Grant]:
        """Grants of an owner in some states, the one changed last first. ``after``: the last id of the page before."""
        ...

    def of_client(
        self, client_id: str, states: Iterable[GrantState], *, after: str = "", limit: int = 100
    ) -> Sequence[Grant]:
        """Grants of a client in some states, by id."""
        ...

    def all(self, *, after: str = "", limit: int = 500) -> Sequence[Grant]:
        """Every grant by id, for verification and export."""
        ...

    def due(self, now: int, limit: int) -> Sequence[Grant]:
        """ACTIVE grants whose time is over, and ACTIVE grants of disabled clients; oldest end first."""
        ...


class LedgerRepository(Protocol):
    """Evidence. There is no way to change or delete an event."""

    def append(self, event: ConsentEvent) -> None:
        """Store the next event. :raises StorageConflict: when the grant has an event of that sequence."""
        ...

    def of_grant(self, grant_id: str) -> Sequence[ConsentEvent]:
        """The chain of a grant by sequence."""
        ...

    def of_owner(self, owner_id: str, *, before: str = "", limit: int = 100) -> Sequence[ConsentEvent]:
        """Events of an owner, newest first, at the same time the higher sequence first. ``before``: event id of
        the last one of the page before."""
        ...

    def get(self, event_id: str) -> ConsentEvent | None: ...

    def orphans(self, limit: int) -> Sequence[ConsentEvent]:
        """Events whose grant does not exist (for verification)."""
        ...

    def put_snapshot(self, snapshot: NoticeSnapshot) -> None:
        """Store what was shown; storing the same hash again keeps the first."""
        ...

    def snapshot(self, snapshot_hash: str) -> NoticeSnapshot | None: ...

    def sequence_leaves(self, limit: int) -> int:
        """Give the oldest unsequenced events the next leaf indexes, from 0 and without gaps, those of one grant
        by their sequence; how many."""
        ...

    def leaves(self, start: int, limit: int) -> Sequence[ConsentEvent]:
        """Events with ``leaf_index >= start``, by leaf index."""
        ...

    def add_checkpoint(self, checkpoint: Checkpoint) -> None: ...

    def checkpoints(self) -> Sequence[Checkpoint]:
        """All checkpoints by size."""
        ...


class CodeRepository(Protocol):
    """Codes issued together with a consent."""

    def add(self, code: Code) -> None: ...


class FamilyRepository(Protocol):
    """Families of tokens, inside a transaction (the rare paths)."""

    def kill(self, family_id: str, now: int) -> bool:
        """Like :meth:`ProtocolStorage.kill_family`, as part of a transaction."""
        ...


class NoticeRepository(Protocol):
    """The writing end of the outbox."""

    def add(self, notice: Notice) -> None: ...

    def get(self, notice_id: str) -> Notice | None: ...

    def of_grant(self, grant_id: str) -> Sequence[Notice]:
        """Notices of a grant, oldest first."""
        ...


class UnitOfWork(Protocol):
    """The store inside one transaction. Reads see its own writes. Not to be shared between threads."""

    @property
    def clients(self) -> ClientRepository: ...
    @property
    def owners(self) -> OwnerRepository: ...
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


class CounterStorage(Protocol):
    """Counters in fixed windows, for failures that must count across processes."""

    def hit(self, key: str, now: int, window_ms: int) -> int:
        """Add one and return the count of the window that ``now`` lies in. Atomic."""
        ...

    def count(self, key: str, now: int, window_ms: int) -> int:
        """The count without adding."""
        ...

    def reset(self, key: str) -> None: ...


class TransactionManager(Protocol):
    """What a storage needs of ``transaction.TransactionManager`` to join a request's transaction."""

    def get(self) -> object: ...


@dataclass(frozen=True)
class PurgeReport:
    """How many rows of each kind a purge removed."""

    counts: dict[str, int] = field(default_factory=dict)


class Storage(Protocol):
    """One store. Safe to use from any thread; the objects that it hands out are not."""

    @property
    def capabilities(self) -> frozenset[str]:
        """Of ``durable`` (survives the process), ``multi_process``, ``sql``; the kit asks for these, not names."""
        ...

    @property
    def protocol(self) -> ProtocolStorage: ...
    @property
    def outbox(self) -> OutboxStorage: ...
    @property
    def counters(self) -> CounterStorage: ...

    def migrate(self) -> Sequence[str]:
        """Create or upgrade what it keeps; safe to repeat and to run twice at once. Returns one line per step done."""
        ...

    def check(self) -> Sequence[str]:
        """Problems that stop it from serving (not reachable, not migrated), one line each; empty when ready."""
        ...

    def transaction(self) -> AbstractContextManager[UnitOfWork]:
        """A transaction of its own: commits at the end of the block, vanishes when the block raises.

        One that raised ``StorageConflict`` vanishes too, even when the block caught it.
        """
        ...

    def reading(self) -> AbstractContextManager[UnitOfWork]:
        """A consistent view at one moment; writing in it is an error."""
        ...

    def join(self, tm: TransactionManager, *, write: bool) -> UnitOfWork:
        """Join the transaction of a request: it commits and vanishes with ``tm``.

        ``write=False`` promises that only reads follow. A collision surfaces as an error that ``tm`` calls retryable.
        """
        ...

    def purge(self, now: int, limit: int) -> PurgeReport:
        """Remove, at most ``limit`` rows a kind, what has no more use: dead codes and tokens, nonces past the grace,
        expired sessions, old counters. Never evidence."""
        ...

    def close(self) -> None: ...


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
