"""Everything that is kept about an owner's consents, as JSON values."""

from __future__ import annotations

import json

from consentcore.consent.ledger import effective_at
from consentcore.consent.personal import digests_in, disclosed_by, values_in
from consentcore.domain.authorization_detail import facts_of
from consentcore.domain.clock import iso
from consentcore.domain.errors import NotFound, StorageConflict
from consentcore.domain.event import ConsentEvent, NoticeSnapshot
from consentcore.domain.grant import Grant, standing
from consentcore.domain.grant_states import GrantState
from consentcore.domain.owner import Owner
from consentcore.ports.storage import Storage
from consentcore.ports.transactions import UnitOfWork

LOOKS = 5
PAGE = 200


def export_settled(storage: Storage, owner_id: str, now: int) -> dict[str, object]:
    """The same as :func:`export_owner`, of one moment.

    Where the storage has no view of one moment, it is read until twice the same has come out.

    :raises NotFound: when there is no such owner.
    :raises StorageConflict: when it changes all the time.
    """
    found = _export(storage, owner_id, now)
    if storage.capabilities.snapshot_reads:
        return found
    for _ in range(LOOKS):
        before, found = found, _export(storage, owner_id, now)
        if found == before:
            return found
    raise StorageConflict("the consents of this owner change all the time")


def _export(storage: Storage, owner_id: str, now: int) -> dict[str, object]:
    with storage.reading() as uow:
        return export_owner(uow, owner_id, now)


def export_owner(uow: UnitOfWork, owner_id: str, now: int) -> dict[str, object]:
    """Gather an owner's grants with their events, and every text that was shown.

    ``state`` and ``changed_at`` of a grant are those at ``now``, whether or not the event of its end is written yet.
    Grants come with the one changed last first, events by sequence. The ``body`` of an event is parsed; its
    hashes are of the canonical JSON (RFC 8785) of that value.

    :param now: milliseconds since the epoch.
    :raises NotFound: when there is no such owner.
    """
    owner = uow.owners.get(owner_id)
    if owner is None:
        raise NotFound("owner", owner_id)
    snapshots: dict[str, object] = {}
    grants = [_grant(uow, grant, now, snapshots) for grant in _grants(uow, owner_id)]
    return {
        "schema": "urn:consentcore:export:1",
        "owner": _owner(owner),
        "grants": grants,
        "snapshots": snapshots,
    }


def _grants(uow: UnitOfWork, owner_id: str) -> list[Grant]:
    found: list[Grant] = []
    while True:
        after = found[-1].grant_id if found else ""
        page = uow.grants.of_owner(owner_id, tuple(GrantState), after=after, limit=PAGE)
        found += page
        if len(page) < PAGE:
            return found


def _owner(owner: Owner) -> dict[str, object]:
    return {
        "owner_id": owner.owner_id,
        "email": owner.email,
        "name": owner.name,
        "created_at": iso(owner.created_at),
    }


def _grant(uow: UnitOfWork, grant: Grant, now: int, snapshots: dict[str, object]) -> dict[str, object]:
    found = standing(grant, now, uow.clients.get(grant.client_id))
    chain = uow.ledger.of_grant(grant.grant_id)
    values = disclosed_by(uow, chain)
    events = [_event(event, values[event.event_id]) for event in chain]
    for event in events:
        _collect(uow, event["body"], snapshots)
    return {
        "grant_id": grant.grant_id,
        "client_id": grant.client_id,
        "state": found.state.value,
        "scopes": list(grant.scopes),
        "resources": list(grant.resources),
        **({"authorization_details": facts_of(details)} if (details := grant.authorization_details) else {}),
        "created_at": iso(grant.created_at),
        "changed_at": iso(found.ended_at or grant.changed_at),
        "expires_at": iso(grant.expires_at),
        "replaces": grant.replaces,
        "events": events,
    }


def _event(event: ConsentEvent, values: dict[str, object]) -> dict[str, object]:
    return {
        "event_id": event.event_id,
        "sequence": event.sequence,
        "type": event.type.value,
        "occurred_at": iso(event.occurred_at),
        "effective_at": iso(effective_at(event)),
        "leaf_index": event.leaf_index,
        "prev_hash": event.prev_hash.hex(),
        "record_hash": event.record_hash.hex(),
        "key_id": event.key_id,
        "body": json.loads(event.body),
        "disclosed": values,
    }


def _collect(uow: UnitOfWork, body: object, snapshots: dict[str, object]) -> None:
    evidence = body.get("evidence") if isinstance(body, dict) else None
    shown = evidence.get("snapshot_hash") if isinstance(evidence, dict) else None
    if isinstance(shown, str) and shown and shown not in snapshots:
        snapshots[shown] = _snapshot(uow, uow.ledger.snapshot(shown))


def _snapshot(uow: UnitOfWork, found: NoticeSnapshot | None) -> object:
    if found is None:
        return None
    content = json.loads(found.content)
    digests = digests_in(content)
    values = values_in(uow.ledger.disclosures(digests), digests) if digests else {}
    return {"created_at": iso(found.created_at), "content": content, "disclosed": values}
