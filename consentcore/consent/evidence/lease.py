"""One worker adds to the log at a time; another one takes over when it is gone.

What is added is right without it, because each step is one transaction that builds on the newest checkpoint: the lease
keeps two workers from doing the same work and from telling anchors twice.
"""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

from consentcore.domain.clock import SECOND
from consentcore.ports.tlog import LogObject

if TYPE_CHECKING:
    from consentcore.ports.transactions import UnitOfWork

PATH = "state/sequencer"
LEASE_MS = 60 * SECOND


class Lease:
    """The lease as one process holds it, or does not."""

    def __init__(self) -> None:
        self._holder = secrets.token_hex(8)
        self._held = False

    def is_free(self, uow: UnitOfWork, now: int) -> bool:
        """Whether nobody else has it. Nobody takes it before this transaction ends."""
        found = _kept(uow)
        if found is None:
            return True
        # One that would last longer than any is given is of a clock that went wrong.
        others = found["holder"] != self._holder and now < found["until"] <= now + LEASE_MS
        return not others

    def take(self, uow: UnitOfWork, now: int) -> None:
        """Take it, or keep it for longer."""
        self._write(uow, now + LEASE_MS)
        self._held = True

    @property
    def is_held(self) -> bool:
        """Whether this process has taken it and not given it back."""
        return self._held

    def give_back(self, uow: UnitOfWork) -> None:
        """Give it back at once, unless somebody else has taken over meanwhile."""
        self._held = False
        found = _kept(uow)
        if found is not None and found["holder"] == self._holder:
            self._write(uow, 0)

    def _write(self, uow: UnitOfWork, until: int) -> None:
        facts = json.dumps({"holder": self._holder, "until": until})
        uow.tlog.put(LogObject(PATH, facts.encode()))


def _kept(uow: UnitOfWork) -> dict[str, Any] | None:
    """Who holds it, and until when; None before anybody did, and where what is kept says nothing of the kind: no row of
    the store keeps the log from being signed."""
    kept = uow.tlog.get(PATH, lock=True)
    if kept is None:
        return None
    try:
        found = json.loads(kept.data)
    except (ValueError, RecursionError):
        return None
    shaped = isinstance(found, dict) and isinstance(found.get("until"), int) and "holder" in found
    return found if shaped else None
