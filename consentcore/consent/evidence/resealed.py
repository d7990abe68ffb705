"""That records beside the log were sealed anew stands in the log: of which keys, of which kinds, and why."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from consentcore.consent.checkpoint import grown
from consentcore.consent.evidence.errors import AnchorsSilent
from consentcore.consent.evidence.lease import LEASE_MS, Lease
from consentcore.consent.evidence.log_state import LogState, state_of
from consentcore.consent.evidence.signer import LogSigner
from consentcore.consent.evidence.statements import Statement, StatementType, stated, statements
from consentcore.domain.clock import SECOND
from consentcore.ports.storage import transact

if TYPE_CHECKING:
    from consentcore.domain.clock import Clock
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.storage import Storage
    from consentcore.ports.transactions import UnitOfWork

_AGAIN_S = 0.2


def log_of(storage: Storage, keys: KeyRing, origin: str) -> tuple[LogState, list[Statement]]:
    """Where the log stands, and what it has said of itself.

    :raises LedgerBroken: when it is not what was signed.
    """
    with storage.reading() as uow:
        state = state_of(uow, LogSigner(keys, origin), keys, LogState())
        return state, list(statements(uow, 0, state.tree.size))


def taken_by_word(said: Iterable[Statement]) -> dict[str, set[str]]:
    """The kinds whose records were sealed anew as they stood, by the id of the key that had sealed them."""
    found: dict[str, set[str]] = {}
    for one in said:
        if one.type is StatementType.RESEALED:
            for key_id in one.facts["keys"]:
                found.setdefault(key_id, set()).update(one.facts["as_they_stand"])
    return found


def state_resealing(
    storage: Storage, keys: KeyRing, clock: Clock, origin: str, facts: Mapping[str, object]
) -> None:
    """Say it in the log, behind whatever a worker adds at this moment.

    :raises LedgerBroken: when the log is not what was signed.
    :raises AnchorsSilent: when a worker does not let go of the log.
    """
    lease = Lease()

    def say(uow: UnitOfWork) -> bool:
        now = clock.now()
        if not lease.is_free(uow, now):
            return False
        state = state_of(uow, LogSigner(keys, origin), keys, LogState())
        signer = LogSigner(keys, state.name(origin))
        one = stated(signer, StatementType.RESEALED, state.tree.size, now, facts)
        grown(uow, state, [one], 0, signer=signer, keys=keys, now=now)
        return True

    until = time.monotonic() + LEASE_MS / SECOND
    while not transact(storage, say):
        if time.monotonic() > until:
            raise AnchorsSilent("a worker does not let go of the log: run it again")
        time.sleep(_AGAIN_S)
