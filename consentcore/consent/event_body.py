"""What an event says (ISO/IEC TS 27560, with the vocabulary of DPV), in the words of its time.

Names of clients and texts are copied, never referred to: they have to be read years later. What is personal stands
beside the body, see :mod:`consentcore.consent.personal`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from consentcore.consent.record import record_members
from consentcore.domain.authorization_detail import facts_of
from consentcore.domain.client import Client
from consentcore.domain.clock import iso
from consentcore.domain.controller import Controller
from consentcore.domain.event import Evidence
from consentcore.domain.event_kinds import EventType, event_kind
from consentcore.domain.grant import Grant
from consentcore.domain.owner import Owner
from consentcore.domain.parties import Actor, ActorType
from consentcore.domain.scope import Catalog

EXPLICIT_CONSENT = "dpv:ExplicitlyExpressedConsent"


@dataclass(frozen=True, slots=True)
class Action:
    """Something that happens to a grant.

    :ivar requested: pinned scopes that were asked,
    :ivar granted: and allowed,
    :ivar declined: and refused.
    :ivar details_requested: authorization details that were asked (RFC 9396), each as it is kept. A yes allows all of
        them.
    :ivar details: further members of the body, such as the family of a security event.
    :ivar labels: what the chosen resources are called, by id; personal, so that no body has them.
    :ivar owner: who did it, where that was the owner and somebody has read the row already; personal too.
    :ivar effective_at: when it happened, in milliseconds, for what is recorded later; None: when it is recorded.
    """

    type: EventType
    actor: Actor
    evidence: Evidence
    requested: tuple[str, ...] = ()
    granted: tuple[str, ...] = ()
    declined: tuple[str, ...] = ()
    details: Mapping[str, object] | None = None
    effective_at: int | None = None
    details_requested: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    owner: Owner | None = None


def describe(
    action: Action,
    before: Grant | None,
    after: Grant,
    client: Client | None,
    catalog: Catalog,
    *,
    controller: Controller,
    owner_timezone: str = "",
) -> dict[str, object]:
    """Return the body of an event, except for its identity, the standing of the grant after it, and what is personal.

    :param owner_timezone: of the owner who did it, such as ``Europe/Paris``; "" where it was somebody else.
    """
    by_owner = action.actor.type is ActorType.OWNER
    by_operator = action.actor.type is ActorType.OPERATOR
    content: dict[str, object] = {
        **record_members(after, client, catalog, controller),
        "owner_type": "person",
        "owner_timezone": owner_timezone,
        "acting_user_id": after.owner_id if by_owner else "",
        "authority_basis": "self" if by_owner else "",
        "actor": {"type": action.actor.type.value, "id": "" if by_operator else action.actor.actor_id},
        "scopes_requested": list(action.requested),
        "scopes_granted": list(action.granted),
        "scopes_declined": list(action.declined),
        "scopes_before": list(before.scopes) if before else [],
        "resources_before": list(before.resources) if before else [],
        "state_before": before.state.value if before else "",
        "scope_revisions": _revisions(action, before, after, catalog),
        "policy_versions": {
            "catalog": action.evidence.catalog_version,
            "ui": action.evidence.ui_version,
            "privacy_policy": controller.privacy_policy,
            "terms": controller.terms,
        },
        "evidence": _evidence(action),
        **_client(client),
        **_authorization_details(action, before),
        **(action.details or {}),
    }
    if event_kind(action.type).consenting:
        content["consent_type"] = EXPLICIT_CONSENT
    return content


def _authorization_details(action: Action, before: Grant | None) -> dict[str, object]:
    """What was asked and stood before of authorization details; absent where there was nothing, as before there were
    any."""
    said = {
        "authorization_details_requested": facts_of(action.details_requested),
        "authorization_details_before": facts_of(before.authorization_details if before else ()),
    }
    return {name: found for name, found in said.items() if found}


def _client(client: Client | None) -> dict[str, object]:
    return {
        "client_name": client.name if client else "",
        "client_publisher": client.publisher if client else "",
        "client_website": client.website if client else "",
        "client_privacy_url": client.privacy_url if client else "",
        "purpose": {"text": client.purpose if client else "", "author": "client"},
        **_self_registered(client),
    }


def _self_registered(client: Client | None) -> dict[str, object]:
    """How an application came here that no operator has registered, and that nobody has checked it; nothing of any
    other one."""
    said = client.self_registered if client else None
    if client is None or said is None:
        return {}
    found: dict[str, object] = {"registered_by": "itself", "registered_at": iso(said.at)}
    if said.document_url:
        found |= {"document_url": said.document_url, "document": said.document}
    if client.verified_at is not None:
        found["verified_at"] = iso(client.verified_at)
    return {"client_registration": found}


def _revisions(action: Action, before: Grant | None, after: Grant, catalog: Catalog) -> dict[str, int]:
    """Of the words in force, for every pinned scope that the event names."""
    named = {*action.requested, *action.granted, *action.declined, *after.scopes}
    return catalog.revisions_of(sorted(named | set(before.scopes if before else ())))


def _evidence(action: Action) -> dict[str, object]:
    found = action.evidence
    text = asdict(found)
    del text["reason_text"]  # personal
    text["presented_at"] = None if found.presented_at is None else iso(found.presented_at)
    text["auth_time"] = None if found.auth_time is None else iso(found.auth_time)
    text["reason_code"] = reason_of(action)
    return text


def reason_of(action: Action) -> str:
    """The code that says why, where whoever did it gives none too."""
    if action.evidence.reason_code:
        return action.evidence.reason_code
    return "system" if action.actor.type is ActorType.SYSTEM else event_kind(action.type).default_reason
