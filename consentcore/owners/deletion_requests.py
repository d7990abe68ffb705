"""A data owner asks to be forgotten: the operator is told, who has to make sure who it is before anything goes."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentcore.domain.clock import DAY
from consentcore.domain.event_kinds import NoticeKind
from consentcore.domain.parties import Audience
from consentcore.domain.secret import digest
from consentcore.owners.notices import tell_owner

if TYPE_CHECKING:
    from consentcore.domain.clock import Clock
    from consentcore.ports.counters import CounterStorage
    from consentcore.ports.storage import Storage
    from consentcore.ports.transactions import UnitOfWork

A_DAY = 3
"""So often it may be asked, for one that is repeated after a collision counts too."""

log = logging.getLogger("consentcore.owners")


@dataclass(frozen=True)
class DeletionRequests:
    """Works on units of work that the caller commits."""

    clock: Clock
    counters: CounterStorage

    @classmethod
    def of(cls, storage: Storage, clock: Clock) -> DeletionRequests:
        """Those that are counted in a storage."""
        return cls(clock, storage.counters)

    def ask(self, uow: UnitOfWork, owner_id: str) -> bool:
        """Tell the operator and the owner; False where that was done often enough for today."""
        now = self.clock.now()
        if self.counters.hit(f"deletion:{digest(owner_id).hex()[:32]}", now, DAY) > A_DAY:
            return False
        for audience in (Audience.OPERATOR, Audience.OWNER):
            tell_owner(uow, NoticeKind.DELETION_REQUESTED, owner_id, now, audience=audience)
        log.warning("data owner %s asks for the deletion of what is kept of them", owner_id)
        return True
