"""The worker's end of the outbox."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from consentcore.domain.event_kinds import NoticeKind
    from consentcore.domain.notice import Attempt, Delivery, DeliveryState, Notice


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of a claimed delivery.

    :ivar lease_token: of the claim; a settlement under another token changes nothing.
    :ivar next_at: when to try again; only with state PENDING.
    :ivar attempt: the line for the delivery log; None when nothing was tried (worker stopped, endpoint disabled). Only
        a try ends a replay: without one ``before_replay`` and ``next_before_replay`` stay as they are.
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
    """How full the outbox is: deliveries pending, due time of the oldest due one (None when none), dead ones.

    :ivar unnamed: pending ones that are not among ``pending``: of notifiers that are not configured any more. Always 0
        from a storage; see :meth:`OutboxStorage.pending_of`.
    """

    pending: int
    oldest_due_at: int | None
    dead: int
    unexpanded: int
    unnamed: int = 0


class OutboxStorage(Protocol):
    """Verbs of the worker; each is a transaction of its own. Any number of workers at once."""

    def waiting(self, now: int, *, lease_ms: int, notifiers: Sequence[str]) -> bool:
        """Whether a notice is unexpanded, or a delivery can be claimed. An idle worker asks many times a second:
        one cheap read."""
        ...

    def unexpanded(self, limit: int, skip: int = 0) -> Sequence[Notice]:
        """Notices without deliveries yet, oldest first, without the first ``skip``."""
        ...

    def expand(self, notice_id: str, deliveries: Sequence[Delivery], now: int) -> None:
        """Store the deliveries of a notice and mark it expanded. Idempotent: a delivery with the same notice,
        notifier and target is kept as it is."""
        ...

    def expand_all(self, deliveries: Mapping[str, Sequence[Delivery]], now: int) -> int:
        """The same for several notices by id, in one commit; how many were expanded by this call. Those that are
        expanded already, and those that another worker is expanding at this moment, may be left out."""
        ...

    def claim_deliveries(
        self,
        now: int,
        *,
        limit: int,
        lease_ms: int,
        notifiers: Sequence[str],
        per_target: int | None = None,
        busy: Collection[tuple[str, str]] = (),
    ) -> Sequence[Delivery]:
        """Lease due pending deliveries of the named notifiers, earliest due first. No delivery is leased twice at
        the same time; a lease that ran out is claimable again, and so is one that ends later than ``now`` plus twice
        ``lease_ms``: a clock that went wrong has given it. ``attempts`` is counted up by the claim.

        :param per_target: at most so many of one target (notifier and name).
        :param busy: targets to leave out.
            However many deliveries these have due, the claim finds those of the others in about the same time.
        """
        ...

    def settle(self, settlement: Settlement) -> bool:
        """Finish or reschedule a claimed delivery; False when the lease was lost."""
        ...

    def settle_all(self, settlements: Sequence[Settlement]) -> Sequence[bool]:
        """The same for several different deliveries, in one commit; the answers in the same order."""
        ...

    def deliveries(
        self,
        *,
        notice_id: str = "",
        client_id: str = "",
        target: str = "",
        kind: NoticeKind | None = None,
        state: DeliveryState | None = None,
        undelivered: bool = False,
        since: int | None = None,
        until: int | None = None,
        after: str = "",
        limit: int = 100,
    ) -> Sequence[Delivery]:
        """Deliveries, newest first, narrowed by what is given.

        :param undelivered: only those in one of :data:`~consentcore.domain.notice.UNDELIVERED`.
        :param since: made at this time or later;
        :param until: made before this time (``created_at``).
        :param after: the last id of the page before; of an unknown one nothing follows.
        """
        ...

    def delivery(self, delivery_id: str) -> Delivery | None: ...

    def backlog(self, target: str) -> Mapping[DeliveryState, int]:
        """How many deliveries there are to a target, by state; states without any may be missing."""
        ...

    def attempts(self, delivery_id: str) -> Sequence[Attempt]:
        """Attempts of a delivery by number."""
        ...

    def attempts_of(self, delivery_ids: Sequence[str]) -> Mapping[str, Sequence[Attempt]]:
        """Attempts of several deliveries, at most 1000, by id and then by number; one without any is missing."""
        ...

    def requeue(self, delivery_ids: Sequence[str], now: int) -> Sequence[str]:
        """Make finished or waiting deliveries due at once, for one try; the ids of those that are. Left out are
        unknown ones and leased ones. ``before_replay`` and ``next_before_replay`` remember what each one was, unless
        a replay is under way already. ``attempts`` goes on counting: numbers in the log stay unique.

        :param delivery_ids: at most 1000, each once.
        """
        ...

    def stats(self, now: int) -> OutboxStats: ...

    def pending_of(self, now: int, notifiers: Sequence[str]) -> tuple[int, int | None]:
        """``pending`` and ``oldest_due_at`` of :class:`OutboxStats`, of these notifiers only."""
        ...
