"""Keys that seal nothing any more: from which place in the log on.

A key that was replaced goes on for a while in processes that have not read the new one. Then the log says that it is
over, in a statement signed by the new key: what the old one seals behind that place does not verify, whatever date it
bears, because the places of a log cannot be chosen afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from consentcore.consent.evidence.statements import StatementType
from consentcore.domain.clock import MINUTE, SECOND, iso

if TYPE_CHECKING:
    from consentcore.consent.evidence.signer import LogSigner
    from consentcore.consent.evidence.statements import Statement

RETIRED_AFTER_MS = 10 * MINUTE
"""After the new key's time has come: what was begun before it is committed by then, and clocks differ by less."""
REVOKED_AFTER_MS = 60 * SECOND
UNKNOWN_AFTER_MS = 60 * MINUTE
"""After this process has seen the new key, where nothing says from when on it is used: all others restart by then."""


class Retirement:
    """Says which keys are over and not yet said to be. Remembers when it saw a new key first."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def due(self, signer: LogSigner, said: Mapping[str, int], now: int) -> dict[str, object]:
        """The facts of the statement to make; empty when there is nothing to say.

        :param said: keys that the log says are over, see :func:`ended_keys`.
        """
        ids = list(signer.signer.ids)
        current = signer.signer.current_id
        seen = self._seen.setdefault(current, now)
        ended = []
        for key_id in ids[ids.index(current) + 1 :]:
            times = signer.signer.times(key_id)
            known = times.revoked_at or times.retired_at
            after = UNKNOWN_AFTER_MS if not known else RETIRED_AFTER_MS
            after = REVOKED_AFTER_MS if times.revoked_at else after
            if key_id not in said and now >= (known or seen) + after:
                ended.append(
                    {
                        "key_id": key_id,
                        "key": str(signer.key(key_id)),
                        "used_from": iso(times.used_from) if times.used_from else None,
                        "ended_at": iso(known) if known else None,
                        "why": "revoked" if times.revoked_at else "retired",
                    }
                )
        return {"ended": ended, "current": str(signer.key(current))} if ended else {}


def ended_keys(statements: Iterable[Statement]) -> dict[str, int]:
    """From which place on each key seals nothing any more, by the id of the key."""
    found: dict[str, int] = {}
    for one in statements:
        if one.type is StatementType.KEYS:
            for ended in one.facts["ended"]:
                found.setdefault(ended["key_id"], one.index)
    return found
