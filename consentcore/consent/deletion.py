"""What an application has to delete once a permission has ended, and its word that it did (GDPR article 17, Data Act
article 6(1))."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from consentcore.consent.event_body import Action
from consentcore.domain.clock import DAY
from consentcore.domain.errors import InvalidTransition, NotFound
from consentcore.domain.event_kinds import EventType, event_kind
from consentcore.domain.grant_states import state_profile
from consentcore.domain.parties import Actor, ActorType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consentcore.consent.recorded_row import RecordedGrants
    from consentcore.consent.transition import Transitions
    from consentcore.domain.event import ConsentEvent, Evidence
    from consentcore.ports.transactions import UnitOfWork

_DAYS = re.compile(r"P(\d{1,4})D")


class Deletions:
    """Records what applications say of it. Every method runs inside the caller's transaction."""

    def __init__(self, transitions: Transitions, recorded: RecordedGrants) -> None:
        self._transitions = transitions
        self._recorded = recorded

    def confirm(self, uow: UnitOfWork, grant_id: str, client_id: str, evidence: Evidence) -> ConsentEvent:
        """An application says that it has deleted what it had received. Said again it adds nothing.

        :returns: the event that says so.
        :raises NotFound: when there is no such permission of this application.
        :raises InvalidTransition: while it stands, or no event says yet that it has ended.
        """
        grant = self._recorded.get(uow, grant_id)
        if grant is None or grant.client_id != client_id or not state_profile(grant.state).stood:
            raise NotFound("grant", grant_id)
        if not state_profile(grant.state).ended:
            raise InvalidTransition(grant_id, grant.state, EventType.DELETION_CONFIRMED)
        known = confirmed(uow.ledger.of_grant(grant_id))
        if known is not None:
            return known
        action = Action(EventType.DELETION_CONFIRMED, Actor(ActorType.CLIENT, client_id), evidence)
        return self._transitions.apply(uow, action, grant, grant).event


def confirmed(events: Sequence[ConsentEvent]) -> ConsentEvent | None:
    """The event by which the application said that it has deleted everything; None where it did not."""
    return next((one for one in reversed(events) if one.type is EventType.DELETION_CONFIRMED), None)


def due_at(events: Sequence[ConsentEvent]) -> int | None:
    """Until when an application has to delete what it received, in milliseconds since the epoch; None while the
    permission stands, and where an older release has not recorded it.

    :param events: of one grant, by sequence.
    """
    for event in reversed(events):
        if event_kind(event.type).ends:
            days = days_of(event)
            return None if days is None else event.occurred_at + days * DAY
    return None


def days_of(event: ConsentEvent) -> int | None:
    """How long an application has to delete by what was recorded with an event; None where an older release has not
    recorded it."""
    retention = json.loads(event.body).get("retention") or {}
    found = _DAYS.fullmatch(str(retention.get("deletion_window", "")))
    return int(found[1]) if found else None
