"""What an account needs: sessions in a list, tickets that are good for once, identities at providers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.api import HOUR, OwnerTicket, Storage, StorageConflict, UnitOfWork, transact
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.threads import together


def add_ticket(storage: Storage, ticket: OwnerTicket) -> OwnerTicket:
    """Store a ticket and return it."""
    with storage.transaction() as uow:
        uow.tickets.add(ticket)
    return ticket


class AccountGroup:
    """Sessions, tickets, identities, and the address before the present one."""

    def test_previous_address_is_kept(self, storage: Storage) -> None:
        owner = factories.owner()
        moved = replace(owner, email="new@example.org", previous_email=owner.email, email_changed_at=NOW + 1)
        with storage.transaction() as uow:
            uow.owners.add(owner)
        with storage.transaction() as uow:
            assert uow.owners.lock(owner.owner_id) == owner
            assert uow.owners.lock("nobody") is None
            uow.owners.update(moved)
        with storage.reading() as uow:
            assert uow.owners.get(owner.owner_id) == moved
            assert uow.owners.by_email(owner.email) is None

    def test_nobody_moves_to_the_address_of_another(self, storage: Storage) -> None:
        first, second = factories.owner(), factories.owner()
        with storage.transaction() as uow:
            uow.owners.add(first)
            uow.owners.add(second)
        with pytest.raises(StorageConflict), storage.transaction() as uow:
            uow.owners.update(replace(second, email=first.email))
        with storage.reading() as uow:
            assert uow.owners.by_email(first.email) == first
            assert uow.owners.get(second.owner_id) == second

    def test_sessions_of_an_owner_are_listed_newest_first(self, storage: Storage) -> None:
        owner, other = factories.owner(), factories.owner()
        sessions = [factories.session(owner.owner_id, created_at=NOW + age) for age in (2, 3, 1)]
        over = factories.session(owner.owner_id, expires_at=NOW + 5)
        with storage.transaction() as uow:
            for person in (owner, other):
                uow.owners.add(person)
            for session in (*sessions, over, factories.session(other.owner_id)):
                uow.owners.add_session(session)
        with storage.reading() as uow:
            found = list(uow.owners.sessions(owner.owner_id, NOW + 5))
            assert found == [sessions[1], sessions[0], sessions[2]]
            assert list(uow.owners.sessions("nobody", NOW)) == []

    def test_all_sessions_but_one_are_ended(self, storage: Storage) -> None:
        owner = factories.owner()
        sessions = [factories.session(owner.owner_id) for _ in range(3)]
        with storage.transaction() as uow:
            uow.owners.add(owner)
            for session in sessions:
                uow.owners.add_session(session)
        with storage.transaction() as uow:
            assert uow.owners.end_sessions(owner.owner_id, keep=sessions[1].session_hash) == 2
        with storage.reading() as uow:
            assert list(uow.owners.sessions(owner.owner_id, NOW)) == [sessions[1]]

    def test_session_is_noted_as_used(self, storage: Storage) -> None:
        owner = factories.owner()
        session = factories.session(owner.owner_id)
        with storage.transaction() as uow:
            uow.owners.add(owner)
            uow.owners.add_session(session)
        with storage.transaction() as uow:
            uow.owners.touch_session(session.session_hash, NOW + HOUR)
            uow.owners.touch_session(b"?" * 32, NOW + HOUR)
        with storage.reading() as uow:
            assert uow.owners.session(session.session_hash, NOW) == replace(session, seen_at=NOW + HOUR)
            assert uow.owners.session(b"?" * 32, NOW) is None

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
            assert uow.tickets.use(key, ticket.purpose, NOW + 1) == replace(ticket, used_at=NOW + 1)
            assert uow.tickets.use(key, ticket.purpose, NOW + 2) is None
        with storage.reading() as uow:
            assert uow.tickets.get(key, NOW + 3) == replace(ticket, used_at=NOW + 1)

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

    def test_identity_is_found_by_issuer_and_subject_only(self, storage: Storage) -> None:
        first = factories.identity("owner-1", subject="A-7")
        second = factories.identity(
            "owner-1", subject="A-7", issuer="https://other.example", created_at=NOW + 1
        )
        with storage.transaction() as uow:
            uow.identities.add(second)
            uow.identities.add(first)
        with storage.reading() as uow:
            assert uow.identities.get(first.issuer, "A-7") == first
            assert uow.identities.get(second.issuer, "A-7") == second
            assert uow.identities.get(first.issuer, "a-7") is None
            assert uow.identities.get(first.issuer + "/", "A-7") is None
            assert list(uow.identities.of_owner("owner-1")) == [first, second]
            assert list(uow.identities.of_owner("owner-2")) == []

    def test_issuer_and_subject_are_one_owners_for_ever(self, storage: Storage) -> None:
        identity = factories.identity("owner-1")
        transact(storage, lambda uow: uow.identities.add(identity))
        with pytest.raises(StorageConflict), storage.transaction() as uow:
            uow.identities.add(replace(identity, owner_id="owner-2"))
        with storage.reading() as uow:
            assert uow.identities.get(identity.issuer, identity.subject) == identity
