"""Everything that an application was, or should have been, told: in the order of its feed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentcore.ports.keys import pairwise_subject
from consentcore.webhooks.payload import webhook_body

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from consentcore.consent.service import ConsentService
    from consentcore.domain.clock import Clock
    from consentcore.domain.notice import Notice
    from consentcore.ports.capabilities import StorageCapabilities
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.transactions import UnitOfWork

ENTERED = 10_000
"""Events that may get their place in one call: for the first of a client that has never asked before."""

LOOKED_AT = 500
"""Grants that have run out, of all clients, that one call looks at; the worker keeps them few."""
RECORDED = 50
"""Ends that one call writes down; the next one goes on."""
END = 3
"""Things that one end writes: the grant, its event, the notice."""


@dataclass(frozen=True)
class EventFeed:
    """Works on units of work that the caller commits.

    :ivar issuer: base URL under which a client looks a grant up.
    :ivar capabilities: of the storage that the units of work belong to.
    :ivar checkpoint: gives the newest one of the log of evidence, as webhooks carry it.
    """

    keys: KeyRing
    clock: Clock
    consents: ConsentService
    issuer: str
    capabilities: StorageCapabilities
    checkpoint: Callable[[], str] = lambda: ""

    def page(
        self, uow: UnitOfWork, client_id: str, *, after: str, limit: int
    ) -> tuple[Sequence[Notice], bool]:
        """Events of a client, oldest first. Writes: what was committed since the last time gets its place now, and
        grants that have run out their event, so that whoever asks is told also while no worker runs.

        :param after: those behind this one.
        :returns: the events, and whether some are left that get their place with the next call only.
        :raises NotFound: when no event ``after`` is in the feed.
        """
        over = [one for one in uow.grants.due(self.clock.now(), LOOKED_AT) if one.client_id == client_id]
        fits = self.capabilities.fits
        ends = over[: fits(2 * END * RECORDED) // (2 * END)]  # at most half of what one commit takes
        for one in ends:
            self.consents.expire(uow, one.grant_id)
        room = fits(END * len(ends) + ENTERED) - END * len(ends)
        is_left = uow.feed.enter(client_id, room) == room
        return uow.feed.page(client_id, after=after, limit=limit), is_left

    def event_json(self, notice: Notice) -> dict[str, object]:
        """What the webhook says, and the id that stands in its header."""
        subject = pairwise_subject(self.keys, notice.client_id, notice.owner_id)
        return {
            "id": notice.notice_id,
            **json.loads(
                webhook_body(notice, subject=subject, issuer=self.issuer, checkpoint=self.checkpoint())
            ),
        }
