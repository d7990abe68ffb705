"""Going on after a lawful restore: what is lost is stated in the log, for everybody who ever looks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from consentcore.consent.checkpoint import grown
from consentcore.consent.evidence.anchored import not_continued, read_anchors, unreadable
from consentcore.consent.evidence.errors import AnchorsSilent
from consentcore.consent.evidence.generations import next_name
from consentcore.consent.evidence.growth import root_at
from consentcore.consent.evidence.log_state import LogState, state_of
from consentcore.consent.evidence.publishing import Publisher
from consentcore.consent.evidence.signer import LogSigner
from consentcore.consent.evidence.statements import StatementType, stated
from consentcore.domain.errors import InvalidInput
from consentcore.hooks.calling import Leash
from consentcore.ports.storage import transact

if TYPE_CHECKING:
    from consentcore.consent.evidence.anchored import AnchorReading
    from consentcore.domain.clock import Clock
    from consentcore.ports.extension import Anchor
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.storage import Storage
    from consentcore.ports.transactions import UnitOfWork


@dataclass(frozen=True, slots=True)
class Resumed:
    """What was stated.

    :ivar kept: leaves that are left.
    :ivar lost: leaves that there had been, by what anchors keep.
    :ivar origin: the name under which the log goes on.
    """

    kept: int
    lost: int
    origin: str


def resume(
    storage: Storage,
    keys: KeyRing,
    clock: Clock,
    *,
    origin: str,
    anchors: Mapping[str, Anchor],
    reason: str,
) -> Resumed:
    """State which range of the log is lost, and go on from what is there, under another name.

    The old name has signed what is lost, so it must never sign anything else; witnesses are told the new one.

    :raises InvalidInput: when nothing was lost.
    :raises AnchorsSilent: when that cannot be told.
    :raises LedgerBroken: when what is left is not what was signed.
    """
    leash = Leash()
    with storage.reading() as uow:
        before = state_of(uow, LogSigner(keys, origin), keys, LogState())
    readings = read_anchors(anchors, before.names(origin), LogSigner(keys, origin), leash)
    done = transact(storage, lambda uow: _state(uow, keys, clock, readings, origin=origin, reason=reason))
    if done is None:
        if silent := unreadable(readings):
            raise AnchorsSilent("; ".join(silent))
        raise InvalidInput("anchors", "expected a checkpoint that the log does not continue; nothing is lost")
    Publisher(leash).publish(storage, anchors)
    return done


def _state(
    uow: UnitOfWork,
    keys: KeyRing,
    clock: Clock,
    readings: list[AnchorReading],
    *,
    origin: str,
    reason: str,
) -> Resumed | None:
    state = state_of(uow, LogSigner(keys, origin), keys, LogState())
    size, now = state.tree.size, clock.now()
    lost = [one for one, _ in not_continued(readings, size, partial(root_at, uow), state.resumed)]
    if not lost:
        return None
    signer = LogSigner(keys, next_name(origin, state.resumed))
    facts: dict[str, object] = {
        "kept": {"size": size, "root": state.tree.root().hex()},
        "lost": [
            {
                "anchor": one.anchor,
                "log": one.head.origin,
                "size": one.head.size,
                "root": one.head.root.hex(),
                "checkpoint": one.note,
            }
            for one in lost
        ],
        "reason": reason,
        "goes_on_as": signer.origin,
    }
    said = stated(signer, StatementType.RESUMED, size, now, facts)
    grown(uow, state, [said], 0, signer=signer, keys=keys, now=now)
    return Resumed(size, max(one.head.size for one in lost), signer.origin)
