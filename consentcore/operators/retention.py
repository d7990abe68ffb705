"""Personal values beside the evidence go once their time is over, by state; the evidence itself stays and verifies.

Goes through all permissions, a page at a time, and begins again a day after it has come to the end. What is gone
already costs the reading of its chain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from consentcore.domain.clock import DAY
from consentcore.domain.grant import standing
from consentcore.domain.grant_states import ENDED, GrantState
from consentcore.operators.erasure import RETENTION, Erasure

if TYPE_CHECKING:
    from consentcore.domain.clock import Clock
    from consentcore.ports.storage import Storage
    from consentcore.settings import ConsentSettings

PAGE = 200


def periods_of(settings: ConsentSettings) -> dict[GrantState, int]:
    """How long values are kept after a permission of a state has come to it, in milliseconds; none: for good."""
    days = {
        **dict.fromkeys(ENDED, settings.keep_ended_days),
        GrantState.DENIED: settings.keep_denied_days,
        GrantState.ABANDONED: settings.keep_abandoned_days,
    }
    return {state: count * DAY for state, count in days.items() if count}


@dataclass
class Retention:
    """One worker's way through all permissions. Several workers do the same work; that harms nothing.

    :ivar periods: as :func:`periods_of` gives them.
    """

    storage: Storage
    clock: Clock
    erasure: Erasure
    periods: Mapping[GrantState, int]
    _after: str = field(default="")
    _begun_at: int | None = field(default=None)

    def step(self) -> bool:
        """Look at one page; whether there are more at once.

        :raises StorageError: when the store fails.
        """
        now = self.clock.now()
        if not self.periods or (
            not self._after and self._begun_at is not None and now < self._begun_at + DAY
        ):
            return False
        if not self._after:
            self._begun_at = now
        with self.storage.reading() as uow:
            page = uow.grants.all(states=list(self.periods), after=self._after, limit=PAGE)
        for grant in page:
            ended_at = standing(grant, now).ended_at
            if ended_at is not None and ended_at + self.periods[grant.state] <= now:
                self.erasure.forget_grant(grant, RETENTION)
        self._after = page[-1].grant_id if len(page) == PAGE else ""
        return bool(self._after)
