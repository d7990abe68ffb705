"""A key ring over a file that is read again when it changes, so that a rotation needs no restart."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from consentcore.domain.errors import ConfigurationError
from consentcore.keys.file import read_key_file
from consentcore.keys.ring import Keys, Loaded

if TYPE_CHECKING:
    from consentcore.domain.clock import Clock

log = logging.getLogger("consentcore.keys")

LOOK_EVERY_S = 1.0
Mark = tuple[int, int, int]


class WatchedKeys(Keys):
    """The keys of a file, which is looked at once a second at most, and at once when an unknown key is named.

    A change only ever adds keys: a file that is gone or cannot be read, or that lacks a key or has another oldest
    one, is reported and not taken over, because what is in use must stay readable.

    :raises ConfigurationError: when the file is not in order.
    :raises ValueError: see :class:`Keys`.
    """

    def __init__(self, path: Path, clock: Clock | None = None) -> None:
        self._path = path
        self._mark = _mark_of(path)
        super().__init__(read_key_file(path), clock)
        self._next_look = time.monotonic() + LOOK_EVERY_S
        self._lock = threading.Lock()

    def _ring(self) -> Loaded:
        if time.monotonic() >= self._next_look:
            return self._look_again()
        return self._loaded

    def _look_again(self) -> Loaded:
        with self._lock:
            self._next_look = time.monotonic() + LOOK_EVERY_S
            mark = _mark_of(self._path)
            if mark != self._mark:
                self._mark = mark
                self._loaded = self._read()
        return self._loaded

    def _read(self) -> Loaded:
        before = self._loaded
        if self._mark is None:
            log.error("%s is gone, so the keys stay as they were; bring it back from its copy", self._path)
            return before
        try:
            after = Loaded(read_key_file(self._path))
        except (ConfigurationError, ValueError) as error:
            log.error("the key file changed and is not in order, so the keys stay as they were: %s", error)
            return before
        kept = all(after.extracted.get(key_id) == key for key_id, key in before.extracted.items())
        if not kept or after.ids[-1] != before.ids[-1]:
            log.error("%s has lost keys that are in use, so the keys stay as they were", self._path)
            return before
        if after.ids != before.ids:
            log.info("%s has new keys: %s", self._path, ", ".join(set(after.ids) - set(before.ids)))
        return after


def _mark_of(path: Path) -> Mark | None:
    """What changes when a file is written or replaced."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
