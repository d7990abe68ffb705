"""Tickets of owners inside a transaction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from consentcore.api import OwnerTicket
from consentcore_dynamodb.keys import Item, Key, lifetime, name, owner_key, purge_at
from consentcore_dynamodb.owners import marked
from consentcore_dynamodb.records import TICKETS
from consentcore_dynamodb.work import Work

_TICKET = "TICKET#"


class DynamoTickets:
    """:class:`consentcore.api.TicketRepository` in DynamoDB."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def add(self, ticket: OwnerTicket) -> None:
        self._work.add(ticket_item(ticket), "there is a ticket under that hash already")
        self._work.put({**ticket_mark(ticket).attributes, **lifetime(ticket.expires_at)})

    def get(self, ticket_hash: bytes, now: int) -> OwnerTicket | None:
        found = TICKETS.read_from(self._work.get(_key(ticket_hash)))
        return found if found is not None and now < found.expires_at else None

    def use(self, ticket_hash: bytes, purpose: str, now: int, *, seal: bytes = b"") -> OwnerTicket | None:
        before = self._work.get(_key(ticket_hash), lock=True)
        found = TICKETS.read_from(before)
        if before is None or found is None:
            return None
        if found.purpose != purpose or found.used_at is not None or now >= found.expires_at:
            return None
        used = replace(found, used_at=now, seal=seal)
        self._work.replace(before, ticket_item(used))
        return used

    def drop(self, owner_id: str, purposes: Iterable[str]) -> int:
        doomed = frozenset(purposes)
        marks = marked(self._work, owner_id, _TICKET)
        items = self._work.get_many(Key(_TICKET + one) for one in marks).values()
        dropped = [item for item in items if TICKETS.read(item).purpose in doomed]
        self._work.drop_all((item, ticket_mark(TICKETS.read(item))) for item in dropped)
        return len(dropped)


def _key(ticket_hash: bytes) -> Key:
    return Key(name("TICKET", ticket_hash))


def ticket_mark(ticket: OwnerTicket) -> Key:
    """What names a ticket in its owner's partition."""
    return owner_key(ticket.owner_id, _TICKET + ticket.ticket_hash.hex())


def ticket_item(ticket: OwnerTicket) -> Item:
    """The item of a ticket."""
    key = _key(ticket.ticket_hash)
    return {
        **TICKETS.write(ticket),
        **key.attributes,
        **purge_at("TICKET", key.p, ticket.expires_at),
        **lifetime(ticket.expires_at),
    }
