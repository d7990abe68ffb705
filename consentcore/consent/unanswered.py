"""Requests that nobody has answered in time, and their record.

Those that are repeated are one record: a signed-in browser can be led to the authorization endpoint by anybody and as
often as they like, and evidence is kept for ever.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from consentcore.consent import drafts, terms
from consentcore.consent.event_body import Action
from consentcore.domain.authorization_detail import texts_of
from consentcore.domain.clock import DAY
from consentcore.domain.event import Evidence
from consentcore.domain.event_kinds import EventType
from consentcore.domain.grant import Grant
from consentcore.domain.grant_states import GrantState
from consentcore.domain.interaction import Interaction
from consentcore.domain.parties import Actor, ActorType

if TYPE_CHECKING:
    from consentcore.consent.transition import Transitions
    from consentcore.domain.clock import Clock
    from consentcore.domain.scope import Catalog
    from consentcore.ports.transactions import UnitOfWork

REPEATED_MS = DAY
MOST_A_DAY = 10
"""Of one owner and application, however often the scopes that are asked differ."""
_PAGE = 100


class Unanswered:
    """Records them. Every method runs inside the caller's transaction."""

    def __init__(self, transitions: Transitions, clock: Clock, catalog: Catalog) -> None:
        self._transitions = transitions
        self._clock = clock
        self._catalog = catalog

    def abandon(self, uow: UnitOfWork, interaction: Interaction) -> None:
        """Take an unanswered request out of the pending ones and, where an owner is known, record it: as asked when it
        was opened, and over when it ran out, however late that is noticed.

        Nobody is told. Does nothing when somebody has answered it meanwhile, and records nothing where the owner
        has left the same application's request unanswered before, see :func:`is_on_record`, or where nobody has ever
        answered an application that describes itself: anybody can make one up.
        """
        if not uow.interactions.consume(interaction.interaction_hash) or not interaction.owner_id:
            return
        asked = terms.pin_known(self._catalog, interaction.request.scopes)
        over_at = min(self._clock.now(), interaction.expires_at)
        if is_on_record(uow, interaction, asked, over_at) or _of_nobody(uow, interaction):
            return
        action = Action(
            EventType.ABANDONED,
            Actor(ActorType.SYSTEM),
            Evidence("timer"),
            requested=asked,
            effective_at=over_at,
            details_requested=interaction.request.authorization_details,
        )
        nothing = drafts.without_permission(
            interaction.owner_id, interaction.request.client_id, self._clock.now()
        )
        after = replace(nothing, created_at=interaction.created_at, expires_at=over_at)
        self._transitions.apply(uow, action, None, after)


def is_on_record(uow: UnitOfWork, interaction: Interaction, asked: Collection[str], over_at: int) -> bool:
    """Whether an unanswered request of this owner and application needs no record of its own.

    Within a day a request for the same scopes is on record already, unless there was an answer since, and so is any
    after ten. One whose question was answered while it waited, in another tab or browser, is not unanswered.

    :param asked: the pinned scopes that were asked.
    :param over_at: when it ran out, in milliseconds since the epoch.
    """
    uow.owners.lock(interaction.owner_id)  # two workers that record at once would not see each other's
    asked = {*asked, *interaction.request.authorization_details}
    known, answered = _since(uow, interaction, over_at)
    if len(known) >= MOST_A_DAY or any(_asked_the_same(uow, one, asked, 0) for one in known):
        return True
    return answered is not None and _asked_the_same(uow, answered, asked, interaction.created_at)


def _since(uow: UnitOfWork, interaction: Interaction, over_at: int) -> tuple[list[Grant], Grant | None]:
    """The records from within a day before ``over_at``, but since the last answer before it, and what that answer was
    about; later records too, since a worker may come to a request days after it ran out."""
    found: list[Grant] = []
    for grant in uow.grants.of_owner(interaction.owner_id, tuple(GrantState), limit=_PAGE):
        if grant.changed_at < over_at - REPEATED_MS:
            break
        if grant.client_id != interaction.request.client_id:
            continue
        if grant.state is GrantState.ABANDONED:
            found.append(grant)
        elif grant.changed_at <= over_at:
            return found, grant
    return found, None


def _asked_the_same(uow: UnitOfWork, grant: Grant, asked: Collection[str], after: int) -> bool:
    """Whether an event of a grant later than ``after``, in milliseconds since the epoch, is about the same scopes."""
    events = (event for event in uow.ledger.of_grant(grant.grant_id) if event.occurred_at > after)
    return any(_asked_by(json.loads(event.body)) == set(asked) for event in events)


def _asked_by(body: Mapping[str, Any]) -> set[str]:
    return {*body["scopes_requested"], *texts_of(body.get("authorization_details_requested", ()))}


def _of_nobody(uow: UnitOfWork, interaction: Interaction) -> bool:
    """Whether nothing is kept of the application that asked, because it only describes itself."""
    return bool(interaction.request.described) and uow.clients.get(interaction.request.client_id) is None
