"""The delivery log: what people see of deliveries, and what they ask for once more."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from consentcore.domain.event_kinds import NoticeKind
    from consentcore.domain.notice import Attempt, Delivery, DeliveryState


@dataclass(frozen=True, slots=True)
class OutboxStats:
    """How full the outbox is.

    :ivar pending: deliveries that wait, of the named notifiers.
    :ivar oldest_due_at: when the oldest of them that is due and not leased was due, in ms since the epoch; None without
        one.
    :ivar dead: deliveries that were given up, of whatever notifier.
    :ivar unexpanded: notices without deliveries yet.
    :ivar unnamed: deliveries that wait for other notifiers, which are not configured any more.
    """

    pending: int
    oldest_due_at: int | None
    dead: int
    unexpanded: int
    unnamed: int = 0


class DeliveryLogStorage(Protocol):
    """What pages, the API and the command line ask about deliveries; each is a transaction of its own.

    A delivery is in the log from its expansion until :meth:`Storage.purge` removes it, see there.
    """

    def deliveries(
        self,
        *,
        delivery_id: str = "",
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
        """Deliveries, newest first (by ``created_at``, then by id), narrowed by what is given.

        People and commands ask, no request of an application: a storage may go through more than it gives, best along
        ``notice_id``, ``client_id``, ``target`` or ``state``, whichever is given.

        :param delivery_id: the one of this id.
        :param client_id: those whose notice concerns this client.
        :param kind: those whose notice is of this kind.
        :param undelivered: only those in one of :data:`~consentcore.domain.notice.UNDELIVERED`.
        :param since: made at this time or later;
        :param until: made before this time (``created_at``).
        :param after: the last id of the page before; of an unknown one nothing follows.
        :param limit: at most so many, 1 to 1000.
        """
        ...

    def attempts_of(self, delivery_ids: Sequence[str]) -> Mapping[str, Sequence[Attempt]]:
        """Attempts of several deliveries, at most 1000, by id and then by number; one without any is missing."""
        ...

    def backlog(self, target: str) -> Mapping[DeliveryState, int]:
        """How many deliveries there are to a target, by state; states without any may be missing."""
        ...

    def requeue(self, delivery_ids: Sequence[str], now: int) -> Sequence[str]:
        """Make finished or waiting deliveries due at once, for one try; the ids of those that are. Left out are
        unknown ones and leased ones. Each may be a commit of its own.

        ``before_replay`` and ``next_before_replay`` remember what each one was, unless a replay is under way already.
        ``attempts`` goes on counting: numbers in the log stay unique.

        :param delivery_ids: at most 1000, each once.
        """
        ...

    def stats(self, now: int, *, notifiers: Collection[str]) -> OutboxStats:
        """How full the outbox is at ``now``.

        :param notifiers: names of those that are configured; what waits for others is counted apart.
        """
        ...
