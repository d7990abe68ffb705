"""A decision of the past, with what the person saw when they made it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from consentcore.consent.chain_check import first_altered
from consentcore.consent.personal import disclosed
from consentcore.consent.shown import Replay, replay
from consentcore.domain.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from consentcore.domain.event import ConsentEvent
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.transactions import UnitOfWork


@dataclass(frozen=True, slots=True)
class PastDecision:
    """What was decided, and on what page.

    :ivar body: what the event says.
    :ivar values: what is personal in it, as far as it is known.
    :ivar page: None where it was forgotten.
    """

    event: ConsentEvent
    body: Mapping[str, Any]
    values: Mapping[str, object]
    page: Replay | None

    @property
    def evidence(self) -> Mapping[str, Any]:
        """How the decision was made."""
        found: Mapping[str, Any] = self.body["evidence"]
        return found

    @property
    def snapshot_hash(self) -> str:
        """Of what was shown."""
        return str(self.evidence["snapshot_hash"])

    @property
    def locale(self) -> str:
        """The language in which it was shown."""
        return str(self.evidence["locale"])

    @property
    def preset(self) -> list[str]:
        """What was ticked or chosen when the page opened, by the names of the controls."""
        defaults = self.evidence.get("control_defaults") or {}
        found = [name for name, on in sorted(defaults.items()) if on]
        if found or self.page is None:
            return found
        return [f"{one['name']}:{one['value']}" for one in self.page.controls if one["on"]]

    @property
    def unset(self) -> int:
        """How many controls were not ticked when the page opened."""
        defaults = self.evidence.get("control_defaults") or {}
        return sum(not on for on in defaults.values())


def past_decision(uow: UnitOfWork, keys: KeyRing, event_id: str, *, grant_id: str = "") -> PastDecision:
    """Find a decision that was made on a page. That is not the one that was shown, too, where the event that names it
    is not as it was written.

    :param grant_id: when given, it has to be of this grant.
    :raises NotFound: when there is no such event, or it was made on no page.
    """
    event = uow.ledger.get(event_id)
    if event is None or grant_id not in {"", event.grant_id}:
        raise NotFound("event", event_id)
    body = json.loads(event.body)
    shown = body["evidence"]["snapshot_hash"]
    if not shown:
        raise NotFound("page that was shown before event", event_id)
    page = replay(uow.ledger, shown)
    if page is not None and page.intact:
        chain = uow.ledger.of_grant(event.grant_id)
        page = replace(
            page, intact=not first_altered(keys, [one for one in chain if one.sequence <= event.sequence])
        )
    return PastDecision(event, body, disclosed(uow, event), page)
