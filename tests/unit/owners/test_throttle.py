"""How often mails may be asked for: each asker far less than the mailbox gets."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.owners.throttle import MailPurpose, MailThrottle
from consentcore.settings import AccountSettings
from tests.unit.owners.conftest import HOUR

LIMITS = replace(AccountSettings(), mails_per_account=2, mails_per_mailbox=4, mails_per_address=10)


@pytest.fixture
def throttle(accounts) -> MailThrottle:
    return MailThrottle.of(accounts.storage, MailPurpose.EMAIL_CHANGE, LIMITS)


def test_an_account_waits_whatever_mailbox_it_names(accounts, throttle):
    now = accounts.clock.now()
    waits = [throttle.account_waits(f"{one}@example.org", "ada", "192.0.2.1", now) for one in range(3)]
    assert waits[:2] == [0, 0]
    assert 0 < waits[2] <= HOUR // 1000
    assert throttle.account_waits("x@example.org", "ada", "192.0.2.1", now + HOUR) == 0


def test_a_mailbox_gets_so_many_whoever_asks(accounts, throttle):
    now = accounts.clock.now()
    waits = [throttle.account_waits("x@example.org", f"owner{one}", "192.0.2.1", now) for one in range(5)]
    assert [one > 0 for one in waits] == [False, False, False, False, True]


def test_one_address_asks_so_often_for_all_accounts(accounts, throttle):
    now = accounts.clock.now()
    waits = [
        throttle.account_waits(f"{one}@example.org", f"owner{one}", "192.0.2.1", now) for one in range(11)
    ]
    assert [one > 0 for one in waits] == [False] * 10 + [True]


def test_a_mailbox_gets_no_less_than_one_account(accounts):
    throttle = MailThrottle.of(accounts.storage, MailPurpose.RESET, replace(LIMITS, mails_per_mailbox=1))
    assert throttle.per_mailbox == 2


def test_kinds_of_mail_count_apart(accounts, throttle):
    now = accounts.clock.now()
    for _ in range(3):
        throttle.account_waits("x@example.org", "ada", "192.0.2.1", now)
    other = MailThrottle.of(accounts.storage, MailPurpose.RESET, LIMITS)
    assert not other.is_full("x@example.org", "192.0.2.0", now)
