"""Families of tokens that were killed and refresh tokens that were rotated: gathered in the process, because the routes
that do it have one write, and noted for many at once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from consentcore.domain.clock import DAY
from consentcore.domain.gathering import EVERY_S, Gathering
from consentcore.keys.record_notes import MOST, EndedNote, note_ended
from consentcore.ports.storage import transact

if TYPE_CHECKING:
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.storage import Storage

log = logging.getLogger("consentcore.keys")
LONGEST_MS = 3650 * DAY
"""No refresh token that can be configured lives longer."""
LONGEST_SESSION_MS = 30 * DAY
"""No sign-in that can be configured lives longer."""


class EndedLog(Gathering):
    """Notes what is over. Safe to use from any thread.

    :param every_s: how long notes are gathered, in seconds.
    """

    def __init__(self, storage: Storage, keys: KeyRing, every_s: float = EVERY_S) -> None:
        super().__init__(log, every_s)
        self._storage = storage
        self._keys = keys
        self._families: dict[str, int] = {}
        self._refresh: dict[bytes, int] = {}

    def killed(self, family_id: str, now: int) -> None:
        """A family was killed."""
        self._families[family_id] = now + LONGEST_MS
        self._begin()

    def rotated(self, token_hash: bytes, until: int) -> None:
        """A refresh token was exchanged for its successor, which runs out at ``until``."""
        self._refresh[token_hash] = until
        self._begin()

    def flush(self) -> None:
        """See :meth:`Gathering.flush`."""
        while self._families:
            some = dict(list(self._families.items())[:MOST])
            self._note(EndedNote(max(some.values()), families=tuple(some)))
            for family_id in some:
                self._families.pop(family_id, None)
        while self._refresh:
            few = dict(list(self._refresh.items())[:MOST])
            self._note(EndedNote(max(few.values()), refresh=tuple(one.hex() for one in few)))
            for token_hash in few:
                self._refresh.pop(token_hash, None)

    def _note(self, note: EndedNote) -> None:
        transact(self._storage, lambda uow: note_ended(uow, self._keys, note))

    def _unwritten(self) -> str:
        return f"that {len(self._families)} families and {len(self._refresh)} refresh tokens are over"
