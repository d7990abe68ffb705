"""When permissions are used: gathered in the process, and written down now and then for many at once."""

from __future__ import annotations

import logging
from itertools import islice
from typing import TYPE_CHECKING

from consentcore.domain.gathering import EVERY_S, Gathering
from consentcore.ports.storage import transact

if TYPE_CHECKING:
    from consentcore.domain.clock import Clock
    from consentcore.ports.storage import Storage

log = logging.getLogger("consentcore.uses")
MOST_AT_ONCE = 200
"""Grants in one commit."""


class UseLog(Gathering):
    """Notes that grants were used. Safe to use from any thread: a note is one write into a dictionary.

    :param every_s: how long notes are gathered, in seconds.
    """

    def __init__(self, storage: Storage, clock: Clock, every_s: float = EVERY_S) -> None:
        super().__init__(log, every_s)
        self._storage = storage
        self._clock = clock
        self._latest: dict[str, int] = {}

    def note(self, grant_id: str) -> None:
        """A grant is used now."""
        self._latest[grant_id] = self._clock.now()
        self._begin()

    def flush(self) -> None:
        """See :meth:`Gathering.flush`."""
        while self._latest:
            size = self._storage.capabilities.fits(MOST_AT_ONCE)
            batch = dict(islice(list(self._latest.items()), size))
            transact(self._storage, lambda uow, batch=batch: uow.uses.note(batch))  # type: ignore[misc]  # a default of a lambda has no type
            for grant_id, at in batch.items():
                if self._latest.get(grant_id) == at:
                    del self._latest[grant_id]

    def _unwritten(self) -> str:
        return f"when {len(self._latest)} grants were last used"
