"""Grants: the standing permission of an owner for a client."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class GrantState(StrEnum):
    """What has become of a permission. Only ACTIVE gives tokens; all others are final."""

    ACTIVE = "active"
    DENIED = "denied"
    ABANDONED = "abandoned"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"
    REVOKED = "revoked"
    EXPIRED = "expired"


ENDED = frozenset({GrantState.WITHDRAWN, GrantState.CLOSED, GrantState.REVOKED, GrantState.EXPIRED})
"""States of a permission that once stood."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Owner + client + scopes + state; a projection of its chain of consent events.

    :ivar grant_id: UUID version 4, the one id for owner, ISV and support.
    :ivar scopes: pinned references ``id@version``, sorted.
    :ivar resources: ids of chosen sites, meters, devices; empty when nothing was there to choose.
    :ivar sequence: number of events in the chain; :ivar head: hash of the last one.
    :ivar seal: keyed hash over the fields of this row, so that a changed row is noticed.
    :ivar replaces: the ended grant of the same owner and client before this one, or "".
    """

    grant_id: str
    owner_id: str
    client_id: str
    state: GrantState
    scopes: tuple[str, ...]
    created_at: int
    changed_at: int
    expires_at: int
    resources: tuple[str, ...] = ()
    replaces: str = ""
    sequence: int = 0
    head: bytes = b""
    seal: bytes = b""
    key_id: str = ""

    @property
    def scope_ids(self) -> tuple[str, ...]:
        """The scope tokens without their versions."""
        return tuple(reference.rpartition("@")[0] for reference in self.scopes)

    def is_active(self, now: int) -> bool:
        """Whether tokens under it may live at ``now``: by state and by the clock, never by a job."""
        return self.state is GrantState.ACTIVE and now < self.expires_at
