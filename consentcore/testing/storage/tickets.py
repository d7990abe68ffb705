"""Tickets that are good for once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.api import OwnerTicket, Storage, StorageConflict, UnitOfWork, transact
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.threads import together


def add_ticket(storage: Storage, ticket: OwnerTicket) -> OwnerTicket:
    """Store a ticket and return it."""
    with storage.transaction() as uow:
        uow.tickets.add(ticket)
    return ticket


class TicketGroup:
    """:class:`consentcore.api.TicketRepository`."""

    @pytest.mark.parametrize("payload", ["", '{"email":"„neu“@example.org"}', "x" * 2000])
    def test_ticket_comes_back_equal_until_its_time_is_over(self, storage: Storage, payload: str) -> None:
        ticket = add_ticket(storage, factories.ticket("owner-1", payload=payload))
        with storage.reading() as uow:
            assert uow.tickets.get(ticket.ticket_hash, ticket.expires_at - 1) == ticket
            assert uow.tickets.get(ticket.ticket_hash, ticket.expires_at) is None
            assert uow.tickets.get(b"?" * 32, NOW) is None

    def test_ticket_is_used_once_for_its_purpose_and_in_time(self, storage: Storage) -> None:
        ticket = add_ticket(storage, factories.ticket("owner-1"))
        key = ticket.ticket_hash
        with storage.transaction() as uow:
            assert uow.tickets.use(key, "email_new", NOW) is None
            assert uow.tickets.use(b"?" * 32, ticket.purpose, NOW) is None
            assert uow.tickets.use(key, ticket.purpose, ticket.expires_at) is None
            used = uow.tickets.use(key, ticket.purpose, NOW + 1, seal=b"k2:\x00\xff")
            assert used == replace(ticket, used_at=NOW + 1)
            assert used.seal == b"k2:\x00\xff"
            assert uow.tickets.use(key, ticket.purpose, NOW + 2) is None
        with storage.reading() as uow:
            again = uow.tickets.get(key, NOW + 3)
        assert again == replace(ticket, used_at=NOW + 1)
        assert again.seal == b"k2:\x00\xff"

    def test_use_that_is_rolled_back_was_none(self, storage: Storage) -> None:
        ticket = add_ticket(storage, factories.ticket("owner-1"))

        def use_and_fail(uow: UnitOfWork) -> None:
            assert uow.tickets.use(ticket.ticket_hash, ticket.purpose, NOW)
            raise LookupError

        with pytest.raises(LookupError):
            transact(storage, use_and_fail)
        with storage.transaction() as uow:
            assert uow.tickets.use(ticket.ticket_hash, ticket.purpose, NOW)

    def test_one_of_many_at_once_uses_a_ticket(self, storage: Storage) -> None:
        ticket = add_ticket(storage, factories.ticket("owner-1"))

        def use(uow: UnitOfWork) -> bool:
            return uow.tickets.use(ticket.ticket_hash, ticket.purpose, NOW) is not None

        outcomes = together(6, lambda _: transact(storage, use, attempts=50))
        assert sorted(outcomes) == [False] * 5 + [True]

    def test_two_tickets_used_at_once_under_a_lock_know_of_each_other(self, storage: Storage) -> None:
        owner = factories.owner()
        pair = [add_ticket(storage, factories.ticket(owner.owner_id)) for _ in range(2)]
        transact(storage, lambda uow: uow.owners.add(owner))

        def use(mine: OwnerTicket, other: OwnerTicket, uow: UnitOfWork) -> bool:
            assert uow.owners.lock(owner.owner_id) == owner
            assert uow.tickets.use(mine.ticket_hash, mine.purpose, NOW)
            found = uow.tickets.get(other.ticket_hash, NOW)
            return found is not None and found.used_at is not None

        outcomes = together(
            2, lambda n: transact(storage, lambda uow: use(pair[n], pair[1 - n], uow), attempts=50)
        )
        assert sorted(outcomes) == [False, True], "exactly the second one sees both used"

    def test_ticket_is_stored_once_under_its_hash(self, storage: Storage) -> None:
        ticket = add_ticket(storage, factories.ticket("owner-1"))
        with pytest.raises(StorageConflict), storage.transaction() as uow:
            uow.tickets.add(replace(ticket, owner_id="owner-2"))
        with storage.reading() as uow:
            assert uow.tickets.get(ticket.ticket_hash, NOW) == ticket

    def test_tickets_of_an_owner_are_dropped_by_purpose(self, storage: Storage) -> None:
        purposes = ("email_old", "email_new", "password_reset")
        mine = {
            purpose: add_ticket(storage, factories.ticket("owner-1", purpose=purpose)) for purpose in purposes
        }
        foreign = add_ticket(storage, factories.ticket("owner-2", purpose="email_old"))
        with storage.transaction() as uow:
            uow.tickets.use(mine["email_old"].ticket_hash, "email_old", NOW)
            assert uow.tickets.drop("owner-1", ("email_old", "email_new")) == 2
            assert uow.tickets.drop("owner-1", ()) == 0
        with storage.reading() as uow:
            left = [ticket for ticket in mine.values() if uow.tickets.get(ticket.ticket_hash, NOW)]
            assert left == [mine["password_reset"]]
            assert uow.tickets.get(foreign.ticket_hash, NOW) == foreign

    def test_tickets_go_when_their_time_is_over(self, storage: Storage) -> None:
        over = add_ticket(storage, factories.ticket("owner-1", expires_at=NOW + 1))
        alive = add_ticket(storage, factories.ticket("owner-1", expires_at=NOW + 2))
        assert sum(storage.purge(NOW + 1, 1000).counts.values()) == 1
        with storage.reading() as uow:
            assert uow.tickets.get(alive.ticket_hash, NOW) == alive
            assert uow.tickets.get(over.ticket_hash, NOW - 1) is None
