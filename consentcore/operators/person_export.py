"""Everything that is kept of a person, as JSON values: what GDPR articles 15 and 20 ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentcore.consent.export import export_settled
from consentcore.domain.clock import iso

if TYPE_CHECKING:
    from consentcore.ports.storage import Storage


def export_person(storage: Storage, owner_id: str, now: int) -> dict[str, object]:
    """Gather the account, its sign-ins and accounts elsewhere, and all consents with their evidence.

    No secret: of sessions and passwords it says that they are there.

    :param now: milliseconds since the epoch.
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
    return document
