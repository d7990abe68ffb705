"""What an owner takes home of their decisions: as JSON-LD, and as a table."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from consentcore.consent.ledger import effective_at
from consentcore.consent.receipt_json_ld import CONTEXT, json_ld
from consentcore.consent.receipt_record import record_of
from consentcore.domain.clock import iso
from consentcore.domain.grant_states import GrantState
from consentcore.domain.resource import id_of
from consentcore.i18n.wording import confirmation_number
from consentcore.ports.keys import pairwise_subject

if TYPE_CHECKING:
    from consentcore.domain.event import ConsentEvent
    from consentcore.domain.grant import Grant
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.transactions import UnitOfWork

PAGE = 200
COLUMNS = (
    *("time", "application", "makers", "event", "by", "control", "data", "sites", "until"),
    *("confirmation_number", "permission", "event_id"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def consents_json_ld(uow: UnitOfWork, keys: KeyRing, owner_id: str) -> dict[str, Any]:
    """Every permission of an owner, and every request that was refused, as records of ISO/IEC TS 27560."""
    found = []
    for grant in _grants(uow, owner_id):
        events = uow.ledger.of_grant(grant.grant_id)
        if events:
            found.append(json_ld(record_of(events, pairwise_subject(keys, grant.client_id, owner_id))))
    return {"@context": CONTEXT, "@graph": found}


def history_csv(
    uow: UnitOfWork, owner_id: str, *, scope: Callable[[str], str], site: Callable[[str], str]
) -> str:
    """Everything that happened to an owner's permissions as a table (RFC 4180), the newest first.

    :param scope: what a pinned scope is called.
    :param site: what a resource is called, by its reference; its id where it has no name.
    """
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(COLUMNS)
    for event in _events(uow, owner_id):
        table.writerow([_cell(text) for text in _row(event, scope, site)])
    return written.getvalue()


def _row(event: ConsentEvent, scope: Callable[[str], str], site: Callable[[str], str]) -> Sequence[str]:
    body = json.loads(event.body)
    evidence = body.get("evidence") or {}
    scopes = body.get("scopes_after") or body.get("scopes_requested") or body.get("scopes_before") or ()
    return (
        iso(effective_at(event)),
        body.get("client_name", ""),
        body.get("client_publisher", ""),
        event.type.value,
        (body.get("actor") or {}).get("type", ""),
        evidence.get("indication_method", ""),
        "; ".join(scope(one) for one in scopes),
        "; ".join(site(one) or id_of(one) for one in body.get("resources_after", ())),
        (body.get("validity") or {}).get("until", ""),
        confirmation_number(event.event_id),
        event.grant_id,
        event.event_id,
    )


def _cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: names are of strangers."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _events(uow: UnitOfWork, owner_id: str) -> Iterator[ConsentEvent]:
    before = ""
    while page := uow.ledger.of_owner(owner_id, before=before, limit=PAGE):
        yield from page
        if len(page) < PAGE:
            return
        before = page[-1].event_id


def _grants(uow: UnitOfWork, owner_id: str) -> Iterator[Grant]:
    after = ""
    while page := uow.grants.of_owner(owner_id, tuple(GrantState), after=after, limit=PAGE):
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].grant_id
