"""Owners are made, moved and given passwords by one set of rules, whoever asks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.domain.errors import InvalidInput, NotFound
from consentcore.domain.event_kinds import NoticeKind
from consentcore.domain.owner import OwnerTicket
from consentcore.domain.secret import digest
from consentcore.i18n import Languages
from consentcore.owners.links import Purpose
from consentcore.owners.service import NewOwner, OwnerService, owner_of_address
from consentcore.ports.login import Authenticated, Refused
from tests.unit.owners.conftest import HOUR

ADA = "ada@example.org"


def give_links(accounts, owner) -> None:
    until = accounts.clock.now() + HOUR
    for one in Purpose:
        ticket = OwnerTicket(digest(one.value), one.value, owner.owner_id, 0, until)
        accounts.do(lambda uow, ticket=ticket: uow.tickets.add(ticket))


def live_links(accounts) -> int:
    with accounts.storage.reading() as uow:
        found = [uow.tickets.get(digest(one.value), accounts.clock.now()) for one in Purpose]
    return len([one for one in found if one is not None])


def test_an_owner_is_found_however_the_address_is_typed(accounts):
    owner = accounts.add("Ada@Example.ORG ")
    assert owner.email == ADA
    with accounts.storage.reading() as uow:
        assert owner_of_address(uow, " ADA@example.org") == owner
        with pytest.raises(NotFound, match="no data owner 'eve@example.org'"):
            owner_of_address(uow, "eve@example.org")
        with pytest.raises(InvalidInput, match="email: expected an address like"):
            owner_of_address(uow, "nobody")


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        (NewOwner("nonsense"), "email"),
        (NewOwner(ADA, name="x" * 101), "name"),
        (NewOwner(ADA, locale=""), "locale"),
        (NewOwner(ADA, locale="x" * 36), "locale"),
        (NewOwner(ADA, timezone="Mars/Olympus"), "timezone"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_with_a_new_owner_is_named(accounts, typed, wrong):
    with pytest.raises(InvalidInput) as caught:
        accounts.owners.prepare(typed)
    assert caught.value.field == wrong


def test_an_address_is_one_owners(accounts):
    accounts.add(ADA)
    with pytest.raises(
        InvalidInput, match="email: expected an address that is not taken; ada@example.org is"
    ):
        accounts.add("ADA@example.org")


def test_a_poor_password_makes_no_owner(accounts):
    with pytest.raises(InvalidInput, match="password: expected at least"):
        accounts.add(ADA, "short")
    with accounts.storage.reading() as uow:
        assert uow.owners.by_email(ADA) is None


def test_without_passwords_an_owner_has_none(accounts):
    owners = OwnerService(accounts.clock, None)
    owner = owners.prepare(NewOwner(ADA))
    with pytest.raises(InvalidInput, match="password: expected none"):
        accounts.do(lambda uow: owners.add(uow, owner, "correct horse"))
    accounts.do(lambda uow: owners.add(uow, owner))
    assert accounts.get(owner.owner_id) == owner


@pytest.mark.parametrize(("tell_old", "previous"), [(True, ADA), (False, "")])
def test_a_move_ends_every_link_and_is_told(accounts, tell_old, previous):
    owner = accounts.add(ADA)
    give_links(accounts, owner)
    accounts.clock.advance(5000)
    moved = accounts.do(lambda uow: accounts.owners.move(uow, owner, "Ada@New.example", tell_old=tell_old))
    assert accounts.get(owner.owner_id) == moved
    assert (moved.email, moved.previous_email) == ("ada@new.example", previous)
    assert moved.email_changed_at == accounts.clock.now()
    assert live_links(accounts) == 0
    assert [(one.kind, one.owner_id) for one in accounts.told] == [(NoticeKind.EMAIL_CHANGED, owner.owner_id)]


def test_a_move_to_the_address_of_another_changes_nothing(accounts):
    owner = accounts.add(ADA)
    accounts.add("eve@example.org")
    give_links(accounts, owner)
    with pytest.raises(InvalidInput, match="email: expected an address that is not taken"):
        accounts.do(lambda uow: accounts.owners.move(uow, owner, "eve@example.org"))
    assert accounts.get(owner.owner_id) == owner
    assert (live_links(accounts), accounts.told) == (len(Purpose), [])


def test_a_new_password_ends_sessions_and_links_and_is_told(accounts):
    owner = accounts.add(ADA)
    give_links(accounts, owner)
    ended = accounts.do(
        lambda uow: accounts.owners.change_password(uow, owner.owner_id, "a staple for the battery")
    )
    assert (ended, live_links(accounts)) == (0, 0)
    assert [one.kind for one in accounts.told] == [NoticeKind.PASSWORD_CHANGED]
    assert accounts.owners.reauthenticate(owner, "correct horse", "") == Refused()


def test_a_password_proves_only_its_own_account(accounts):
    ada = accounts.add(ADA)
    accounts.add("eve@example.org", "the password of eve")
    assert isinstance(accounts.owners.reauthenticate(ada, "correct horse", ""), Authenticated)
    assert accounts.owners.reauthenticate(ada, "the password of eve", "") == Refused()
    # Whoever has the address by now is another person than the one who is signed in.
    stale = OwnerService(accounts.clock, accounts.login)
    accounts.do(lambda uow: accounts.owners.move(uow, ada, "ada@new.example"))
    accounts.add(ADA, "the next ada's password")
    assert stale.reauthenticate(ada, "the next ada's password", "") == Refused()


@pytest.mark.parametrize(("choice", "locale"), [("de", "de"), ("en", "en-001"), ("*", "en")])
def test_a_language_is_chosen_and_nothing_else_changes(accounts, choice, locale):
    owner, other = accounts.add(ADA), accounts.add("grace@example.org")
    for first in ("fr", choice):
        accounts.do(
            lambda uow, tag=first: accounts.owners.choose_language(uow, owner.owner_id, tag, Languages())
        )
    assert accounts.get(owner.owner_id) == replace(owner, locale=locale)
    assert accounts.get(other.owner_id) == other
    assert accounts.told == []


@pytest.mark.parametrize("choice", ["", "tlh", "en-001", "de-AT", "DE"])
def test_only_a_language_that_is_offered_is_chosen(accounts, choice):
    owner = accounts.add(ADA)
    with pytest.raises(InvalidInput, match="language: expected one of de, en, "):
        accounts.do(lambda uow: accounts.owners.choose_language(uow, owner.owner_id, choice, Languages()))
    assert accounts.get(owner.owner_id) == owner


def test_nobody_chooses_no_language(accounts):
    with pytest.raises(NotFound):
        accounts.do(lambda uow: accounts.owners.choose_language(uow, "nobody", "de", Languages()))
