"""The columns of this store: the fields that records had when it was written, and how they become JSON."""

from __future__ import annotations

import base64
from enum import Enum
from typing import Any

from consentcore import api

COLUMNS: dict[str, str] = {
    "ClientSecret": "hash created_at expires_at",
    "Client": (
        "client_id name created_at kind auth_method secrets redirect_uris scopes publisher website privacy_url purpose"
        " require_pkce enabled contact_email jwks jwks_uri require_par access_token_format resources"
    ),
    "EndpointHealth": "failing_since last_failure_at last_success_at warned_at slow_until",
    "WebhookEndpoint": "endpoint_id client_id url created_at secrets events disabled_at disabled_reason health",
    "SealedSecret": "sealed created_at expires_at",
    "Owner": "owner_id email created_at name locale timezone previous_email email_changed_at",
    "OwnerSession": "session_hash owner_id created_at expires_at auth_time acr amr seen_at address browser",
    "OwnerTicket": "ticket_hash purpose owner_id created_at expires_at payload used_at",
    "OwnerIdentity": "issuer subject owner_id created_at",
    "AuthorizationRequest": (
        "client_id redirect_uri redirect_uri_given scopes state code_challenge prompt ui_locales audience"
    ),
    "Interaction": "interaction_hash session_hash request created_at expires_at owner_id",
    "PushedRequest": "request_hash client_id query created_at expires_at",
    "Grant": (
        "grant_id owner_id client_id state scopes created_at changed_at expires_at resources replaces sequence head"
        " seal key_id"
    ),
    "Code": (
        "code_hash family_id grant_id client_id redirect_uri redirect_uri_given code_challenge scopes created_at"
        " expires_at used_at audience auth_time acr"
    ),
    "Token": (
        "token_hash kind family_id grant_id client_id scopes created_at expires_at rotated_at nonce nonce_key_id"
        " audience auth_time acr"
    ),
    "ConsentEvent": (
        "event_id grant_id sequence type owner_id client_id occurred_at body prev_hash record_hash key_id leaf_index"
    ),
    "NoticeSnapshot": "snapshot_hash content created_at",
    "Checkpoint": "size root created_at signature key_id",
    "Notice": "notice_id kind grant_id client_id owner_id audiences occurred_at data",
    "Delivery": (
        "delivery_id notice_id notifier target created_at next_at state attempts lease_until lease_token body"
        " last_error finished_at before_replay next_before_replay"
    ),
    "Attempt": "delivery_id number started_at latency_ms outcome status error answer trigger",
}
OURS: dict[str, type] = {}
"""Records of this package that hold such records."""
ENUMS = ("ClientKind", "AuthMethod", "TokenFormat", "GrantState", "TokenKind", "EventType", "NoticeKind", "Audience")
ENUMS += ("DeliveryState", "Trigger")


def ours(cls: type) -> type:
    """Let a record of this package be stored with all its fields."""
    OURS[cls.__name__] = cls
    COLUMNS[cls.__name__] = " ".join(cls.__dataclass_fields__)  # type: ignore[attr-defined]
    return cls


def packed(value: Any) -> Any:
    """A value as JSON can hold it."""
    if isinstance(value, Enum):
        return {"=": type(value).__name__, "is": value.value}
    if isinstance(value, bytes):
        return {"=": "bytes", "is": base64.b64encode(value).decode()}
    if isinstance(value, tuple):
        return {"=": "tuple", "is": [packed(one) for one in value]}
    if isinstance(value, dict):
        return {"=": "dict", "is": [[packed(key), packed(one)] for key, one in value.items()]}
    if value is None or isinstance(value, str | int | float):
        return value
    name = type(value).__name__
    return {"=": name, "is": [packed(getattr(value, column)) for column in COLUMNS[name].split()]}


def unpacked(value: Any) -> Any:
    """What :func:`packed` was given."""
    if not isinstance(value, dict):
        return value
    name, inner = value["="], value["is"]
    if name == "bytes":
        return base64.b64decode(inner)
    if name == "tuple":
        return tuple(unpacked(one) for one in inner)
    if name == "dict":
        return {unpacked(key): unpacked(one) for key, one in inner}
    if name in ENUMS:
        return getattr(api, name)(inner)
    cls = OURS.get(name) or getattr(api, name)
    return cls(**dict(zip(COLUMNS[name].split(), map(unpacked, inner), strict=True)))


def kept(row: Any) -> Any:
    """A row as this store gives it back: with its columns, and nothing that it has no column for."""
    return unpacked(packed(row))
