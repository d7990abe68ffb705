"""Notices: written inside a transaction."""

from __future__ import annotations

import pytest

from consentcore.api import Notice, NoticeKind, Storage, UnitOfWork
from consentcore.testing import factories
from consentcore.testing.scenario import Scenario
from consentcore.testing.storage.deliveries import Box


def find_notice(uow: UnitOfWork, notice_id: str) -> Notice | None:
    """Read one notice by its id."""
    return uow.notices.several([notice_id]).get(notice_id)


class NoticeGroup:
    """:class:`consentcore.api.NoticeRepository`."""

    @pytest.fixture
    def box(self, world: Scenario) -> Box:
        return Box(world)

    def test_notice_comes_back_equal(self, world: Scenario, box: Box) -> None:
        notice = box.add_notice(kind=NoticeKind.SECURITY, audiences=(), data='{"reason":"„gestohlen“"}')
        with world.storage.reading() as uow:
            assert find_notice(uow, notice.notice_id) == notice

    def test_several_notices_are_read_at_once(self, storage: Storage, box: Box) -> None:
        notices = [box.add_notice() for _ in range(3)]
        wanted = [notices[2].notice_id, "unknown", notices[0].notice_id]
        with storage.reading() as uow:
            found = uow.notices.several(wanted)
            assert dict(found) == {one.notice_id: one for one in (notices[0], notices[2])}
            assert dict(uow.notices.several([])) == {}

    def test_notice_that_was_rolled_back_is_never_told(self, world: Scenario, box: Box) -> None:
        def add_and_fail(uow: UnitOfWork) -> None:
            uow.notices.add(factories.notice(world.grant))
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError), world.storage.transaction() as uow:
            add_and_fail(uow)
        assert list(box.outbox.unexpanded(10)) == []
