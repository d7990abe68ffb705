"""Applications that have registered themselves, and that nobody has ever answered: they are removed after a while.

What nobody has looked at is nobody's either: one that an operator has checked, shut out or suspended stays.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from consentcore.domain.clock import DAY
from consentcore.ports.storage import transact

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.domain.clock import Clock
    from consentcore.ports.storage import Storage
    from consentcore.ports.transactions import UnitOfWork

log = logging.getLogger("consentcore.clients")
PAGE = 500


@dataclass
class UnusedClients:
    """Removes them, a page of clients at a time. For one thread.

    :param days: after how many; 0 never.
    """

    storage: Storage
    clock: Clock
    days: int
    _after: str = field(default="", init=False)

    def step(self) -> bool:
        """Look at the next page of clients; whether there are more to look at, and else begin from the first again."""
        if not self.days:
            return False
        with self.storage.reading() as uow:
            page = list(uow.clients.list(after=self._after, limit=PAGE))
        removed = sum(transact(self.storage, partial(remove, one)) for one in page if self._is_old(one))
        if removed:
            log.info("removed %d applications that had registered themselves and were never used", removed)
        self._after = page[-1].client_id if len(page) == PAGE else ""
        return bool(self._after)

    def _is_old(self, client: Client) -> bool:
        said = client.self_registered
        if said is None or client.verified_at is not None or not client.in_service:
            return False
        return client.created_at + self.days * DAY <= self.clock.now()


def remove(client: Client, uow: UnitOfWork) -> bool:
    """Remove a client that no grant names, with what belongs to it; whether it was one."""
    if next(iter(uow.grants.all(client_id=client.client_id, limit=1)), None) is not None:
        return False
    for endpoint in uow.clients.endpoints(client.client_id):
        uow.clients.remove_endpoint(endpoint.endpoint_id)
    uow.clients.remove_logo(client.client_id)
    return uow.clients.remove_unused(client.client_id)
