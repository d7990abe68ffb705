"""The body of a webhook: identifiers and state, nothing personal.

The schema that receivers read is ``consentcore/web/api/openapi.json``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from consentcore.domain.authorization_detail import read, told
from consentcore.domain.clock import iso
from consentcore.domain.event_kinds import CHOOSABLE, NoticeKind, notice_profile, told_by
from consentcore.domain.notice import Notice
from consentcore.domain.notice_facts import ConsentFacts, EndpointTestFacts
from consentcore.domain.resource import by_kind

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = "2026-11-01"
"""Of the payload. Members may be added within a version, never changed or taken away."""

MAX_BYTES = 20_000
"""Standard Webhooks asks for less than 20 kB."""

_ORDER = (
    *("type", "version", "timestamp", "data", "checkpoint"),
    *("client_id", "status", "test", "grant_id", "subject", "sequence", "request_id"),
    *("scopes", "requested_scopes", "previous_scopes", "resources", "previous_resources"),
    *("authorization_details", "previous_authorization_details", "requested_authorization_details"),
    *("initiator", "reason", "effective_at", "expires_at", "previous_expires_at"),
    *("deletion_due_at", "grant_url", "reason_user", "reason_admin", "change", "state", "omitted"),
)
"""Of the members, as they are written."""

_LONGEST_CHECKPOINT = 4000
"""Characters: ours, and the cosignatures of some twenty witnesses."""

# The least needed first: what is allowed now goes last.
_LISTS = (
    *("previous_authorization_details", "requested_authorization_details"),
    *("previous_resources", "previous_scopes", "requested_scopes"),
    *("authorization_details", "resources", "scopes"),
)
_REASONS_FOR_THE_USER = {
    "user": "You withdrew this access.",
    "client": "The application gave this access back.",
    "admin": "The company that holds your data ended this access.",
    "system": "This access was ended automatically.",
}


def webhook_body(notice: Notice, *, subject: str, issuer: str, checkpoint: str = "") -> bytes:
    """Make the payload: minified UTF-8 JSON, under 20 kB; b"" for what no client is told of.

    Made once for a notice; what is sent later are these bytes, because signatures are over bytes. Lists of scopes
    that would make it too long are left empty and named in ``data.omitted``.

    :param subject: the pairwise name of the owner for this client; left out of a denial unless the client
        already had a grant of that person.
    :param issuer: base URL under which the client looks the grant up.
    :param checkpoint: the newest one of the log of evidence, a signed note; left out where it would make it too long.
    """
    if notice.kind not in CHOOSABLE and notice.kind is not NoticeKind.TEST:
        return b""
    payload = {
        "type": notice.kind.value,
        "version": VERSION,
        **_what_happened(notice, subject, issuer),
    }
    if checkpoint and len(checkpoint) <= _LONGEST_CHECKPOINT:
        with_it = _minified({**payload, "checkpoint": checkpoint})
        if len(with_it) < MAX_BYTES:
            return with_it
    return _shortened(payload, payload["data"])


def in_order(payload: object) -> object:
    """A parsed payload with its members in the order in which they are written; what is none of ours stays as it is."""
    if not isinstance(payload, dict):
        return payload
    known = {name: in_order(payload[name]) for name in _ORDER if name in payload}
    return known | {name: value for name, value in payload.items() if name not in known}


def _shortened(payload: Mapping[str, object], data: Any) -> bytes:
    body = _minified(payload)
    for name in _LISTS:
        if len(body) < MAX_BYTES:
            break
        if data.get(name):
            data[name] = []
            data["omitted"] = [*data.get("omitted", []), name]
            body = _minified(payload)
    return body


def _minified(payload: Mapping[str, object]) -> bytes:
    return json.dumps(in_order(payload), separators=(",", ":"), ensure_ascii=False).encode()


def _what_happened(notice: Notice, subject: str, issuer: str) -> dict[str, object]:
    if notice.kind is NoticeKind.TEST:
        state = EndpointTestFacts.from_json(notice.data).state
        return {
            "timestamp": iso(notice.occurred_at),
            "data": {"client_id": notice.client_id, "state": state},
        }
    facts = ConsentFacts.from_json(notice.data)
    return {
        "timestamp": _effective_at(notice, facts),
        "data": _data(notice, facts, subject, issuer),
    }


def _data(notice: Notice, facts: ConsentFacts, subject: str, issuer: str) -> dict[str, object]:
    data: dict[str, object] = {
        "client_id": notice.client_id,
        "status": notice_profile(notice.kind).status,
    }
    if facts.test:
        data["test"] = True
    if notice.kind is NoticeKind.DENIED:
        return data | _denial(notice, facts, subject)
    initiator, typical = facts.initiator or "system", told_by(notice.kind)[0]
    data |= {
        "grant_id": notice.grant_id,
        "subject": subject,
        "sequence": facts.sequence,
        "scopes": list(facts.scopes),
        "previous_scopes": list(facts.previous_scopes),
        "resources": by_kind(facts.resource_ids),
        "previous_resources": by_kind(facts.previous_resource_ids),
        **_details(facts),
        "initiator": initiator,
        "reason": facts.reason,
        "effective_at": _effective_at(notice, facts),
        "expires_at": facts.expires_at if typical.consenting else None,
        "grant_url": f"{issuer.rstrip('/')}/api/v1/grants/{notice.grant_id}",
    }
    if facts.deletion_due_at:
        data["deletion_due_at"] = facts.deletion_due_at
    if typical.on_request:
        # Keyed by language (BCP 47), as in CAEP 1.0: fixed words, never what somebody typed.
        data["reason_user"] = {"en": _REASONS_FOR_THE_USER[initiator]}
        if facts.reason_text:
            # In whatever language the operator wrote it (BCP 47 section 2.2.1: undetermined).
            data["reason_admin"] = {"und": facts.reason_text}
    if typical.consenting:
        data["change"] = facts.change or "created"
        if facts.previous_expires_at:
            data["previous_expires_at"] = facts.previous_expires_at
    return data


def _details(facts: ConsentFacts) -> dict[str, object]:
    """Authorization details (RFC 9396); the members are there where one of them says something."""
    now, before = facts.authorization_details, facts.previous_authorization_details
    if not now and not before:
        return {}
    return {
        "authorization_details": told(now, facts.resource_ids),
        "previous_authorization_details": told(before, facts.previous_resource_ids),
    }


def _effective_at(notice: Notice, facts: ConsentFacts) -> str:
    """What ran out ended at its date, also where an older release noted when the worker got round to it."""
    ended_at = facts.expires_at if notice.kind is NoticeKind.EXPIRED else ""
    return ended_at or iso(notice.occurred_at)


def _denial(notice: Notice, facts: ConsentFacts, subject: str) -> dict[str, object]:
    """A denial is personal data too: it names the request, and the person only where they are known already.

    It has no grant, so it has no ``sequence`` either: a grant that stands is as it was.
    """
    data: dict[str, object] = {
        "request_id": notice.notice_id,
        "scopes": [],
        "requested_scopes": list(facts.requested_scopes),
        "initiator": facts.initiator or "user",
        "reason": facts.reason,
        "effective_at": iso(notice.occurred_at),
        "expires_at": None,
    }
    asked = facts.requested_authorization_details
    if asked:
        data["requested_authorization_details"] = [dict(read(one).members) for one in asked]
    if facts.had_grant_before:
        data["subject"] = subject
    return data
