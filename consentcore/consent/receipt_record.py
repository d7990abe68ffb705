"""A consent record by ISO/IEC TS 27560, by the names of its members, out of the ledger.

What an older release did not write is left empty, never invented.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from consentcore.domain.authorization_detail import texts_of, told
from consentcore.domain.event_kinds import EventType, event_kind
from consentcore.domain.grant_states import GrantState, state_profile
from consentcore.domain.parties import ActorType

if TYPE_CHECKING:
    from consentcore.domain.event import ConsentEvent

Record = dict[str, Any]

RECORD_SCHEMA = "https://w3id.org/dpv/schema/dpv-27560#record-eu-gdpr"
MANDATORY = (
    "schema_version",
    "record_id",
    "pii_principal_id",
    "pii_controllers",
    "privacy_notice",
    "language",
    "purposes",
    "pii_information",
    "storage_locations",
    "retention",
    "recipient_third_parties",
    "withdrawal_method",
    "jurisdiction",
    "validity",
    "events",
)
"""What ISO/IEC TS 27560 demands of a record. A member may say that there is nothing, and is there then too."""

RENEWED = "dpv:RenewedConsentGiven"
_WHO = {
    ActorType.OWNER.value: "dpv:DataSubject",
    ActorType.CLIENT.value: "dpv:ThirdParty",
    ActorType.OPERATOR.value: "dpv:DataController",
    ActorType.SYSTEM.value: "cc:Clock",
}


def record_of(events: Sequence[ConsentEvent], subject: str) -> Record:
    """What the ledger says of a permission after the last of these events.

    :param events: of one grant, by sequence, at least one.
    :param subject: the pairwise name of the owner for this application.
    """
    bodies = [json.loads(event.body) for event in events]
    last = bodies[-1]
    # What was read and agreed to is said by the latest event that a page was shown for; that which confirms an end is
    # another one.
    asked = (one for one in reversed(bodies) if not event_kind(EventType(one["type"])).ends)
    decided = next((one for one in asked if _evidence(one).get("snapshot_hash")), last)
    return {
        "schema_version": RECORD_SCHEMA,
        "record_id": last["grant_id"],
        "pii_principal_id": subject,
        "pii_controllers": _controllers(last),
        "service": last.get("client_name", ""),
        "privacy_notice": {
            "id": _evidence(decided).get("snapshot_hash", ""),
            "shown_at": _evidence(decided).get("presented_at") or "",
        },
        "language": _evidence(decided).get("locale", ""),
        "legal_basis": last.get("legal_basis") or last.get("consent_type") or "dpv:Consent",
        "scopes": list(last.get("scopes_after") or _asked(last) or ()),
        "resources": list(last.get("resources_after", ())),
        **_details(last),
        "purposes": _purposes(last),
        "pii_information": [
            {
                "type": one["type"],
                "scope": one.get("scope", ""),
                "necessity": one.get("necessity", "required"),
                "sensitive": bool(one.get("sensitive", False)),
            }
            for one in last.get("data_categories", ())
        ],
        "storage_locations": list(last.get("storage_locations", ())),
        "retention": last.get("retention") or {"deletion_window": "", "periods": []},
        "recipient_third_parties": [one.get("name", "") for one in last.get("recipients", ())],
        "withdrawal_method": last.get("withdrawal_method", ""),
        "jurisdiction": list(last.get("jurisdictions", ())),
        "validity": {"from": last["validity"]["from"], "until": last["validity"]["until"]},
        "events": [_event(one) for one in bodies],
    }


def _asked(body: Mapping[str, Any]) -> Any:
    """The scopes that were asked, where nothing was allowed."""
    return None if body.get("authorization_details_after") else body.get("scopes_requested")


def _details(body: Mapping[str, Any]) -> Record:
    """Authorization details (RFC 9396) that are allowed, with the resources that were chosen for them; else those that
    were asked. Absent where there are none."""
    facts = body.get("authorization_details_after") or body.get("authorization_details_requested")
    if not facts:
        return {}
    return {"authorization_details": told(texts_of(facts), body.get("resources_after", ()))}


def missing(record: Mapping[str, Any]) -> list[str]:
    """Names of what ISO/IEC TS 27560 demands and the record does not have."""
    needed = {"record_id", "pii_principal_id", "pii_controllers", "events", "schema_version", "validity"}
    return [name for name in MANDATORY if name not in record or (name in needed and not record[name])]


def _evidence(body: Mapping[str, Any]) -> dict[str, Any]:
    return body.get("evidence") or {}


def _controllers(body: Mapping[str, Any]) -> list[dict[str, str]]:
    """As the event has them; an older one has the application alone."""
    said = body.get("controllers")
    if said:
        return [{str(name): str(value) for name, value in one.items() if value} for one in said]
    found = {
        "id": body["client_id"],
        "name": body.get("client_publisher") or body.get("client_name", ""),
        "url": body.get("client_website", ""),
        "privacy_url": body.get("client_privacy_url", ""),
    }
    return [{name: value for name, value in found.items() if value}]


def _purposes(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    said = body.get("purposes") or [{**body.get("purpose", {}), "scopes": body.get("scopes_after", [])}]
    return [
        {
            "id": one.get("id", ""),
            "text": one.get("text", ""),
            "author": one.get("author", "client"),
            "scopes": list(one.get("scopes", ())),
        }
        for one in said
    ]


def _event(body: Mapping[str, Any]) -> dict[str, Any]:
    kind, state = event_kind(body["type"]), GrantState(body["state_after"])
    renewed = kind.consenting and body["sequence"] > 1
    return {
        "event_id": body["event_id"],
        "event_type": body["type"],
        "event_time": body.get("effective_at") or body["occurred_at"],
        "event_state": RENEWED if renewed else state_profile(state).dpv,
        "entity": _WHO[body["actor"]["type"]],
        "method": _evidence(body).get("indication_method", ""),
        "consent_type": body.get("consent_type", ""),
    }
