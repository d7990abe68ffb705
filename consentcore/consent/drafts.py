"""What a decision says, and the grant as it shall be after it; the transition sets its state and seals the row."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from consentcore.consent import terms
from consentcore.consent.event_body import Action
from consentcore.domain.authorization_detail import united as united_details
from consentcore.domain.event_kinds import EventType
from consentcore.domain.grant import Grant
from consentcore.domain.grant_states import GrantState
from consentcore.domain.parties import Actor, ActorType

if TYPE_CHECKING:
    from consentcore.domain.event import Evidence
    from consentcore.domain.interaction import Interaction
    from consentcore.domain.scope import Catalog


def approval(
    catalog: Catalog,
    interaction: Interaction,
    owner_id: str,
    allowed: Collection[str],
    evidence: Evidence,
) -> Action:
    """A yes of the owner, as it is where no grant is there to amend.

    :param allowed: scope tokens, out of those that were asked.
    :raises InvalidInput: when one of ``allowed`` is not in the catalog.
    """
    asked = interaction.request.scopes
    return Action(
        type=EventType.GRANTED,
        actor=Actor(ActorType.OWNER, owner_id),
        evidence=evidence,
        requested=terms.pin_known(catalog, asked),
        granted=terms.pin(catalog, set(allowed)),
        declined=terms.pin_known(catalog, set(asked) - set(allowed)),
        details_requested=interaction.request.authorization_details,
    )


def without_permission(owner_id: str, client_id: str, now: int) -> Grant:
    """A new grant that allows nothing and is over at once.

    :param now: milliseconds since the epoch.
    """
    return Grant(
        grant_id=str(uuid.uuid4()),
        owner_id=owner_id,
        client_id=client_id,
        state=GrantState.DENIED,
        scopes=(),
        created_at=now,
        changed_at=now,
        expires_at=now,
    )


def begun(new: Grant, action: Action, resources: tuple[str, ...], *, end: int, replaces: str) -> Grant:
    """A new grant of what was allowed.

    :param new: one without any permission.
    :param resources: ids of what the owner has chosen.
    :param end: when it ends by its date, in milliseconds since the epoch.
    :param replaces: the ended grant before it, or "".
    """
    chosen = tuple(sorted(set(resources)))
    return replace(
        new,
        scopes=action.granted,
        resources=chosen,
        expires_at=end,
        replaces=replaces,
        declined=action.declined,
        authorization_details=united_details((), action.details_requested),
    )


def amended(
    catalog: Catalog,
    current_grant: Grant,
    asked: tuple[str, ...],
    action: Action,
    resources: tuple[str, ...],
    *,
    end: int,
) -> Grant:
    """A grant after a further approval, see :func:`consentcore.consent.terms.amended`.

    :param asked: scope tokens that were asked this time.
    :param resources: ids of what the owner has chosen.
    :param end: when what is approved now would end by itself, in milliseconds since the epoch.
    """
    united = terms.amended(
        catalog,
        current_grant,
        asked=asked,
        approved=action.granted,
        resources=resources,
        end=end,
        details=action.details_requested,
    )
    earlier = (one for one in current_grant.declined if one.rpartition("@")[0] not in asked)
    return replace(
        current_grant,
        scopes=united.scopes,
        resources=united.resources,
        expires_at=united.expires_at,
        declined=tuple(sorted({*earlier, *action.declined})),
        authorization_details=united_details(current_grant.authorization_details, action.details_requested),
    )
