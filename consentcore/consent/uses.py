"""When permissions are used: gathered in the process, and written down now and then for many at once."""

from __future__ import annotations

import logging
import threading
from itertools import islice
from typing import TYPE_CHECKING

from consentcore.ports.storage import transact

if TYPE_CHECKING:
    from consentcore.domain.clock import Clock
    from consentcore.ports.storage import Storage

log = logging.getLogger("consentcore.uses")
EVERY_S = 10.0
"""How long a use waits in the process at most; so much may be lost when it is killed."""
MOST_AT_ONCE = 200
"""Grants in one commit."""


class UseLog:
    """Notes that grants were used. Safe to use from any thread: a note is one write into a dictionary.

    :param every_s: how long notes are gathered, in seconds.
    """

    def __init__(self, storage: Storage, clock: Clock, every_s: float = EVERY_S) -> None:
        self._storage = storage
        self._clock = clock
        self._every_s = every_s
        self._latest: dict[str, int] = {}
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._waiting = False

    def note(self, grant_id: str) -> None:
        """A grant is used now."""
        self._latest[grant_id] = self._clock.now()
        if not self._waiting:
            self._begin()

    def flush(self) -> None:
        """Write down what was noted; where that fails, it is noted still.

        :raises StorageError: the rest was not written.
        """
        while self._latest:
            size = self._storage.capabilities.fits(MOST_AT_ONCE)
            batch = dict(islice(list(self._latest.items()), size))
            transact(self._storage, lambda uow, batch=batch: uow.uses.note(batch))  # type: ignore[misc]  # a default of a lambda has no type
            for grant_id, at in batch.items():
                if self._latest.get(grant_id) == at:
                    del self._latest[grant_id]

    def close(self) -> None:
        """Write down what is left, before the storage is closed; nobody waits for it in vain."""
        self._closed.set()
        self._flush_or_say()

    def _begin(self) -> None:
        with self._lock:
            if self._waiting or self._closed.is_set():
                return
            self._waiting = True
        threading.Thread(target=self._wait, name="consentcore-uses", daemon=True).start()

    def _wait(self) -> None:
        if self._closed.wait(self._every_s):
            return
        self._waiting = False  # what is noted from here on begins another wait
        self._flush_or_say()

    def _flush_or_say(self) -> None:
        try:
            self.flush()
        except Exception as error:  # noqa: BLE001 - nobody's request is to fail of it
            log.warning(
                "when %d grants were last used could not be written yet: %s", len(self._latest), error
            )
