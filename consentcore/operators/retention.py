"""Personal values beside the evidence go once their time is over, by state; the evidence itself stays and verifies.

Goes through all permissions, a page at a time, and begins again a day after it has come to the end. What is gone
already costs the reading of its chain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from consentcore.consent.forgetting import RETENTION
from consentcore.domain.clock import DAY
from consentcore.domain.grant import standing
from consentcore.domain.grant_states import GRANT_STATES, state_profile
from consentcore.operators.erasure import Erasure

if TYPE_CHECKING:
    from consentcore.domain.clock import Clock
    from consentcore.ports.storage import Storage
    from consentcore.settings import ConsentSettings

PAGE = 200


def periods_of(settings: ConsentSettings) -> dict[str, int]:
    """How long values are kept after a permission has come to its state, in milliseconds, by ``kept_as`` of states; one
    that is not there: for good."""
    days = {
        "ended": settings.keep_ended_days,
        "denied": settings.keep_denied_days,
        "abandoned": settings.keep_abandoned_days,
    }
    return {name: count * DAY for name, count in days.items() if count}


@dataclass
class Retention:
    """One worker's way through all permissions. Several workers do the same work; that harms nothing.

    :ivar periods: as :func:`periods_of` gives them.
    """

    storage: Storage
    clock: Clock
    erasure: Erasure
    periods: Mapping[str, int]
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
            states = [row.state for row in GRANT_STATES if row.kept_as in self.periods]
            page = uow.grants.all(states=states, after=self._after, limit=PAGE)
        for grant in page:
            ended_at = standing(grant, now).ended_at
            if ended_at is not None and ended_at + self.periods[state_profile(grant.state).kept_as] <= now:
                self.erasure.forget_grant(grant, RETENTION)
        self._after = page[-1].grant_id if len(page) == PAGE else ""
        return bool(self._after)
