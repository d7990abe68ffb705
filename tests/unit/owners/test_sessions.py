"""Sign-ins: how long they last, what pages call them, and whose may be ended."""

from __future__ import annotations

import pytest

from consentcore.domain.errors import NotFound
from consentcore.owners.sessions import BrowserTraits
from consentcore.ports.login import Authenticated
from tests.unit.owners.conftest import HOUR

WHO = Authenticated("ada", "urn:test", ("pwd",))


def start(accounts, number: int, who: Authenticated = WHO) -> None:
    accounts.do(
        lambda uow: accounts.sessions.start(uow, who, BrowserTraits(bytes([number] * 32), "192.0.2.0/24"))
    )


def names(accounts, owner_id: str = "ada") -> list[str]:
    with accounts.storage.reading() as uow:
        return list(accounts.sessions.by_name(uow, owner_id))


def test_a_sign_in_lasts_its_time(accounts):
    start(accounts, 1)
    accounts.clock.advance(12 * HOUR - 1)
    assert len(names(accounts)) == 1
    accounts.clock.advance(1)
    assert names(accounts) == []


def test_its_use_is_noted_once_an_hour(accounts):
    start(accounts, 1)

    def session():
        with accounts.storage.reading() as uow:
            return uow.owners.session(bytes([1] * 32), accounts.clock.now())

    accounts.clock.advance(HOUR - 1)
    assert not accounts.sessions.wants_touch(session())
    accounts.clock.advance(1)
    assert accounts.sessions.wants_touch(session())
    accounts.do(lambda uow: accounts.sessions.touch(uow, session()))
    assert not accounts.sessions.wants_touch(session())
    assert session().expires_at == session().created_at + 12 * HOUR


def test_a_name_opens_nothing_and_ends_only_ones_own(accounts):
    start(accounts, 1)
    start(accounts, 2, Authenticated("eve", "", ()))
    (name,), (eves,) = names(accounts), names(accounts, "eve")
    assert bytes([1] * 32).hex() not in name
    with pytest.raises(NotFound):
        accounts.do(lambda uow: accounts.sessions.end_named(uow, "ada", eves))
    assert names(accounts, "eve") == [eves]
    accounts.do(lambda uow: accounts.sessions.end_named(uow, "ada", name))
    assert names(accounts) == []


def test_all_others_end_and_this_one_stays(accounts):
    for number in (1, 2, 3):
        start(accounts, number)
    assert accounts.do(lambda uow: accounts.sessions.end_others(uow, "ada", bytes([2] * 32))) == 2
    with accounts.storage.reading() as uow:
        assert [one.session_hash for one in accounts.sessions.by_name(uow, "ada").values()] == [
            bytes([2] * 32)
        ]
