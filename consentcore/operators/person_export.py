"""Everything that is kept of a person, as JSON values: what GDPR articles 15 and 20 ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from consentcore.consent.export import export_settled
from consentcore.domain.clock import from_iso, iso
from consentcore.domain.notice import DELIVERY_LOG_MS
from consentcore.domain.parties import Audience

if TYPE_CHECKING:
    from collections.abc import Iterable

    from consentcore.operators.looks import Look
    from consentcore.ports.storage import Storage

_OWNERS = frozenset({Audience.OWNER.value, Audience.OWNER_BEFORE.value})


def export_person(storage: Storage, owner_id: str, now: int, looks: Iterable[Look] = ()) -> dict[str, object]:
    """Gather the account, its sign-ins and accounts elsewhere, all consents with their evidence, and the
    mails about them.

    No secret: of sessions and passwords it says that they are there.

    :param now: milliseconds since the epoch.
    :param looks: what operators have looked at of it.
    :raises NotFound: when there is no such owner.
    :raises StorageConflict: when the consents change all the time.
    """
    document = export_settled(storage, owner_id, now)
    with storage.reading() as uow:
        owner = uow.owners.get(owner_id)
        sessions = uow.owners.sessions(owner_id, now)
        identities = uow.identities.of_owner(owner_id)
        has_password = bool(uow.owners.password_hash(owner_id))
    account = document["owner"]
    assert isinstance(account, dict)
    if owner is not None:
        changed = owner.email_changed_at
        account |= {
            "locale": owner.locale,
            "timezone": owner.timezone,
            "previous_email": owner.previous_email,
            "email_changed_at": None if changed is None else iso(changed),
            "has_password": has_password,
        }
    document["sessions"] = [
        {
            "created_at": iso(one.created_at),
            "expires_at": iso(one.expires_at),
            "auth_time": iso(one.auth_time),
            "acr": one.acr,
            "amr": list(one.amr),
            "network": one.address,
            "browser": one.browser,
        }
        for one in sessions
    ]
    document["identities"] = [
        {"issuer": one.issuer, "subject": one.subject, "created_at": iso(one.created_at)}
        for one in identities
    ]
    document["looked_at"] = [one.facts(names=False) for one in looks]
    document["mails"] = _mails(storage, document["grants"], now)
    return document


def _mails(storage: Storage, grants: Any, now: int) -> list[dict[str, object]]:
    """Which mails told the person of a decision or an end, as long as the delivery log knows it."""
    recent = (
        event["event_id"]
        for grant in grants
        for event in grant["events"]
        if from_iso(event["body"].get("recorded_at") or event["occurred_at"]) > now - DELIVERY_LOG_MS
    )
    return [
        {
            "event_id": event_id,
            "notifier": one.notifier,
            "to": one.target,
            "state": one.state.value,
            "attempts": one.attempts,
            "at": iso(one.finished_at or one.created_at),
        }
        for event_id in recent
        for one in storage.delivery_log.deliveries(notice_id=event_id)
        if one.target in _OWNERS
    ]
