"""The members of a consent record (ISO/IEC TS 27560, through the DPV guide) that an event carries besides what
happened, and the check that none of those that must be there is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from consentcore.domain.clock import iso
from consentcore.domain.errors import InvalidInput

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.domain.controller import Controller
    from consentcore.domain.grant import Grant
    from consentcore.domain.scope import Catalog, Scope

PROFILE = "https://w3id.org/dpv/schema/dpv-27560#record-eu-gdpr"

MANDATORY = (
    "schema",
    "conforms_to",
    "grant_id",
    "owner_id",
    "owner_type",
    "acting_user_id",
    "authority_basis",
    "client_id",
    "client_name",
    "controllers",
    "legal_basis",
    "withdrawal_method",
    "scopes_after",
    "purposes",
    "validity",
    "access_period",
    "retention",
    "state_after",
    "consent_type",
    "occurred_at",
    "event_id",
    "sequence",
    "actor",
    "policy_versions",
    "evidence",
)
"""Members that say something in the record of every consent."""
MAY_BE_EMPTY = (
    "client_website",
    "recipients",
    "scopes_requested",
    "scopes_granted",
    "scopes_declined",
    "resources_after",
    "data_categories",
    "storage_locations",
    "jurisdictions",
    "applicable_law",
    "replaces",
    "replaced_by",
    "prev_hash",
)
"""Members that have to be there, and may say that there is nothing."""
EVIDENCE = (
    "indication_method",
    "locale",
    "snapshot_hash",
    "control_defaults",
    "ui_version",
    "catalog_version",
)


def record_members(
    after: Grant, client: Client | None, catalog: Catalog, controller: Controller
) -> dict[str, object]:
    """What a record says of parties, purposes, data, places and times, in the words of its time.

    :param after: the grant after what happened.
    """
    scopes = _granted(after, catalog)
    return {
        "conforms_to": PROFILE,
        "controllers": _controllers(controller, client),
        "recipients": [_application(client)] if client else [],
        "legal_basis": controller.legal_basis,
        "jurisdictions": list(controller.jurisdictions),
        "applicable_law": list(controller.applicable_law),
        "storage_locations": list(controller.storage_locations),
        "authority": controller.authority,
        "purposes": _purposes(scopes, client),
        "data_categories": _data_categories(scopes),
        "retention": _retention(scopes, controller),
        "access_period": {
            "not_before": iso(after.created_at),
            "not_after": iso(after.expires_at),
            "history": _history(scopes),
        },
        "replaced_by": "",
        "withdrawal_method": f"{controller.web_url}/consents/{after.grant_id}/revoke",
    }


def check_record(body: Mapping[str, Any]) -> None:
    """Refuse the record of a consent that lacks a member which must be there, before anything is issued under it.

    :raises InvalidInput: naming the first that is missing.
    """
    evidence = body.get("evidence") or {}
    missing = [name for name in MANDATORY if not body.get(name)]
    if body.get("authorization_details_after") and body.get("scopes_after") == []:
        missing.remove("scopes_after")  # what is allowed may be all in details
    missing += [name for name in MAY_BE_EMPTY if body.get(name) is None]
    missing += [f"evidence.{name}" for name in EVIDENCE if evidence.get(name) is None]
    missing += ["evidence.indication_method"] if not evidence.get("indication_method") else []
    if missing:
        raise InvalidInput(missing[0], "expected it in the record of a consent")


def _granted(grant: Grant, catalog: Catalog) -> list[Scope]:
    """The granted scopes in the catalog's words, where it still means the same by them."""
    pairs = zip(grant.scope_ids, grant.scopes, strict=True)
    return [catalog[name] for name, ref in pairs if name in catalog and catalog[name].reference == ref]


def _controllers(controller: Controller, client: Client | None) -> list[dict[str, str]]:
    holder = {
        "name": controller.name or controller.web_url,
        "role": "data_holder",
        "address": controller.address,
        "contact": controller.contact,
        "url": controller.web_url,
    }
    return [holder, *([_application(client)] if client else [])]


def _application(client: Client) -> dict[str, str]:
    """Who makes the application, as far as they have said; a name is always there. No address of a person."""
    return {
        "id": client.client_id,
        "name": client.publisher or client.name,
        "role": "data_recipient",
        "address": "",
        "contact": client.website,
        "url": client.website,
        "privacy_url": client.privacy_url,
    }


def _purposes(scopes: Sequence[Scope], client: Client | None) -> list[dict[str, object]]:
    """The application's own words, and the ids of the purposes that the catalog has for a scope."""
    said: list[dict[str, object]] = [
        {
            "id": "",
            "text": client.purpose if client else "",
            "author": "client",
            "scopes": [one.reference for one in scopes],
        }
    ]
    return said + [
        {"id": purpose, "text": "", "author": "operator", "scopes": [scope.reference]}
        for scope in scopes
        for purpose in scope.purposes
    ]


def _data_categories(scopes: Iterable[Scope]) -> list[dict[str, object]]:
    return [
        {
            "type": category,
            "scope": scope.reference,
            "necessity": scope.necessity.value,
            "sensitive": bool(scope.sensitivity),
        }
        for scope in scopes
        for category in scope.data_categories
    ]


def _retention(scopes: Iterable[Scope], controller: Controller) -> dict[str, object]:
    """How long the application may keep the data, where the catalog says so, and how long it has to delete it then."""
    return {
        "deletion_window": f"P{controller.deletion_days}D",
        "periods": [
            {"scope": scope.reference, "period": f"P{scope.retention_max_days}D"}
            for scope in scopes
            if scope.retention_max_days
        ],
    }


def _history(scopes: Iterable[Scope]) -> list[dict[str, str]]:
    """How far back the data goes, where that is limited."""
    return [
        {"scope": scope.reference, "period": f"P{scope.history_max_days}D"}
        for scope in scopes
        if scope.history_max_days
    ]
