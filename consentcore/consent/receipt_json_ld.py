"""A consent record (:mod:`consentcore.consent.receipt_record`) as JSON-LD in the vocabulary of DPV, and back.

The mapping is that of the guide of the group that keeps the vocabulary: https://w3id.org/dpv/guides/consent-27560.
Members that neither it nor ISO/IEC TS 27560 knows stand under ``cc:``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from consentcore.consent.receipt_record import Record

CONTEXT = {
    "dpv": "https://w3id.org/dpv#",
    "dct": "http://purl.org/dc/terms/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "cc": "urn:consentcore:receipt:1#",
}
RECEIPT_SCHEMA = "https://w3id.org/dpv/schema/dpv-27560#receipt-eu-gdpr"
_NECESSITY = {"required": "dpv:Required", "optional": "dpv:Optional"}
_PARTY = {
    "id": "dct:identifier",
    "name": "dct:title",
    "role": "dpv:hasRole",
    "address": "dpv:hasAddress",
    "contact": "dpv:hasContact",
    "url": "cc:url",
    "privacy_url": "cc:privacyNotice",
}


def json_ld(record: Record) -> Record:
    """Write a record in JSON-LD; :func:`from_json_ld` reads it again."""
    notice = record["privacy_notice"]
    return {
        "@type": "dpv:ConsentRecord",
        "dct:conformsTo": record["schema_version"],
        "dct:identifier": record["record_id"],
        "dpv:hasJurisdiction": record["jurisdiction"],
        "dpv:hasLegalBasis": record["legal_basis"],
        "dpv:hasDataSubject": {"@type": "dpv:DataSubject", "dct:identifier": record["pii_principal_id"]},
        "dpv:hasDataController": [
            {"@type": "dpv:DataController", **_prefixed(one)} for one in record["pii_controllers"]
        ],
        "dpv:hasService": {"@type": "dpv:Service", "dct:title": record["service"]},
        "dpv:hasNotice": [
            {
                "@type": "dpv:ConsentNotice",
                "dct:identifier": notice["id"],
                "dct:language": record["language"],
                "dct:date": notice["shown_at"],
            }
        ],
        "dct:valid": f"{record['validity']['from']}/{record['validity']['until']}",
        "dpv:hasProcess": [_process(record)],
        "dpv:hasConsentControl": {
            "@type": "dpv:WithdrawConsent",
            "dpv:isExercisedAt": record["withdrawal_method"],
        },
        "dpv:hasConsentStatus": [_status(one) for one in record["events"]],
    }


def from_json_ld(document: Mapping[str, Any]) -> Record:
    """Read a record from the JSON-LD of :func:`json_ld`.

    :raises ValueError, LookupError, TypeError: when it is none.
    """
    (notice,) = document["dpv:hasNotice"]
    (process,) = document["dpv:hasProcess"]
    begins, _, ends = document["dct:valid"].partition("/")
    location, duration, deletion = process["dpv:hasStorageCondition"]
    return {
        "schema_version": document["dct:conformsTo"],
        "record_id": document["dct:identifier"],
        "pii_principal_id": document["dpv:hasDataSubject"]["dct:identifier"],
        "pii_controllers": [_bare(one) for one in document["dpv:hasDataController"]],
        "service": document["dpv:hasService"]["dct:title"],
        "privacy_notice": {"id": notice["dct:identifier"], "shown_at": notice["dct:date"]},
        "language": notice["dct:language"],
        "legal_basis": document["dpv:hasLegalBasis"],
        "scopes": process["cc:scopes"],
        "resources": process["cc:resources"],
        **_renamed(process, "cc:authorizationDetails", "authorization_details"),
        "purposes": [_purpose_back(one) for one in process["dpv:hasPurpose"]],
        "pii_information": [_data_back(one) for one in process["dpv:hasPersonalData"]],
        "storage_locations": location["dpv:hasLocation"],
        "retention": {"deletion_window": deletion["dpv:hasDuration"], "periods": duration["cc:periods"]},
        "recipient_third_parties": [one["dct:title"] for one in process["dpv:hasRecipient"]],
        "withdrawal_method": document["dpv:hasConsentControl"]["dpv:isExercisedAt"],
        "jurisdiction": document["dpv:hasJurisdiction"],
        "validity": {"from": begins, "until": ends},
        "events": [_event_back(one) for one in document["dpv:hasConsentStatus"]],
    }


def _renamed(members: Mapping[str, Any], name: str, other: str) -> Record:
    """A member by another name; nothing where it is not there."""
    return {other: members[name]} if name in members else {}


def _process(record: Record) -> Record:
    retention = record["retention"]
    return {
        "@type": "dpv:Process",
        "cc:scopes": record["scopes"],
        "cc:resources": record["resources"],
        **_renamed(record, "authorization_details", "cc:authorizationDetails"),
        "dpv:hasPurpose": [
            {
                "@type": "dpv:Purpose",
                "dct:identifier": one["id"],
                "dct:description": one["text"],
                "dct:creator": one["author"],
                "cc:scopes": one["scopes"],
                "skos:broader": "dpv:ServiceProvision",
            }
            for one in record["purposes"]
        ],
        "dpv:hasPersonalData": [
            {
                "@type": "dpv:SensitivePersonalData" if one["sensitive"] else "dpv:PersonalData",
                "dct:identifier": one["type"],
                "dpv:hasNecessity": _NECESSITY.get(one["necessity"], one["necessity"]),
                "cc:scope": one["scope"],
            }
            for one in record["pii_information"]
        ],
        "dpv:hasRecipient": [
            {"@type": "dpv:Recipient", "dct:title": one} for one in record["recipient_third_parties"]
        ],
        "dpv:hasStorageCondition": [
            {"@type": "dpv:StorageLocation", "dpv:hasLocation": record["storage_locations"]},
            {"@type": "dpv:StorageDuration", "cc:periods": retention["periods"]},
            {"@type": "dpv:StorageDeletion", "dpv:hasDuration": retention["deletion_window"]},
        ],
    }


def _status(event: Mapping[str, Any]) -> Record:
    return {
        "@type": event["event_state"],
        "dct:identifier": event["event_id"],
        "cc:eventType": event["event_type"],
        "dpv:isIndicatedBy": event["entity"],
        "dpv:isIndicatedAtTime": event["event_time"],
        "dpv:hasIndicationMethod": event["method"],
        "dpv:hasLegalBasis": event["consent_type"],
    }


def _event_back(status: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "event_id": status["dct:identifier"],
        "event_type": status["cc:eventType"],
        "event_time": status["dpv:isIndicatedAtTime"],
        "event_state": status["@type"],
        "entity": status["dpv:isIndicatedBy"],
        "method": status["dpv:hasIndicationMethod"],
        "consent_type": status["dpv:hasLegalBasis"],
    }


def _purpose_back(purpose: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": purpose["dct:identifier"],
        "text": purpose["dct:description"],
        "author": purpose["dct:creator"],
        "scopes": purpose["cc:scopes"],
    }


def _data_back(data: Mapping[str, Any]) -> dict[str, Any]:
    necessities = {there: here for here, there in _NECESSITY.items()}
    return {
        "type": data["dct:identifier"],
        "scope": data["cc:scope"],
        "necessity": necessities.get(data["dpv:hasNecessity"], data["dpv:hasNecessity"]),
        "sensitive": data["@type"] == "dpv:SensitivePersonalData",
    }


def _prefixed(party: Mapping[str, str]) -> dict[str, str]:
    return {_PARTY[name]: value for name, value in party.items() if name in _PARTY}


def _bare(party: Mapping[str, str]) -> dict[str, str]:
    return {name: party[there] for name, there in _PARTY.items() if there in party}
