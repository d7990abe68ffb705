"""What a claim costs beside a large backlog of a target that does not answer."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.servers import Failed

if TYPE_CHECKING:
    from consentcore.runtime import Runtime


@dataclass(frozen=True)
class Claim:
    """Median milliseconds of a claim of 64 with so many deliveries due, of which nearly all are for one target."""

    backlog: int
    ms: float


_BACKLOG = (
    """INSERT INTO notice (notice_id, kind, grant_id, client_id, owner_id, audiences, occurred_at, data, expanded_at)
       SELECT %(mark)s || i, 'consent.revoked', 'g', 'c', 'o', '[]', i, '', i FROM generate_series(1, %(all)s) i""",
    """INSERT INTO delivery (delivery_id, notice_id, notifier, target, created_at, next_at, state, attempts,
       lease_token, body, last_error)
       SELECT %(mark)s || i, %(mark)s || i, %(mark)s, CASE WHEN i <= %(dead)s THEN 'dead' ELSE 'ep' || mod(i, 50) END,
       i, i, 'pending', 0, '', ''::bytea, '' FROM generate_series(1, %(all)s) i""",
    "ANALYZE delivery",
)


def claim(runtime: Runtime, url: str, backlog: int) -> Claim:
    """Claims of one kind of notifier, beside a busy target with ``backlog`` deliveries that are due longer."""
    import psycopg

    mark = f"claims{backlog}"
    values = {"mark": mark, "dead": backlog, "all": backlog + 2000}
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in _BACKLOG:
            connection.execute(statement, values if "%(" in statement else None)
    # Beneath the seals: these are told to nobody, and bear none.
    outbox, now = getattr(runtime.storage, "bare", runtime.storage).outbox, runtime.clock.now()
    times = []
    for _ in range(20):
        began = time.perf_counter()
        claimed = outbox.claim_deliveries(
            now, limit=64, lease_ms=40_000, notifiers=(mark,), per_target=16, busy=[(mark, "dead")]
        )
        times.append((time.perf_counter() - began) * 1000)
        if len(claimed) != 64:
            raise Failed(f"a claim found {len(claimed)} deliveries instead of 64")
    return Claim(backlog, statistics.median(times))
