"""Owners and their browser sessions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.api import HOUR, Storage, StorageConflict
from consentcore.testing import factories
from consentcore.testing.factories import NOW


class OwnerGroup:
    """:class:`consentcore.api.OwnerRepository`: owners, their addresses, and their sessions."""

    def test_owner_is_found_by_id_and_address(self, storage: Storage) -> None:
        owner = factories.owner(name="Ada", locale="fr", timezone="Europe/Paris")
        with storage.transaction() as uow:
            uow.owners.add(owner)
        with storage.reading() as uow:
            assert uow.owners.get(owner.owner_id) == owner
            assert uow.owners.by_email(owner.email) == owner

    def test_address_belongs_to_one_owner(self, storage: Storage) -> None:
        with storage.transaction() as uow:
            uow.owners.add(factories.owner(email="ada@example.org"))
        second = factories.owner(email="ada@example.org")
        with pytest.raises(StorageConflict), storage.transaction() as uow:
            uow.owners.add(second)
        with storage.reading() as uow:
            assert uow.owners.get(second.owner_id) is None

    def test_several_owners_are_found_at_once(self, storage: Storage) -> None:
        first, second = factories.owner(name="Ada"), factories.owner(email="two@example.org")
        with storage.transaction() as uow:
            uow.owners.add(first)
            uow.owners.add(second)
        with storage.reading() as uow:
            found = uow.owners.several([second.owner_id, "nobody", first.owner_id, second.owner_id])
            assert dict(found) == {first.owner_id: first, second.owner_id: second}
            assert dict(uow.owners.several([])) == {}

    def test_owners_can_be_gone_through(self, storage: Storage) -> None:
        owners = [factories.owner(email=f"owner{number}@example.org") for number in range(5)]
        with storage.transaction() as uow:
            for owner in owners:
                uow.owners.add(owner)
        owners.sort(key=lambda owner: owner.owner_id)
        with storage.reading() as uow:
            assert list(uow.owners.list()) == owners
            assert list(uow.owners.list(limit=2)) == owners[:2]
            assert list(uow.owners.list(after=owners[1].owner_id, limit=2)) == owners[2:4]
            assert list(uow.owners.list(after=owners[4].owner_id)) == []

    def test_owner_moves_to_another_address(self, storage: Storage) -> None:
        owner = factories.owner()
        moved = replace(owner, email="new@example.org", name="Ada L.")
        with storage.transaction() as uow:
            uow.owners.add(owner)
        with storage.transaction() as uow:
            uow.owners.update(moved)
        with storage.reading() as uow:
            assert uow.owners.by_email("new@example.org") == moved
            assert uow.owners.by_email(owner.email) is None

    def test_password_hash_is_kept_and_replaced(self, storage: Storage) -> None:
        owner = factories.owner()
        with storage.transaction() as uow:
            uow.owners.add(owner)
        with storage.reading() as uow:
            assert uow.owners.password_hash(owner.owner_id) is None
        for encoded in ("$argon2id$one", "$argon2id$two"):
            with storage.transaction() as uow:
                uow.owners.set_password_hash(owner.owner_id, encoded)
            with storage.reading() as uow:
                assert uow.owners.password_hash(owner.owner_id) == encoded
                found = uow.owners.passwords([owner.owner_id, "nobody"])
                assert dict(found) == {owner.owner_id: encoded}

    def test_session_lives_until_its_time_is_over(self, storage: Storage) -> None:
        owner = factories.owner()
        session = factories.session(owner.owner_id, expires_at=NOW + HOUR, amr=("pwd", "otp"))
        with storage.transaction() as uow:
            uow.owners.add(owner)
            uow.owners.add_session(session)
        with storage.reading() as uow:
            assert uow.owners.session(session.session_hash, NOW + HOUR - 1) == session
            assert uow.owners.session(session.session_hash, NOW + HOUR) is None

    def test_a_session_comes_with_its_owner(self, storage: Storage) -> None:
        owner = factories.owner()
        session = factories.session(owner.owner_id, expires_at=NOW + HOUR)
        stray = factories.session("nobody", expires_at=NOW + HOUR)
        with storage.transaction() as uow:
            uow.owners.add(owner)
            uow.owners.set_password_hash(owner.owner_id, "argon2:x")
            uow.owners.add_session(session)
            uow.owners.add_session(stray)
        with storage.reading() as uow:
            before_end = session.expires_at - 1
            assert uow.owners.signed_in(session.session_hash, before_end) == (session, owner)
            assert uow.owners.signed_in(session.session_hash, session.expires_at) is None
            assert uow.owners.signed_in(stray.session_hash, NOW) is None
            assert uow.owners.signed_in(b"unknown", NOW) is None

    def test_sessions_are_ended_one_or_all(self, storage: Storage) -> None:
        owner, other = factories.owner(), factories.owner()
        sessions = [factories.session(owner.owner_id) for _ in range(3)]
        foreign = factories.session(other.owner_id)
        with storage.transaction() as uow:
            for person in (owner, other):
                uow.owners.add(person)
            for session in (*sessions, foreign):
                uow.owners.add_session(session)
        with storage.transaction() as uow:
            assert uow.owners.end_session(sessions[0].session_hash) is True
            assert uow.owners.end_session(sessions[0].session_hash) is False
            assert uow.owners.end_sessions(owner.owner_id) == 2
        with storage.reading() as uow:
            assert [uow.owners.session(one.session_hash, NOW) for one in sessions] == [None] * 3
            assert uow.owners.session(foreign.session_hash, NOW) == foreign


class AccountGroup:
    """Sessions in a list, and the address before the present one."""

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
