"""What an owner takes home of their decisions: as JSON-LD, and as a table."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from consentcore.consent.ledger import effective_at
from consentcore.consent.receipt_json_ld import CONTEXT, json_ld
from consentcore.consent.receipt_record import record_of
from consentcore.domain.authorization_detail import texts_of
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
    uow: UnitOfWork,
    owner_id: str,
    *,
    scope: Callable[[str], str],
    detail: Callable[[str], str],
    sites: Callable[[Collection[str]], Mapping[str, str]],
) -> str:
    """Everything that happened to an owner's permissions as a table (RFC 4180), the newest first.

    :param scope: what a pinned scope is called.
    :param detail: what an authorization detail, as it is kept, says in words.
    :param sites: names of resources by their references; one that has none is named by its id.
    """
    written, names = io.StringIO(), dict[str, str]()
    table = csv.writer(written)
    table.writerow(COLUMNS)
    for page in _pages(uow, owner_id):
        bodies = [json.loads(event.body) for event in page]
        wanted = {one for body in bodies for one in body.get("resources_after", ())} - names.keys()
        if wanted:
            names |= dict.fromkeys(wanted, "") | dict(sites(wanted))
        for event, body in zip(page, bodies, strict=True):
            scopes, details = _data(body)
            data = "; ".join([*map(scope, scopes), *map(detail, details)])
            table.writerow([_cell(text) for text in _row(event, body, data, names)])
    return written.getvalue()


def _row(event: ConsentEvent, body: Mapping[str, Any], data: str, sites: Mapping[str, str]) -> Sequence[str]:
    evidence = body.get("evidence") or {}
    return (
        iso(effective_at(event)),
        body.get("client_name", ""),
        body.get("client_publisher", ""),
        event.type.value,
        (body.get("actor") or {}).get("type", ""),
        evidence.get("indication_method", ""),
        data,
        "; ".join(sites[one] or id_of(one) for one in body.get("resources_after", ())),
        (body.get("validity") or {}).get("until", ""),
        confirmation_number(event.event_id),
        event.grant_id,
        event.event_id,
    )


def _data(body: Mapping[str, Any]) -> tuple[Sequence[str], Sequence[str]]:
    """Scopes and details that an event is about: what is allowed; where that is nothing, what was asked, or ended."""
    for when in ("after", "requested", "before"):
        scopes, details = body.get(f"scopes_{when}"), body.get(f"authorization_details_{when}")
        if scopes or details:
            return scopes or (), texts_of(details or ())
    return (), ()


def _cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: names are of strangers."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _pages(uow: UnitOfWork, owner_id: str) -> Iterator[Sequence[ConsentEvent]]:
    before = ""
    while page := uow.ledger.of_owner(owner_id, before=before, limit=PAGE):
        yield page
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
