"""The storage port, second face: a store inside one transaction, see :mod:`consentcore.ports.storage`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from consentcore.domain.client import Client, EndpointHealth, WebhookEndpoint
    from consentcore.domain.event import Checkpoint, ConsentEvent, NoticeSnapshot
    from consentcore.domain.grant import Grant, GrantState
    from consentcore.domain.interaction import Interaction
    from consentcore.domain.notice import Notice
    from consentcore.domain.owner import Owner, OwnerIdentity, OwnerSession, OwnerTicket
    from consentcore.domain.token import Code


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

    def update_endpoint(self, endpoint: WebhookEndpoint) -> None:
        """Replace the endpoint of that id, all but its health. Lock it before it is read, or a change made at the
        same time is lost."""
        ...

    def set_health(self, endpoint_id: str, health: EndpointHealth) -> None:
        """Replace the health of an endpoint and nothing else; nothing happens when there is none."""
        ...

    def remove_endpoint(self, endpoint_id: str) -> bool:
        """Remove an endpoint for good; False when there was none. Its deliveries stay in the log."""
        ...

    def get_endpoint(self, endpoint_id: str) -> WebhookEndpoint | None: ...

    def lock_endpoint(self, endpoint_id: str) -> WebhookEndpoint | None:
        """Like :meth:`get_endpoint`, and nobody else changes it before this transaction ends (or this one
        conflicts)."""
        ...

    def failing_endpoints(self, since: int, *, warned: bool, limit: int) -> Sequence[WebhookEndpoint]:
        """Enabled endpoints with ``failing_since`` at or before ``since``, longest first.

        :param warned: those with ``warned_at``, or those without.
        """
        ...

    def endpoints(self, client_id: str) -> Sequence[WebhookEndpoint]:
        """Endpoints of a client, disabled ones included, oldest first."""
        ...


class OwnerRepository(Protocol):
    """Data owners, their password hashes and their browser sessions."""

    def get(self, owner_id: str) -> Owner | None: ...

    def by_email(self, email: str) -> Owner | None:
        """Find by the normalised address."""
        ...

    def lock(self, owner_id: str) -> Owner | None:
        """Like :meth:`get`, and nobody else changes it before this transaction ends (or this one conflicts)."""
        ...

    def add(self, owner: Owner) -> None:
        """Store a new owner. :raises StorageConflict: when the id or the address is taken."""
        ...

    def update(self, owner: Owner) -> None:
        """Replace the owner of that id. :raises StorageConflict: when the address is another owner's."""
        ...

    def password_hash(self, owner_id: str) -> str | None: ...

    def set_password_hash(self, owner_id: str, encoded: str) -> None: ...

    def add_session(self, session: OwnerSession) -> None: ...

    def session(self, session_hash: bytes, now: int) -> OwnerSession | None:
        """The session if it has not run out at ``now``."""
        ...

    def sessions(self, owner_id: str, now: int) -> Sequence[OwnerSession]:
        """Sessions of an owner that have not run out at ``now``, newest first."""
        ...

    def touch_session(self, session_hash: bytes, seen_at: int) -> None:
        """Note when a session was last used; nothing happens when there is none."""
        ...

    def end_session(self, session_hash: bytes) -> bool: ...

    def end_sessions(self, owner_id: str, *, keep: bytes = b"") -> int:
        """End all sessions of an owner but the one stored under ``keep``; how many."""
        ...


class TicketRepository(Protocol):
    """What may be done once, such as what a mailed link is for."""

    def add(self, ticket: OwnerTicket) -> None:
        """Store a new ticket. :raises StorageConflict: when there is one under that hash."""
        ...

    def get(self, ticket_hash: bytes, now: int) -> OwnerTicket | None:
        """The ticket, used or not, unless its time is over at ``now``."""
        ...

    def use(self, ticket_hash: bytes, purpose: str, now: int) -> OwnerTicket | None:
        """Mark a ticket as used and return it as it is then; None when there is none of that purpose, its time is
        over at ``now``, or it was used before. Among simultaneous callers exactly one gets it."""
        ...

    def drop(self, owner_id: str, purposes: Iterable[str]) -> int:
        """Remove the tickets of an owner for these purposes, used or not; how many."""
        ...


class IdentityRepository(Protocol):
    """Who owners are at identity providers."""

    def get(self, issuer: str, subject: str) -> OwnerIdentity | None:
        """Find by issuer and subject, both compared byte for byte."""
        ...

    def add(self, identity: OwnerIdentity) -> None:
        """Store a new one. :raises StorageConflict: when issuer and subject are somebody's already."""
        ...

    def of_owner(self, owner_id: str) -> Sequence[OwnerIdentity]:
        """Identities of an owner, oldest first."""
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

    def several(self, notice_ids: Collection[str]) -> Mapping[str, Notice]:
        """Those of the named notices that there are, by id."""
        ...

    def of_grant(self, grant_id: str) -> Sequence[Notice]:
        """Notices of a grant, oldest first."""
        ...


class FeedRepository(Protocol):
    """What a client is told, in an order that it can page and never misses anything in.

    Time cannot give that order, because a transaction that began earlier may commit later. So a notice gets its place
    when its client asks: only what is committed gets one, places are given one after the other, and none changes.
    """

    def enter(self, client_id: str, limit: int) -> int:
        """Give the client's notices without a place the next ones; how many got one, at most ``limit``.

        Roughly by time, and those of a grant always in the order of its chain.

        Those that tell the client (audience ``CLIENT``) of an event of the ledger: no tests of an endpoint.

        :raises StorageConflict: when somebody else gives places in the same feed meanwhile.
        """
        ...

    def page(self, client_id: str, *, after: str = "", limit: int = 100) -> Sequence[Notice]:
        """Notices with a place, in order, from behind the one with id ``after``; at most ``limit`` (1 to 1000).

        :raises NotFound: when ``after`` has no place in the feed of this client.
        """
        ...


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
    def codes(self) -> CodeRepository: ...
    @property
    def families(self) -> FamilyRepository: ...
    @property
    def notices(self) -> NoticeRepository: ...
    @property
    def feed(self) -> FeedRepository: ...
