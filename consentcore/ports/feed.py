"""What a client is told, in an order that it can page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from consentcore.domain.notice import Notice


class FeedRepository(Protocol):
    """What a client is told, in an order that it can page and never misses anything in.

    Time cannot give that order, because a transaction that began earlier may commit later. So a notice gets its place
    when its client asks: only what is committed gets one, places are given one after the other, and none changes.
    Purge leaves notices and their places.
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
