"""The feed of a client: paged from the beginning, it is whole."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from consentcore.api import Audience, Grant, NotFound, Notice, Storage, transact
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import Scenario, populate
from consentcore.testing.threads import insist, together


def tell(storage: Storage, grant: Grant, sequence: int = 1, at: int = NOW, **fields: Any) -> Notice:
    """Commit an event of a grant and its notice, as a transition does."""
    event = factories.event(grant, sequence=sequence, occurred_at=at)
    notice = factories.notice(grant, notice_id=event.event_id, occurred_at=at, **fields)
    with storage.transaction() as uow:
        uow.ledger.append(event)
        uow.notices.add(notice)
    return notice


def enter(storage: Storage, client_id: str, limit: int = 1000) -> int:
    """Give places."""
    return transact(storage, lambda uow: uow.feed.enter(client_id, limit))


def page(storage: Storage, client_id: str, after: str = "", limit: int = 1000) -> list[str]:
    """Ids of a page."""
    with storage.reading() as uow:
        return [one.notice_id for one in uow.feed.page(client_id, after=after, limit=limit)]


class FeedGroup:
    """:class:`consentcore.api.FeedRepository`."""

    def test_feed_holds_what_tells_the_client_of_an_event(self, world: Scenario) -> None:
        storage, client_id = world.storage, world.client.client_id
        told = tell(storage, world.grant)
        tell(storage, world.grant, 2, audiences=(Audience.OPERATOR,))
        tell(storage, populate(storage).grant)
        with storage.transaction() as uow:
            uow.notices.add(factories.notice(world.grant))  # a test of an endpoint: there is no such event
        assert page(storage, client_id) == []
        assert enter(storage, client_id) == 1
        with storage.reading() as uow:
            assert list(uow.feed.page(client_id)) == [told]

    def test_place_is_given_once(self, world: Scenario) -> None:
        storage, client_id = world.storage, world.client.client_id
        told = [tell(storage, world.grant, sequence).notice_id for sequence in (1, 2, 3)]
        assert [enter(storage, client_id, limit=2) for _ in range(3)] == [2, 1, 0]
        assert page(storage, client_id) == told

    def test_what_commits_late_comes_behind_what_was_seen(self, world: Scenario) -> None:
        storage, client_id = world.storage, world.client.client_id
        seen = tell(storage, world.grant, at=NOW).notice_id
        enter(storage, client_id)
        late = tell(storage, replace(world.grant, grant_id="late"), at=NOW - 60_000).notice_id
        enter(storage, client_id)
        assert page(storage, client_id) == [seen, late]
        assert page(storage, client_id, after=seen) == [late]

    def test_chain_keeps_its_order_in_the_feed_when_the_clock_goes_back(self, world: Scenario) -> None:
        storage, client_id = world.storage, world.client.client_id
        told = [tell(storage, world.grant, number, NOW - number).notice_id for number in (1, 2, 3)]
        enter(storage, client_id)
        assert page(storage, client_id) == told

    def test_pages_of_a_feed_are_the_feed(self, world: Scenario) -> None:
        storage, client_id = world.storage, world.client.client_id
        for number in range(1, 8):
            tell(storage, world.grant, number)
        enter(storage, client_id)
        whole = page(storage, client_id)
        paged: list[str] = []
        while found := page(storage, client_id, after=paged[-1] if paged else "", limit=3):
            paged += found
        assert paged == whole
        assert len(set(paged)) == 7

    def test_place_of_another_feed_is_unknown(self, world: Scenario) -> None:
        storage, others = world.storage, populate(world.storage)
        foreign = tell(storage, others.grant).notice_id
        enter(storage, others.client.client_id)
        waiting = tell(storage, world.grant).notice_id
        for unknown in (foreign, waiting, "never-was"):
            with pytest.raises(NotFound):
                page(storage, world.client.client_id, after=unknown)

    def test_nothing_is_missed_while_feeds_are_read_and_written(self, world: Scenario) -> None:
        storage, client_id = world.storage, world.client.client_id
        grants = [replace(world.grant, grant_id=f"grant-{number}") for number in range(4)]

        def write(grant: Grant) -> list[str]:
            for sequence in range(1, 6):
                insist(partial(tell, storage, grant, sequence))
            return []

        def read() -> list[str]:
            mine: list[str] = []
            for _ in range(8):
                insist(partial(enter, storage, client_id))
                mine += page(storage, client_id, after=mine[-1] if mine else "", limit=4)
            return mine

        seen = together(6, lambda number: read() if number > 3 else write(grants[number]))
        enter(storage, client_id)
        whole = page(storage, client_id)
        assert len(set(whole)) == 20
        assert [whole[: len(mine)] for mine in seen] == seen
