"""The worker's end of the outbox."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
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


class OutboxStorage(Protocol):
    """Verbs of the worker; each is a transaction of its own. Any number of workers at once.

    Purge never takes a delivery that is pending, nor a notice.
    """

    def waiting(self, now: int, *, lease_ms: int, notifiers: Sequence[str]) -> bool:
        """Whether a notice is unexpanded, or a delivery can be claimed.

        An idle worker asks up to twenty times a second, less often where the answer takes its time: as cheap a read as
        the engine has. A true answer may turn out to be wrong, a false one only for some seconds.
        """
        ...

    def unexpanded(self, limit: int, skip: int = 0) -> Sequence[Notice]:
        """Notices that are not expanded yet, oldest first, without the first ``skip``; at most ``limit``."""
        ...

    def expand_all(
        self, deliveries: Mapping[str, Sequence[Delivery]], now: int, *, again: bool = False
    ) -> int:
        """Store the deliveries of notices, by the notice's id, and mark the notices expanded; how many were by this
        call. All in one commit. A delivery with the same notice, notifier and target is kept as it is.

        Never more notices and deliveries together than ``atomic_batches`` says, but for one notice that comes alone:
        its deliveries may be stored in several commits, as long as it is marked in the last one.

        Notices that are expanded already, and those that another worker is expanding at this moment, may be left out.

        :param again: none is left out; those that are expanded already get what they lack, and are not counted.
        """
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

        Each lease may be a commit of its own: what was leased when a claim breaks off is claimable when that runs out.

        :param per_target: at most so many of one target (notifier and name).
        :param busy: targets to leave out.
            However many deliveries these have due, the claim finds those of the others in about the same time.
        """
        ...

    def settle_all(self, settlements: Sequence[Settlement]) -> Sequence[bool]:
        """Finish or reschedule several different claimed deliveries, in one commit: never more than ``atomic_batches``
        says.

        :returns: in the same order, whether each was; False when its lease was lost.
        """
        ...
