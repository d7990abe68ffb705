"""What a mailed link does, once; and what it does not."""

from __future__ import annotations

import pytest

from consentcore.domain.errors import InvalidInput, LinkGone
from consentcore.domain.event_kinds import NoticeKind
from consentcore.domain.notice_facts import facts_of
from consentcore.owners.account_links import Confirmed
from consentcore.owners.links import Link
from consentcore.ports.login import Authenticated

ADA, NEW = "ada@example.org", "ada@new.example"
PASSWORD = "a staple for the battery"


def secrets(accounts, kind: NoticeKind) -> list[str]:
    """What the links of the newest notices of a kind carry, oldest first."""
    notices = [one for one in accounts.told if one.kind is kind]
    return [Link.of(facts_of(one).link).secret(accounts.keys) for one in notices]


def reset_link(accounts) -> str:
    accounts.do(lambda uow: accounts.links.ask_reset(uow, ADA))
    return secrets(accounts, NoticeKind.PASSWORD_RESET)[-1]


def change_links(accounts, owner, email: str = NEW) -> list[str]:
    accounts.do(lambda uow: accounts.links.ask_email_change(uow, owner, email))
    return secrets(accounts, NoticeKind.EMAIL_CHANGE)[-2:]


def confirm(accounts, secret: str) -> Confirmed:
    return accounts.do(lambda uow: accounts.links.confirm_email(uow, secret))


def test_a_reset_link_sets_one_password(accounts):
    owner = accounts.add(ADA)
    secret = reset_link(accounts)
    accounts.do(lambda uow: accounts.links.reset(uow, secret, PASSWORD))
    assert isinstance(accounts.owners.reauthenticate(owner, PASSWORD, ""), Authenticated)
    with pytest.raises(LinkGone):
        accounts.do(lambda uow: accounts.links.reset(uow, secret, "another horse"))


def test_a_poor_password_uses_no_link_up(accounts):
    accounts.add(ADA)
    secret = reset_link(accounts)
    with accounts.storage.transaction() as uow, pytest.raises(InvalidInput):
        accounts.links.reset(uow, secret, "short")
    accounts.do(lambda uow: accounts.links.reset(uow, secret, PASSWORD))


def test_with_both_links_the_address_changes_and_every_other_link_ends(accounts):
    owner = accounts.add(ADA)
    reset, (old, new) = reset_link(accounts), change_links(accounts, owner)
    assert confirm(accounts, new) is Confirmed.WAITING
    assert confirm(accounts, old) is Confirmed.CHANGED
    moved = accounts.get(owner.owner_id)
    assert (moved.email, moved.previous_email) == (NEW, ADA)
    with pytest.raises(LinkGone):
        accounts.do(lambda uow: accounts.links.reset(uow, reset, PASSWORD))


def test_an_address_that_became_anothers_meanwhile_is_not_taken(accounts):
    owner = accounts.add(ADA)
    old, new = change_links(accounts, owner)
    confirm(accounts, old)
    accounts.add(NEW)
    assert confirm(accounts, new) is Confirmed.TAKEN
    assert accounts.get(owner.owner_id) == owner
    with pytest.raises(LinkGone):
        confirm(accounts, old)


def test_a_change_that_was_asked_for_before_is_forgotten(accounts):
    owner = accounts.add(ADA)
    first = change_links(accounts, owner)
    change_links(accounts, owner, "ada@third.example")
    for secret in first:
        with pytest.raises(LinkGone):
            confirm(accounts, secret)


def test_a_link_is_good_for_its_purpose_alone(accounts):
    owner = accounts.add(ADA)
    secret = reset_link(accounts)
    with pytest.raises(LinkGone):
        confirm(accounts, secret)
    (old, _) = change_links(accounts, owner)
    with pytest.raises(LinkGone):
        accounts.do(lambda uow: accounts.links.reset(uow, old, PASSWORD))
