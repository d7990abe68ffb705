"""Notices and deliveries: what must be told to whom, and how far that has got."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from consentcore.domain.clock import DAY

if TYPE_CHECKING:
    from consentcore.domain.event_kinds import NoticeKind
    from consentcore.domain.parties import Audience


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to be told, written in the transaction of what it tells.

    :ivar notice_id: equals the ``event_id`` of the consent event, if it tells of one; the idempotency key everywhere.
    :ivar grant_id: "" like ``client_id`` when it is about the owner's account.
    :ivar data: canonical JSON with what the message needs from the moment of the event (scopes before and
        after, reason, actor, expiry, sequence). No token, no secret, no address.
    """

    notice_id: str
    kind: NoticeKind
    grant_id: str
    client_id: str
    owner_id: str
    audiences: tuple[Audience, ...]
    occurred_at: int
    data: str
    seal: bytes = field(default=b"", compare=False, repr=False)


class DeliveryState(StrEnum):
    """How far a delivery has got. ``held``: kept, because its endpoint is disabled; only a replay sends it."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    GONE = "gone"
    REJECTED = "rejected"
    HELD = "held"


UNDELIVERED = frozenset({DeliveryState.DEAD, DeliveryState.GONE, DeliveryState.HELD})
"""States of what did not arrive although it could: what "replay all that failed" means. A message that was rejected
would be rejected again."""

EVENT_PLUGIN = "event:"
"""Prefix of the notifier name under which a plugin's ``consentcore_event`` is told."""

DELIVERY_LOG_MS = 30 * DAY
"""How long finished deliveries are kept, and so how far back a replay reaches."""


class Trigger(StrEnum):
    """Why a try was made."""

    SCHEDULE = "schedule"
    MANUAL = "manual"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt series of a notice to one target of one notifier; unique by these three.

    :ivar target: what the notifier calls it: an endpoint id, ``owner``, ``operator``.
    :ivar body: the bytes to send, made once at expansion and never re-serialised; b"" where not needed.
    :ivar lease_until: a claimed delivery belongs to its claimer until then.
    :ivar before_replay: the state from which somebody made it due again; None when it follows its schedule. A replay
        is one try: when that fails, the delivery is again what it was, with ``next_before_replay`` as its next time.
    """

    delivery_id: str
    notice_id: str
    notifier: str
    target: str
    created_at: int
    next_at: int
    state: DeliveryState = DeliveryState.PENDING
    attempts: int = 0
    lease_until: int | None = None
    lease_token: str = ""
    body: bytes = b""
    last_error: str = ""
    finished_at: int | None = None
    before_replay: DeliveryState | None = None
    next_before_replay: int | None = None
    seal: bytes = field(default=b"", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a delivery, as the delivery log shows it.

    :ivar status: HTTP or SMTP status, None when none came.
    :ivar error: class such as ``timeout``,
        ``connect``, ``blocked_address``, or "".
    :ivar answer: first kilobyte of the answer.
    :ivar trigger: a :class:`Trigger`.
    """

    delivery_id: str
    number: int
    started_at: int
    latency_ms: int
    outcome: str
    status: int | None = None
    error: str = ""
    answer: str = ""
    trigger: str = Trigger.SCHEDULE.value


@dataclass(frozen=True, slots=True)
class Delivered:
    """The target has it."""

    status: int | None = None
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """Not now. ``after_s`` is a wish of the target (Retry-After), None leaves it to the schedule.

    :ivar operator: nobody but the operator can mend it: a wrong password, a sender that nobody verified. It is logged
        as an error and tried on, by the last wait of the schedule when that is used up, while the delivery log keeps
        it; no data owner is told to do something about it.
    """

    reason: str
    after_s: float | None = None
    status: int | None = None
    error: str = ""
    answer: str = ""
    operator: bool = False


@dataclass(frozen=True, slots=True)
class Gone:
    """The target does not want to be told any more (HTTP 410): no further tries, the target is disabled."""

    reason: str
    status: int | None = None
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Reject:
    """This message will never be accepted (a hard bounce): no further tries of it."""

    reason: str
    status: int | None = None
    error: str = ""
    answer: str = ""


Outcome = Delivered | Retry | Gone | Reject
"""What one try of a notifier ends in."""
