"""The notice that belongs to a consent event; the caller stores it in the same transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

import rfc8785

from consentcore.domain.clock import from_iso, iso
from consentcore.domain.event import ConsentEvent
from consentcore.domain.event_kinds import EventType, event_kind, notice_profile, told_by
from consentcore.domain.grant import Grant
from consentcore.domain.notice import Notice
from consentcore.domain.parties import INITIATORS, ActorType

_TOLD_IN_FULL = frozenset({"client_disabled"})
"""Reasons whose text goes to data owner and application; that of every other act stays in the evidence."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What of an event's body is told."""

    actor: str
    reason: str
    client_name: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    requested: tuple[str, ...]
    recorded_at: str
    reason_text: str


def make_notice(event: ConsentEvent, grant: Grant, *, had_grant_before: bool = False) -> Notice | None:
    """Make the notice of an event; None for an unanswered request, of which nobody is told.

    ``data`` is canonical JSON: ``event_type``, ``sequence``, ``state``, ``scopes`` (what the client may use from
    now on), ``previous_scopes``, ``requested_scopes`` (all three scope tokens without version), ``change``
    (``created``, ``extended``, ``narrowed``, ``renewed`` or ""), ``initiator`` (``user``, ``client``, ``admin``,
    ``system``), ``reason`` (a code, never free text), ``reason_text`` (what an operator typed for everybody to read who
    is told; else ""), ``expires_at`` and ``recorded_at`` (ISO 8601), ``client_name`` and ``had_grant_before``.

    :param grant: the grant after the event.
    :param had_grant_before: on a denial, whether the client already had a permission of this owner, so that
        telling it who said no tells it nothing new.
    """
    kind = event_kind(event.type).notice
    if kind is None:
        return None
    told = _read(event)
    active = grant.is_active(event.occurred_at)
    data = {
        "event_type": event.type.value,
        "sequence": event.sequence,
        "state": grant.state.value,
        "scopes": _ids(told.after) if active else [],
        "previous_scopes": _ids(told.before),
        "requested_scopes": _ids(told.requested),
        "change": _change(event.type, told),
        "initiator": INITIATORS[ActorType(told.actor)],
        "reason": told.reason,
        "expires_at": iso(grant.expires_at),
        "recorded_at": told.recorded_at,
        "reason_text": told.reason_text,
        "client_name": told.client_name,
        "had_grant_before": had_grant_before,
    }
    return Notice(
        notice_id=event.event_id,
        kind=kind,
        grant_id=event.grant_id,
        client_id=event.client_id,
        owner_id=event.owner_id,
        audiences=notice_profile(kind).audiences,
        occurred_at=event.occurred_at,
        data=rfc8785.dumps(data).decode(),
    )


def written_at(notice: Notice) -> int:
    """When a notice was written, in milliseconds: days later than it occurred, where a grant ended by its date, or with
    its application, and no worker came by. One of an older release, or that cannot be read, counts as written when it
    occurred."""
    if not any(row.ends for row in told_by(notice.kind)):  # whatever else is told is written at once
        return notice.occurred_at
    try:
        return from_iso(json.loads(notice.data)["recorded_at"])
    except (ValueError, LookupError, TypeError):
        return notice.occurred_at


def _read(event: ConsentEvent) -> _Told:
    body = json.loads(event.body)
    reason = body["evidence"]["reason_code"]
    return _Told(
        actor=body["actor"]["type"],
        reason=reason,
        client_name=body["client_name"],
        before=tuple(body["scopes_before"]),
        after=tuple(body["scopes_after"]),
        requested=tuple(body["scopes_requested"]),
        recorded_at=body["recorded_at"],
        reason_text=body["evidence"]["reason_text"] if reason in _TOLD_IN_FULL else "",
    )


def _change(event_type: EventType, told: _Told) -> str:
    kind = event_kind(event_type)
    if not kind.consenting:
        return ""
    if kind.begins:
        return "created"
    before, after = set(told.before), set(told.after)
    if before == after:
        return "renewed"
    # Where something was added and something else left out, the addition is what people have to hear of.
    return "narrowed" if after < before else "extended"


def _ids(references: Iterable[str]) -> list[str]:
    return [reference.rpartition("@")[0] for reference in references]
