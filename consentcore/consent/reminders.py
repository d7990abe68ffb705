"""Owners are reminded of what ends soon: once for each end and each number of days before it.

The id of a reminder is made of the grant, its end and the days, so that any number of workers, started as often as they
are, tell of it once; and a grant that was renewed has another end, of which its owner is told again. What each worker
has looked at, it remembers: it reads again only what comes near its end meanwhile.
"""

from __future__ import annotations

import logging
import uuid
from functools import partial
from typing import TYPE_CHECKING

from consentcore.domain.clock import DAY, MINUTE, iso
from consentcore.domain.event_kinds import SECURITY_EVENTS, NoticeKind, notice_profile
from consentcore.domain.grant import standing
from consentcore.domain.notice import Notice
from consentcore.domain.notice_facts import ConsentFacts
from consentcore.hooks.errors import describe_exception
from consentcore.ports.storage import transact

if TYPE_CHECKING:
    from consentcore.domain.clock import Clock
    from consentcore.domain.grant import Grant
    from consentcore.ports.storage import Storage
    from consentcore.ports.transactions import UnitOfWork
    from consentcore.settings import ConsentSettings

log = logging.getLogger("consentcore.worker")

BATCH = 200
LATE = 10 * MINUTE
"""What was committed at the end of a look may be seen only after it: so far back the next one begins."""
_NAMES = uuid.UUID("5a6c3c39-5a0b-4d55-9c0c-7b1e2a8d4f10")


def reminder_id(grant: Grant, days: int) -> str:
    """The id of the notice that reminds of a grant's end so many days before it."""
    return str(uuid.uuid5(_NAMES, f"{grant.grant_id}|{grant.expires_at}|{days}"))


class Reminders:
    """Writes the reminders that are due. For one thread; any number of processes may do it at once."""

    def __init__(self, storage: Storage, clock: Clock, settings: ConsentSettings) -> None:
        self._storage = storage
        self._clock = clock
        self._days = sorted(set(settings.reminder_days))
        self._seen: dict[int, tuple[int, str]] = {}

    def run(self) -> bool:
        """Write a batch for each number of days; whether there may be more to do at once."""
        more = [self._remind(days, past) for past, days in zip((0, *self._days), self._days, strict=False)]
        return any(more)

    def _remind(self, days: int, past: int) -> bool:
        """Tell of what ends in ``days``, but of nothing that ends in ``past`` days, of which is told by itself."""
        now = self._clock.now()
        until = now + days * DAY
        behind = max(self._seen.get(days, (0, "")), (now + past * DAY + 1, ""))
        with self._storage.reading() as uow:
            found = uow.grants.ending(behind, until, BATCH)
            ids = {reminder_id(grant, days): grant for grant in found if _is_for(grant, days)}
            known = uow.notices.several(list(ids)) if ids else {}
        for name in ids.keys() - known.keys():
            self._tell(ids[name], days)
        full = len(found) == BATCH
        self._seen[days] = (found[-1].expires_at, found[-1].grant_id) if full else (until - LATE, "")
        return full

    def _tell(self, grant: Grant, days: int) -> None:
        try:
            transact(self._storage, partial(self._write, grant, days))
        except Exception as error:  # noqa: BLE001 - one that cannot be written must not keep the others
            log.error(
                "a reminder of grant %s could not be written: %s", grant.grant_id, describe_exception(error)
            )

    def _write(self, seen: Grant, days: int, uow: UnitOfWork) -> None:
        grant, name = uow.grants.get(seen.grant_id, lock=True), reminder_id(seen, days)
        if grant is None or grant.expires_at != seen.expires_at or uow.notices.several([name]):
            return
        client, now = uow.clients.get(grant.client_id), self._clock.now()
        if client is None or not standing(grant, now, client).active:
            return
        decisions = [one for one in uow.ledger.of_grant(grant.grant_id) if one.type not in SECURITY_EVENTS]
        facts = ConsentFacts(
            state=grant.state.value,
            scopes=grant.scope_ids,
            resource_ids=grant.resources,
            authorization_details=grant.authorization_details,
            granted_at=iso(grant.created_at),
            expires_at=iso(grant.expires_at),
            client_name=client.name,
            about=decisions[-1].event_id if decisions else "",
        )
        kind = NoticeKind.ACCESS_ENDING
        uow.notices.add(
            Notice(
                notice_id=name,
                kind=kind,
                grant_id=grant.grant_id,
                client_id=grant.client_id,
                owner_id=grant.owner_id,
                audiences=notice_profile(kind).audiences,
                occurred_at=now,
                data=facts.to_json(),
            )
        )


def _is_for(grant: Grant, days: int) -> bool:
    """Whether the owner has decided on it longer ago: nobody is reminded of an end that they have just chosen."""
    return grant.changed_at <= grant.expires_at - days * DAY
