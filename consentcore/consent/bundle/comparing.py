"""What a database has lost of a bundle, after a backup was restored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from consentcore.consent.ledger import canonical
from consentcore.domain.clock import from_iso
from consentcore.domain.event_kinds import EventType
from consentcore.domain.grant import standing
from consentcore.domain.grant_states import GrantState, state_profile

if TYPE_CHECKING:
    from consentcore.ports.storage import Storage

TOGETHER = 50
"""Grants that are looked up at once."""
NARROWING = frozenset({EventType.NARROWED.value, EventType.REDUCED.value})


class Weight(IntEnum):
    """How much it matters that an event is gone, the worst first."""

    ENDING = 0
    """A permission had ended, and perhaps stands again."""
    NARROWING = 1
    """It covered less than it may cover now."""
    OTHER = 2


@dataclass(frozen=True, slots=True)
class LostEvent:
    """An event of the bundle that the database has not, or has with another text."""

    event_id: str
    grant_id: str
    owner_id: str
    client_id: str
    type: str
    recorded_at: str
    weight: Weight
    changed: bool = False

    @property
    def order(self) -> tuple[int, int]:
        """Withdrawals first, then by time."""
        return self.weight, from_iso(self.recorded_at)


@dataclass
class Comparison:
    """Holds events of a bundle against a database, a few grants at a time.

    :ivar lost: what is missing.
    :ivar standing: grants that stand in the database and of which an end was lost, by id.
    """

    storage: Storage
    now: int
    lost: list[LostEvent] = field(default_factory=list)
    standing: list[str] = field(default_factory=list)
    _waiting: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)

    def add(self, body: Mapping[str, Any]) -> None:
        """Look at an event of the bundle, by and by."""
        grant_id = body["grant_id"]
        if grant_id not in self._waiting and len(self._waiting) >= TOGETHER:
            self.settle()
        self._waiting.setdefault(grant_id, []).append(body)

    def settle(self) -> None:
        """Look at those that wait."""
        waiting, self._waiting = self._waiting, {}
        if not waiting:
            return
        with self.storage.reading() as uow:
            there = {
                one.event_id: sha256(one.body.encode()).digest()
                for one in uow.ledger.of_grants(list(waiting))
            }
            for grant_id, bodies in waiting.items():
                gone = [one for body in bodies if (one := _lost(body, there)) is not None]
                self.lost += gone
                if any(one.weight is Weight.ENDING for one in gone):
                    grant = uow.grants.get(grant_id)
                    client = uow.clients.get(grant.client_id) if grant else None
                    if grant is not None and standing(grant, self.now, client).state is GrantState.ACTIVE:
                        self.standing.append(grant_id)

    def in_order(self) -> list[LostEvent]:
        """Withdrawals and other ends first, then what had been narrowed, then the rest; each by time."""
        self.settle()
        return sorted(self.lost, key=lambda one: one.order)


def _lost(body: Mapping[str, Any], there: Mapping[str, bytes]) -> LostEvent | None:
    hashed = there.get(body["event_id"])
    if hashed == sha256(canonical(body).encode()).digest():
        return None
    return LostEvent(
        body["event_id"],
        body["grant_id"],
        body["owner_id"],
        body["client_id"],
        body["type"],
        body.get("recorded_at") or body["occurred_at"],
        _weight(body),
        changed=hashed is not None,
    )


def _weight(body: Mapping[str, Any]) -> Weight:
    state = GrantState(body["state_after"])
    if state is not GrantState.ACTIVE and state_profile(state).stood:
        return Weight.ENDING
    return Weight.NARROWING if body["type"] in NARROWING else Weight.OTHER
