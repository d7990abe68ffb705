"""What happens often is noted in the process and written down now and then, for many at once."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod

EVERY_S = 10.0
"""How long a note waits in the process at most; so much may be lost when it is killed."""


class Gathering(ABC):
    """Writes down what was noted, some time after the first note. Safe to use from any thread.

    :param every_s: how long notes are gathered, in seconds.
    """

    def __init__(self, log: logging.Logger, every_s: float = EVERY_S) -> None:
        self._log = log
        self._every_s = every_s
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._waiting = False

    @abstractmethod
    def flush(self) -> None:
        """Write down what was noted; where that fails, it is noted still.

        :raises StorageError: the rest was not written.
        """

    @abstractmethod
    def _unwritten(self) -> str:
        """What is noted and not written yet, for the log."""

    def close(self) -> None:
        """Write down what is left, before the storage is closed; nobody waits for it in vain."""
        self._closed.set()
        self._flush_or_say()

    def _begin(self) -> None:
        """Something was noted."""
        if self._waiting:
            return
        with self._lock:
            if self._waiting or self._closed.is_set():
                return
            self._waiting = True
        threading.Thread(target=self._wait, name="consentcore-gathering", daemon=True).start()

    def _wait(self) -> None:
        if self._closed.wait(self._every_s):
            return
        self._waiting = False  # what is noted from here on begins another wait
        self._flush_or_say()

    def _flush_or_say(self) -> None:
        try:
            self.flush()
        except Exception as error:  # noqa: BLE001 - nobody's request is to fail of it
            self._log.warning("%s could not be written yet: %s", self._unwritten(), error)
