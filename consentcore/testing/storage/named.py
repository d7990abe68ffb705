"""What waits for some notifiers, told from what waits for others."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from consentcore.api import DeliveryState
from consentcore.testing.factories import NOW
from consentcore.testing.storage.base import needs
from consentcore.testing.storage.outbox import Box

if TYPE_CHECKING:
    from consentcore.api import NamedOutbox
    from consentcore.testing.worlds import World


class NamedOutboxGroup:
    """What the capability ``pending_of`` of a plugin's ``PluginInfo`` promises; declare it on the test class."""

    @needs("pending_of")
    def test_pending_of_counts_the_named_notifiers_only(self, world: World) -> None:
        box = Box(world)
        outbox = cast("NamedOutbox", box.outbox)
        assert outbox.pending_of(NOW, ("webhook",)) == (0, None)
        box.add(notifier="webhook", next_at=NOW - 5)
        box.add(notifier="webhook", next_at=NOW + 7)
        box.add(notifier="smtp", next_at=NOW - 9)
        box.add(notifier="event:audit", next_at=NOW - 20)
        assert outbox.pending_of(NOW, ("webhook",)) == (2, NOW - 5)
        assert outbox.pending_of(NOW, ("webhook", "smtp")) == (3, NOW - 9)
        assert outbox.pending_of(NOW, ("event:audit", "gone")) == (1, NOW - 20)
        assert outbox.pending_of(NOW, ()) == (0, None)
        (claimed,) = box.claim(notifiers=("smtp",))
        assert outbox.pending_of(NOW, ("smtp",)) == (1, None), "what somebody is at is not due"
        box.settle(claimed, DeliveryState.DELIVERED)
        assert outbox.pending_of(NOW, ("smtp",)) == (0, None)
