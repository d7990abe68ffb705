"""One grant against its chain of events."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any

from consentcore.consent import ledger
from consentcore.consent.disclosure_check import DisclosureCheck, parsed
from consentcore.consent.snapshot import hash_of
from consentcore.domain.authorization_detail import facts_of
from consentcore.domain.clock import from_iso
from consentcore.domain.errors import InvalidInput, KeyUnavailable
from consentcore.domain.event import ConsentEvent
from consentcore.domain.grant import Grant
from consentcore.keys.seals import Verdict, judge, of_revoked
from consentcore.ports.keys import KeyRing
from consentcore.ports.transactions import UnitOfWork

REMEMBERED = 10_000
EDITED_ROW = "the row of the grant is not the one that was written"
WRONG_KIND = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
"""What code raises over values of the wrong kind, which a database may hold and we never wrote."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, and with which event; ``sequence`` None where it is the row of the grant."""

    sequence: int | None
    event_id: str
    text: str


class ChainCheck:
    """Checks chains, and each snapshot that they name once.

    :param ended: from which place of the log on each key seals nothing any more.
    :param sealed: whether snapshots carry a seal, which covers when they were first shown.
    :ivar disclosures: gathers what sound events and snapshots commit to; whoever checks chains settles it.
    """

    def __init__(
        self, keys: KeyRing, ended: Mapping[str, int] | None = None, *, sealed: bool = False
    ) -> None:
        self._keys = keys
        self._sealed = sealed
        self._ended = ended or {}
        self._sound: set[str] = set()
        self.disclosures = DisclosureCheck(keys)

    def findings(self, uow: UnitOfWork, grant: Grant, events: Sequence[ConsentEvent]) -> Iterator[Finding]:
        """The first broken event of the chain, then what is wrong with the row.

        What a row that was tampered with says about its chain counts for nothing.
        """
        wrong = self._wrong_row(grant)
        broken = self._first_broken(uow, grant, events) or (None if wrong else _wrong_end(grant, events))
        if broken is not None:
            yield broken
        last = events[-1] if events else None
        differs = list(_disagreements(grant, last)) if last is not None and broken is None else []
        if wrong or differs:
            text = "; ".join([wrong or "the row of the grant disagrees with its ledger", *differs])
            yield Finding(last.sequence if last else None, last.event_id if last else "", text)

    def _first_broken(self, uow: UnitOfWork, grant: Grant, events: Sequence[ConsentEvent]) -> Finding | None:
        head = b""
        for expected, event in enumerate(events, start=1):
            text = self._complaint(uow, grant, event, expected, head)
            if text:
                return Finding(event.sequence, event.event_id, text)
            head = event.record_hash
        return None

    def _complaint(
        self, uow: UnitOfWork, grant: Grant, event: ConsentEvent, expected: int, head: bytes
    ) -> str:
        try:
            wrong = _misplaced(grant.grant_id, event, expected, head) or self._edited(event)
            if wrong:
                return wrong
            body = json.loads(event.body)
            wrong = _column_mismatch(event, body)
            if wrong:
                return wrong
            self.disclosures.note(event, body, body)
            return self._wrong_snapshot(uow, event, body)
        except KeyUnavailable as error:
            return str(error)
        except WRONG_KIND as error:
            return f"a value of it is none that was ever written ({error})"

    def _edited(self, event: ConsentEvent) -> str:
        """Why an event is not what was written; "" when it is."""
        try:
            if wrong := _altered(self._keys, event):
                return wrong
        except KeyUnavailable as error:
            return str(error)
        ended = self._ended.get(event.key_id)
        if ended is not None and (event.leaf_index is None or event.leaf_index > ended):
            return (
                f"it is sealed with the key {event.key_id}, which was over before (place {ended} of the log)"
            )
        return ""

    def _wrong_snapshot(self, uow: UnitOfWork, event: ConsentEvent, body: dict[str, Any]) -> str:
        wanted = body["evidence"]["snapshot_hash"]
        if not wanted or wanted in self._sound:
            return ""
        found = uow.ledger.snapshot(wanted)
        if found is None and self.disclosures.was_forgotten(uow, wanted):
            return ""
        if found is None:
            return f"the snapshot {wanted} of what was shown is missing"
        if found.snapshot_hash != wanted or hash_of(found.content) != wanted:
            return f"the snapshot {wanted} of what was shown was changed"
        verdict = judge(self._keys, found) if self._sealed else Verdict.OURS
        if verdict is Verdict.REVOKED:
            return f"the snapshot {wanted} {of_revoked(found.seal)}"
        if verdict is Verdict.STRANGE:
            return f"the snapshot {wanted} does not say when it was first shown as it was written"
        if len(self._sound) >= REMEMBERED:
            self._sound.clear()
        self._sound.add(wanted)
        self.disclosures.note(event, parsed(found.content), body)
        return ""

    def _wrong_row(self, grant: Grant) -> str:
        try:
            genuine = compare_digest(ledger.seal_of(self._keys, grant), grant.seal)
        except KeyUnavailable as error:
            return str(error)
        except (InvalidInput, *WRONG_KIND):
            return EDITED_ROW
        if genuine and self._keys.revoked_at(grant.key_id):
            return f"the row of the grant {of_revoked(grant.key_id)}"
        return "" if genuine else EDITED_ROW


def _wrong_end(grant: Grant, events: Sequence[ConsentEvent]) -> Finding | None:
    """The row is genuine and the events are; are they all there, and no more?"""
    there = len(events)
    counts = f"the grant counts {grant.sequence} events, its chain has {there}"
    if there < grant.sequence:
        return Finding(there + 1, "", f"event {there + 1} is missing: {counts}")
    if there > grant.sequence:
        extra = events[grant.sequence]
        return Finding(extra.sequence, extra.event_id, f"it is not the grant's: {counts}")
    last = events[-1]
    if last.record_hash != grant.head:
        return Finding(last.sequence, last.event_id, "the grant names another last event")
    return None


def first_altered(keys: KeyRing, events: Sequence[ConsentEvent]) -> str:
    """Why the events of a chain, from its first one on, are not what was written; "" where they are. That its keys were
    in use then, and what the events name, is another question.

    :param events: by sequence; at least one.
    """
    head = b""
    for expected, event in enumerate(events, start=1):
        try:
            wrong = (
                _misplaced(events[0].grant_id, event, expected, head)
                or _altered(keys, event)
                or _column_mismatch(event, json.loads(event.body))
            )
        except (KeyUnavailable, *WRONG_KIND) as error:
            wrong = f"it cannot be read ({error})"
        if wrong:
            return f"event {event.event_id}: {wrong}"
        head = event.record_hash
    return ""


def _altered(keys: KeyRing, event: ConsentEvent) -> str:
    genuine = ledger.record_hash(keys, event.body, event.key_id)
    return "" if compare_digest(genuine, event.record_hash) else "its text is not the one that was written"


def _misplaced(grant_id: str, event: ConsentEvent, expected: int, head: bytes) -> str:
    if event.grant_id != grant_id:
        return f"it belongs to grant {event.grant_id}"
    if event.sequence != expected:
        return f"event {expected} is missing, this one has the number {event.sequence}"
    if event.prev_hash != head:
        return "it does not follow the event before it"
    return ""


def _column_mismatch(event: ConsentEvent, body: dict[str, object]) -> str:
    """The body is genuine; do the columns beside it say the same?"""
    columns: dict[str, object] = {
        "event_id": event.event_id,
        "grant_id": event.grant_id,
        "sequence": event.sequence,
        "type": event.type.value,
        "owner_id": event.owner_id,
        "client_id": event.client_id,
        "prev_hash": event.prev_hash.hex(),
        "key_id": event.key_id,
    }
    for name, value in columns.items():
        if body[name] != value:
            return f"its {name} is {value!r}, its text says {body[name]!r}"
    if from_iso(str(body["occurred_at"])) != event.occurred_at:
        return f"its occurred_at is {event.occurred_at}, its text says {body['occurred_at']}"
    return ""


def _disagreements(grant: Grant, last: ConsentEvent) -> Iterator[str]:
    """Where a row differs from the last event of its chain."""
    body = json.loads(last.body)
    row = {
        "owner_id": grant.owner_id,
        "client_id": grant.client_id,
        "state_after": grant.state.value,
        "scopes_after": list(grant.scopes),
        "resources_after": list(grant.resources),
        "replaces": grant.replaces,
    }
    details = facts_of(grant.authorization_details)
    if body.get("authorization_details_after", []) != details:
        yield "its authorization_details are not what the last event says"
    for name, value in row.items():
        if body[name] != value:
            yield f"its {name.removesuffix('_after')} is {value!r}, the last event says {body[name]!r}"
    validity = body["validity"]
    for name, text, at in (
        ("created_at", validity["from"], grant.created_at),
        ("expires_at", validity["until"], grant.expires_at),
    ):
        if from_iso(text) != at:
            yield f"its {name} is {at}, the last event says {text}"
