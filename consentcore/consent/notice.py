"""The notice that belongs to a consent event; the caller stores it in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from consentcore.consent.event_body import Action, reason_of
from consentcore.domain.authorization_detail import are_within
from consentcore.domain.clock import DAY, from_iso, iso
from consentcore.domain.event import ConsentEvent
from consentcore.domain.event_kinds import event_kind, notice_profile, told_by
from consentcore.domain.grant import Grant
from consentcore.domain.grant_states import state_profile
from consentcore.domain.notice import Notice
from consentcore.domain.notice_facts import ConsentFacts
from consentcore.domain.parties import INITIATORS, ActorType
from consentcore.domain.resource import covers

_TOLD_IN_FULL = frozenset({"client_disabled"})
"""Reasons whose text goes to data owner and application; that of every other action stays in the evidence."""


def make_notice(
    event: ConsentEvent,
    action: Action,
    before: Grant | None,
    grant: Grant,
    *,
    client_name: str,
    recorded_at: int,
    had_grant_before: bool = False,
    deletion_days: int | None = None,
) -> Notice | None:
    """Make the notice of an event; None for an unanswered request, of which nobody is told.

    :param action: what the event tells of.
    :param before: the grant before it; None where there was none.
    :param grant: the grant after it.
    :param recorded_at: when it is written, in milliseconds since the epoch.
    :param had_grant_before: on a denial, whether the client already had a permission of this owner, so that
        telling it who said no tells it nothing new.
    :param deletion_days: how long an application has to delete what it got once a permission has ended; None where that
        is not known.
    """
    kind = event_kind(event.type).notice
    if kind is None:
        return None
    facts = replace(
        _facts(event, action, before, grant),
        recorded_at=iso(recorded_at),
        client_name=client_name,
        had_grant_before=had_grant_before,
        deletion_due_at=iso(event.occurred_at + deletion_days * DAY)
        if event_kind(event.type).ends and deletion_days is not None
        else "",
    )
    return Notice(
        notice_id=event.event_id,
        kind=kind,
        grant_id=event.grant_id,
        client_id=event.client_id,
        owner_id=event.owner_id,
        audiences=notice_profile(kind).audiences,
        occurred_at=event.occurred_at,
        data=facts.to_json(),
    )


def _facts(event: ConsentEvent, action: Action, before: Grant | None, grant: Grant) -> ConsentFacts:
    """What happened to the permission, by whom and why."""
    reason, active = reason_of(action), grant.is_active(event.occurred_at)
    end_before = before.expires_at if before and before.expires_at != grant.expires_at else None
    return ConsentFacts(
        event_type=event.type.value,
        sequence=event.sequence,
        state=grant.state.value,
        scopes=grant.scope_ids if active else (),
        previous_scopes=before.scope_ids if before else (),
        requested_scopes=_scope_ids(action.requested),
        references=_references(action, before, grant),
        change=_change(action, before, grant),
        initiator=INITIATORS[action.actor.type],
        reason=reason,
        reason_text=action.evidence.reason_text if reason in _TOLD_IN_FULL else "",
        expires_at=iso(grant.expires_at),
        previous_expires_at="" if end_before is None else iso(end_before),
        locale=action.evidence.locale if action.actor.type is ActorType.OWNER else "",
        resource_ids=grant.resources if active else (),
        previous_resource_ids=before.resources if before else (),
        authorization_details=grant.authorization_details if active else (),
        previous_authorization_details=before.authorization_details if before else (),
        requested_authorization_details=action.details_requested,
        granted_at=iso(grant.created_at) if state_profile(grant.state).stood else "",
    )


def written_at(notice: Notice) -> int:
    """When a notice was written, in milliseconds: days later than it occurred, where a grant ended by its date, or with
    its application, and no worker came by. One of an older release, or that cannot be read, counts as written when it
    occurred."""
    if not any(row.ends for row in told_by(notice.kind)):  # whatever else is told is written at once
        return notice.occurred_at
    try:
        return from_iso(ConsentFacts.from_json(notice.data).recorded_at)
    except ValueError:
        return notice.occurred_at


def _change(action: Action, before: Grant | None, after: Grant) -> str:
    kind = event_kind(action.type)
    if kind.narrows:
        return "narrowed"
    if not kind.consenting:
        return ""
    if before is None:
        return "created"
    # Where something was added and something else left out, the addition is what people have to hear of.
    if _has_more(before, after):
        return "extended"
    return "narrowed" if _has_more(after, before) or after.expires_at < before.expires_at else "renewed"


def _has_more(one: Grant, other: Grant) -> bool:
    """Whether the other permits anything that one does not."""
    return (
        not set(other.scopes) <= set(one.scopes)
        or not are_within(other.authorization_details, one.authorization_details)
        or not all(covers(one.resources, each) for each in other.resources)
    )


def _references(action: Action, before: Grant | None, after: Grant) -> tuple[str, ...]:
    """Every pinned scope that the notice names, of one that has a new version the new one."""
    named = [*(before.scopes if before else ()), *action.requested, *after.scopes]
    by_id = {reference.rpartition("@")[0]: reference for reference in named if not reference.endswith("@")}
    return tuple(sorted(by_id.values()))


def _scope_ids(references: Iterable[str]) -> tuple[str, ...]:
    return tuple(reference.rpartition("@")[0] for reference in references)
