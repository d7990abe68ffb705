"""The worker's end of the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from consentcore.domain.notice import Attempt, Delivery, DeliveryState, Notice


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of a claimed delivery.

    :ivar lease_token: of the claim; a settlement under another token changes nothing.
    :ivar next_at: when to try again; only with state PENDING.
    :ivar attempt: the line for the delivery log; None when nothing was tried (worker stopped).
    """

    delivery_id: str
    lease_token: str
    state: DeliveryState
    now: int
    next_at: int | None = None
    error: str = ""
    attempt: Attempt | None = None


@dataclass(frozen=True, slots=True)
class OutboxStats:
    """How full the outbox is: deliveries pending, due time of the oldest due one (None when none), dead ones."""

    pending: int
    oldest_due_at: int | None
    dead: int
    unexpanded: int


class OutboxStorage(Protocol):
    """Verbs of the worker; each is a transaction of its own. Any number of workers at once."""

    def unexpanded(self, limit: int) -> Sequence[Notice]:
        """Notices without deliveries yet, oldest first."""
        ...

    def expand(self, notice_id: str, deliveries: Sequence[Delivery], now: int) -> None:
        """Store the deliveries of a notice and mark it expanded. Idempotent: a delivery with the same notice,
        notifier and target is kept as it is."""
        ...

    def claim_deliveries(
        self, now: int, *, limit: int, lease_ms: int, notifiers: Sequence[str]
    ) -> Sequence[Delivery]:
        """Lease due pending deliveries of the named notifiers, earliest due first. No delivery is leased twice at
        the same time; a lease that ran out is claimable again. ``attempts`` is counted up by the claim."""
        ...

    def settle(self, settlement: Settlement) -> bool:
        """Finish or reschedule a claimed delivery; False when the lease was lost."""
        ...

    def deliveries(
        self,
        *,
        notice_id: str = "",
        client_id: str = "",
        state: DeliveryState | None = None,
        limit: int = 100,
    ) -> Sequence[Delivery]:
        """Deliveries, newest first, narrowed by what is given."""
        ...

    def attempts(self, delivery_id: str) -> Sequence[Attempt]:
        """Attempts of a delivery by number."""
        ...

    def requeue(self, delivery_id: str, now: int) -> bool:
        """Make a finished or waiting delivery due at once; False when there is none or it is leased. ``attempts``
        goes on counting: numbers in the log stay unique."""
        ...

    def stats(self, now: int) -> OutboxStats: ...
