"""Canonical form, hashes and seals of the evidence (RFC 8785, HMAC-SHA-256)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace

import rfc8785

from consentcore.consent.record import check_record
from consentcore.domain.authorization_detail import facts_of
from consentcore.domain.clock import from_iso, iso
from consentcore.domain.errors import InvalidInput
from consentcore.domain.event import ConsentEvent
from consentcore.domain.event_kinds import EventType, event_kind
from consentcore.domain.grant import Grant
from consentcore.ports.keys import KeyRing

SCHEMA = "urn:consentcore:consent-event:2"
LEDGER = "ledger"
GRANT_SEAL = "grant-seal"
_ROW = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)
"""Writes what :func:`canonical` writes, where names are ASCII and values texts, whole numbers and lists of texts, in a
tenth of the time: the seal of a grant is judged wherever one is used."""


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """An entry about to join the chain of ``grant`` (the row as it will be, without head, sequence and seal).

    :ivar occurred_at: when it took effect;
    :ivar recorded_at: when it is written, which may be days later.
    """

    type: EventType
    occurred_at: int
    recorded_at: int
    content: Mapping[str, object]


def canonical(value: Mapping[str, object]) -> str:
    """Write JSON in the one form of RFC 8785.

    :raises InvalidInput: when a text holds half a surrogate pair, which has no form in UTF-8.
    """
    try:
        return rfc8785.dumps(value).decode()  # type: ignore[arg-type]  # checked while it is written
    except rfc8785.CanonicalizationError as error:
        raise InvalidInput("text", f"expected valid Unicode ({error})") from error


def chain(
    keys: KeyRing, before: Grant | None, after: Grant, entry: LedgerEntry
) -> tuple[Grant, ConsentEvent]:
    """Add an entry to the chain of a grant.

    :param before: the grant as it stands; None starts a chain.
    :param after: the grant as it shall be; its ``sequence``, ``head``, ``key_id`` and ``seal`` are set here.
    :returns: the sealed grant and the event, both yet to be stored.
    :raises InvalidInput: when the record of a consent lacks a member that has to be there.
    """
    sequence = before.sequence + 1 if before else 1
    prev_hash = before.head if before else b""
    key_id = keys.current_id
    identity = {
        "schema": SCHEMA,
        "event_id": str(uuid.uuid4()),
        "grant_id": after.grant_id,
        "sequence": sequence,
        "type": entry.type.value,
        "occurred_at": iso(entry.occurred_at),
        "effective_at": iso(entry.occurred_at),
        "recorded_at": iso(entry.recorded_at),
        "owner_id": after.owner_id,
        "client_id": after.client_id,
        "prev_hash": prev_hash.hex(),
        "key_id": key_id,
    }
    members = {**entry.content, **row_facts(after), **identity}
    if event_kind(entry.type).consenting:
        check_record(members)
    body = canonical(members)
    event = ConsentEvent(
        event_id=identity["event_id"],  # type: ignore[arg-type]
        grant_id=after.grant_id,
        sequence=sequence,
        type=entry.type,
        owner_id=after.owner_id,
        client_id=after.client_id,
        occurred_at=entry.occurred_at,
        body=body,
        prev_hash=prev_hash,
        record_hash=record_hash(keys, body, key_id),
        key_id=key_id,
    )
    return seal(keys, after, event), event


def record_hash(keys: KeyRing, body: str, key_id: str) -> bytes:
    """Return the keyed hash of an event.

    :raises KeyUnavailable: when the ring lacks the key.
    """
    return keys.mac(LEDGER, body.encode(), key_id)


def row_facts(grant: Grant) -> dict[str, object]:
    """What the body of an event says about the grant row after it; verification compares the two."""
    return {
        "state_after": grant.state.value,
        "scopes_after": list(grant.scopes),
        "resources_after": list(grant.resources),
        "validity": {"from": iso(grant.created_at), "until": iso(grant.expires_at)},
        "replaces": grant.replaces,
        **_details_after(grant),
    }


def _details_after(grant: Grant) -> dict[str, object]:
    """Absent where there are none: so it was before there were any, and a plain grant says nothing more."""
    details = grant.authorization_details
    return {"authorization_details_after": facts_of(details)} if details else {}


def effective_at(event: ConsentEvent) -> int:
    """When an event took effect, in milliseconds: a permission that ran out ended at its date.

    Releases that wrote no ``effective_at`` gave such an event the time at which the worker got round to it.
    """
    if event.type is not EventType.EXPIRED:
        return event.occurred_at
    return from_iso(json.loads(event.body)["validity"]["until"])


def recorded_at(event: ConsentEvent) -> int:
    """When an event was written, in milliseconds."""
    written = json.loads(event.body).get("recorded_at")
    return from_iso(written) if written else event.occurred_at


def seal(keys: KeyRing, grant: Grant, event: ConsentEvent) -> Grant:
    """Point the grant at the head of its chain and seal the row."""
    pointed = replace(grant, sequence=event.sequence, head=event.record_hash, key_id=event.key_id)
    return replace(pointed, seal=seal_of(keys, pointed))


def seal_of(keys: KeyRing, grant: Grant) -> bytes:
    """Return the seal that the row should carry.

    :raises KeyUnavailable: when the ring lacks its key.
    :raises InvalidInput: when a text holds half a surrogate pair.
    """
    try:
        text = _ROW.encode(_sealed_fields(grant)).encode()
    except UnicodeEncodeError as error:
        raise InvalidInput("text", f"expected valid Unicode ({error})") from error
    return keys.mac(GRANT_SEAL, text, grant.key_id)


def _sealed_fields(grant: Grant) -> dict[str, object]:
    # Rows of before have no such members in their seal.
    later = {"declined": grant.declined, "authorization_details": grant.authorization_details}
    refresh = {"refresh_from": grant.refresh_from} if grant.refresh_from else {}
    return {
        **{name: list(texts) for name, texts in later.items() if texts},
        **refresh,
        "grant_id": grant.grant_id,
        "owner_id": grant.owner_id,
        "client_id": grant.client_id,
        "state": grant.state.value,
        "scopes": list(grant.scopes),
        "created_at": grant.created_at,
        "changed_at": grant.changed_at,
        "expires_at": grant.expires_at,
        "resources": list(grant.resources),
        "replaces": grant.replaces,
        "sequence": grant.sequence,
        "head": grant.head.hex(),
        "key_id": grant.key_id,
    }
