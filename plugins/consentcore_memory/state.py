"""What the store holds: tables that are shared by every reader and copied by the one writer."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Generic, TypeVar

from consentcore.api import (
    Attempt,
    Checkpoint,
    Client,
    ClientLogo,
    Code,
    ConsentEvent,
    Delivery,
    Disclosure,
    Grant,
    InitialAccessToken,
    Interaction,
    LogObject,
    Notice,
    NoticeSnapshot,
    Owner,
    OwnerIdentity,
    OwnerSession,
    OwnerTicket,
    PinnedScope,
    PushedRequest,
    Token,
    Tombstone,
    WebhookEndpoint,
)

K = TypeVar("K")
V = TypeVar("V")


class Table(Generic[K, V]):
    """Rows by key, in the order in which they came. A fork copies the rows before its first write.

    A committed table is never written again, so readers need no lock and keep the view they started with.
    """

    __slots__ = ("_own", "_rows")

    def __init__(self, rows: dict[K, V] | None = None, *, own: bool = True) -> None:
        self._rows: dict[K, V] = {} if rows is None else rows
        self._own = own

    def fork(self) -> Table[K, V]:
        """Return a table with the same rows that may be written."""
        return Table(self._rows, own=False)

    def get(self, key: K) -> V | None:
        """Return the row or None."""
        return self._rows.get(key)

    def values(self) -> Collection[V]:
        """Return all rows, oldest first."""
        return self._rows.values()

    def items(self) -> Collection[tuple[K, V]]:
        """Return all rows with their keys, oldest first."""
        return self._rows.items()

    def put(self, key: K, row: V) -> None:
        """Store a row; one that was there keeps its place."""
        self._mine()[key] = row

    def drop(self, keys: Iterable[K]) -> int:
        """Remove rows; return how many there were."""
        doomed = [key for key in keys if key in self._rows]
        for key in doomed:
            del self._mine()[key]
        return len(doomed)

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    def __len__(self) -> int:
        return len(self._rows)

    def _mine(self) -> dict[K, V]:
        if not self._own:
            self._rows = dict(self._rows)
            self._own = True
        return self._rows


@dataclass(frozen=True, slots=True)
class Family:
    """The tokens that descend from one code."""

    family_id: str
    created_at: int
    killed_at: int | None = None
    proof: bytes = b""


@dataclass(frozen=True, slots=True)
class StoredToken:
    """A token, and for a rotated one: what it was exchanged for, and until when that is told again."""

    token: Token
    successor: bytes = b""
    access: bytes = b""
    grace_until: int = 0
    sealed_access: bytes = b""


@dataclass(frozen=True, slots=True)
class StoredNotice:
    """A notice, when its deliveries were made, and its place in the feed of its client."""

    notice: Notice
    expanded_at: int | None = None
    place: int | None = None


def _table() -> Table[K, V]:
    return Table()


@dataclass(slots=True)
class State:
    """Every table of the store at one moment."""

    clients: Table[str, Client] = field(default_factory=_table)
    logos: Table[str, ClientLogo] = field(default_factory=_table)
    endpoints: Table[str, WebhookEndpoint] = field(default_factory=_table)
    owners: Table[str, Owner] = field(default_factory=_table)
    addresses: Table[str, str] = field(default_factory=_table)
    passwords: Table[str, str] = field(default_factory=_table)
    sessions: Table[bytes, OwnerSession] = field(default_factory=_table)
    tickets: Table[bytes, OwnerTicket] = field(default_factory=_table)
    registration_tokens: Table[bytes, InitialAccessToken] = field(default_factory=_table)
    identities: Table[tuple[str, str], OwnerIdentity] = field(default_factory=_table)
    interactions: Table[bytes, Interaction] = field(default_factory=_table)
    pushed: Table[bytes, PushedRequest] = field(default_factory=_table)
    used_once: Table[bytes, int] = field(default_factory=_table)
    grants: Table[str, Grant] = field(default_factory=_table)
    active: Table[tuple[str, str], str] = field(default_factory=_table)
    codes: Table[bytes, Code] = field(default_factory=_table)
    families: Table[str, Family] = field(default_factory=_table)
    tokens: Table[bytes, StoredToken] = field(default_factory=_table)
    events: Table[str, ConsentEvent] = field(default_factory=_table)
    chains: Table[str, dict[int, str]] = field(default_factory=_table)
    leaves: Table[int, str] = field(default_factory=_table)
    snapshots: Table[str, NoticeSnapshot] = field(default_factory=_table)
    disclosures: Table[str, Disclosure] = field(default_factory=_table)
    tombstones: Table[str, Tombstone] = field(default_factory=_table)
    checkpoints: Table[int, Checkpoint] = field(default_factory=_table)
    pinned_scopes: Table[tuple[str, str, int], PinnedScope] = field(default_factory=_table)
    log_objects: Table[str, LogObject] = field(default_factory=_table)
    uses: Table[str, int] = field(default_factory=_table)
    notices: Table[str, StoredNotice] = field(default_factory=_table)
    deliveries: Table[str, Delivery] = field(default_factory=_table)
    attempts: Table[str, tuple[Attempt, ...]] = field(default_factory=_table)

    def fork(self) -> State:
        """Return a state that may be written without anybody seeing it."""
        return State(**{table.name: getattr(self, table.name).fork() for table in fields(self)})

    def add_code(self, code: Code) -> None:
        """Store a code; its family is born with it."""
        self.codes.put(code.code_hash, replace(code, family_proof=b""))
        if code.family_id not in self.families:
            self.families.put(
                code.family_id, Family(code.family_id, code.created_at, proof=code.family_proof)
            )

    def kill_family(self, family_id: str, now: int) -> bool:
        """Kill a family; False when there is none or it was dead before."""
        family = self.families.get(family_id)
        if family is None or family.killed_at is not None:
            return False
        self.families.put(family_id, Family(family_id, family.created_at, now))
        return True

    def active_grant(self, owner_id: str, client_id: str) -> Grant | None:
        """Return the one grant of the two in state ACTIVE, even when its time is over."""
        grant_id = self.active.get((owner_id, client_id))
        return None if grant_id is None else self.grants.get(grant_id)
