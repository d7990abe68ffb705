"""What a worker sends: nothing that is not as we wrote it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from consentcore.domain.clock import MINUTE
from consentcore.domain.notice import Delivery, DeliveryState, Notice
from consentcore.keys.sealed_face import NOT_OURS, REVOKED, Face, log
from consentcore.keys.seals import Verdict, judge
from consentcore.ports.deliveries import Settlement

WAIT_MS = MINUTE
"""How soon a message is looked at again that waits for ``keys reseal``."""


class SealedOutbox(Face):
    """:class:`~consentcore.ports.deliveries.OutboxStorage`. What is strange is told to nobody; what a revoked key has
    sealed waits for ``keys reseal``."""

    def unexpanded(self, limit: int, skip: int = 0) -> Sequence[Notice]:
        while True:
            found = self._inner.unexpanded(limit, skip)
            verdicts = {one.notice_id: judge(self._keys, one) for one in found}
            self._tell_nobody([one for one in found if verdicts[one.notice_id] is Verdict.STRANGE])
            ours = [one for one in found if verdicts[one.notice_id] is Verdict.OURS]
            if ours or len(found) < limit:
                return ours
            # Those of a revoked key wait until somebody says whose they are.
            skip += list(verdicts.values()).count(Verdict.REVOKED)

    def _tell_nobody(self, strays: Sequence[Notice]) -> None:
        """Otherwise they would stand before all others for ever."""
        if strays:
            log.error("%d notices are refused: %s", len(strays), NOT_OURS)
            done: dict[str, Sequence[Delivery]] = {one.notice_id: () for one in strays}
            self._inner.expand_all(done, max(one.occurred_at for one in strays))

    def expand_all(
        self, deliveries: Mapping[str, Sequence[Delivery]], now: int, *, again: bool = False
    ) -> int:
        sealed_ones = {
            notice_id: [self._sealed(one) for one in made] for notice_id, made in deliveries.items()
        }
        count: int = self._inner.expand_all(sealed_ones, now, again=again)
        return count

    def claim_deliveries(self, now: int, **how: Any) -> Sequence[Delivery]:
        found: Sequence[Delivery] = self._inner.claim_deliveries(now, **how)
        verdicts = [judge(self._keys, one) for one in found]
        refused = [
            _refusal(one, verdict, now)
            for one, verdict in zip(found, verdicts, strict=True)
            if verdict is not Verdict.OURS
        ]
        if refused:
            log.error("%d deliveries are not sent: %s", len(refused), refused[0].error)
            self._inner.settle_all(refused)
        return [one for one, verdict in zip(found, verdicts, strict=True) if verdict is Verdict.OURS]


def _refusal(delivery: Delivery, verdict: Verdict, now: int) -> Settlement:
    """One that is strange is never sent; one of a revoked key waits until somebody says whose it is."""
    ids = delivery.delivery_id, delivery.lease_token
    if verdict is Verdict.STRANGE:
        return Settlement(*ids, DeliveryState.REJECTED, now, error=NOT_OURS)
    return Settlement(*ids, DeliveryState.PENDING, now, now + WAIT_MS, REVOKED)
