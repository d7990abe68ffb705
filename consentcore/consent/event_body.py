"""What an event says (ISO/IEC TS 27560, with the vocabulary of DPV), in the words of its time.

Names of clients and texts are copied, never referred to: they have to be read years later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from consentcore.domain.client import Client
from consentcore.domain.clock import iso
from consentcore.domain.event import Evidence
from consentcore.domain.event_kinds import EventType, event_kind
from consentcore.domain.grant import Grant
from consentcore.domain.parties import Actor, ActorType
from consentcore.domain.scope import Catalog

EXPLICIT_CONSENT = "dpv:ExplicitlyExpressedConsent"


@dataclass(frozen=True, slots=True)
class Action:
    """Something that happens to a grant.

    :ivar requested: pinned scopes that were asked,
    :ivar granted: and allowed,
    :ivar declined: and refused.
    :ivar details: further members of the body, such as the family of a security event.
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


def describe(
    action: Action, before: Grant | None, after: Grant, client: Client | None, catalog: Catalog
) -> dict[str, object]:
    """Return the body of an event, except for its identity and the standing of the grant after it."""
    by_owner = action.actor.type is ActorType.OWNER
    content: dict[str, object] = {
        "owner_type": "person",
        "acting_user_id": after.owner_id if by_owner else "",
        "authority_basis": "self" if by_owner else "",
        "actor": {"type": action.actor.type.value, "id": action.actor.actor_id},
        "scopes_requested": list(action.requested),
        "scopes_granted": list(action.granted),
        "scopes_declined": list(action.declined),
        "scopes_before": list(before.scopes) if before else [],
        "resources_before": list(before.resources) if before else [],
        "state_before": before.state.value if before else "",
        "data_categories": _data_categories(after, catalog),
        "withdrawal_method": f"/consents/{after.grant_id}/revoke",
        "scope_revisions": _revisions(action, before, after, catalog),
        "policy_versions": {"catalog": action.evidence.catalog_version, "ui": action.evidence.ui_version},
        "evidence": _evidence(action),
        **_client(client),
        **(action.details or {}),
    }
    if event_kind(action.type).consenting:
        content["consent_type"] = EXPLICIT_CONSENT
    return content


def _client(client: Client | None) -> dict[str, object]:
    return {
        "client_name": client.name if client else "",
        "client_publisher": client.publisher if client else "",
        "client_website": client.website if client else "",
        "client_privacy_url": client.privacy_url if client else "",
        "purpose": {"text": client.purpose if client else "", "author": "client"},
    }


def _data_categories(grant: Grant, catalog: Catalog) -> list[dict[str, str]]:
    """Categories of every granted scope; none is optional once it was granted."""
    return [
        {"type": category, "scope": reference, "necessity": "required"}
        for scope, reference in zip(grant.scope_ids, grant.scopes, strict=True)
        if scope in catalog and catalog[scope].reference == reference
        for category in catalog[scope].data_categories
    ]


def _revisions(action: Action, before: Grant | None, after: Grant, catalog: Catalog) -> dict[str, int]:
    """Of the words in force, for every pinned scope that the event names."""
    named = {*action.requested, *action.granted, *action.declined, *after.scopes}
    return catalog.revisions_of(sorted(named | set(before.scopes if before else ())))


def _evidence(action: Action) -> dict[str, object]:
    found = action.evidence
    text = asdict(found)
    text["presented_at"] = None if found.presented_at is None else iso(found.presented_at)
    text["auth_time"] = None if found.auth_time is None else iso(found.auth_time)
    text["reason_code"] = reason_of(action)
    return text


def reason_of(action: Action) -> str:
    """The code that says why, where whoever did it gives none too."""
    if action.evidence.reason_code:
        return action.evidence.reason_code
    return "system" if action.actor.type is ActorType.SYSTEM else event_kind(action.type).default_reason
