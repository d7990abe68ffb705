"""purge(): what has no more use goes, evidence and everything alive stays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from consentcore.api import (
    DAY,
    MINUTE,
    Grace,
    Grant,
    GrantState,
    Replayed,
    Reused,
    Storage,
    Unknown,
    transact,
)
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import Scenario, populate
from consentcore.testing.storage.notices import find_notice


def _sessions(world: Scenario, over: int) -> None:
    one = factories.session(world.owner.owner_id, expires_at=over)
    transact(world.storage, lambda uow: uow.owners.add_session(one))


def _tickets(world: Scenario, over: int) -> None:
    one = factories.ticket(world.owner.owner_id, expires_at=over)
    transact(world.storage, lambda uow: uow.tickets.add(one))


def _pushed(world: Scenario, over: int) -> None:
    world.storage.protocol.push_request(factories.pushed(world.client.client_id, expires_at=over))


def _used_keys(world: Scenario, over: int) -> None:
    world.storage.protocol.use_once(factories.random_hash(), NOW, over)


def _nonces(world: Scenario, over: int) -> None:
    """Families whose access tokens are not in the way: they live as long as everything else."""
    lives = NOW + 300 * DAY
    issued = world.redeem(
        access=factories.access(expires_at=lives), refresh=factories.refresh(expires_at=lives)
    )
    world.rotate(
        issued.refresh,
        now=NOW,
        grace_ms=over - NOW,
        access=factories.access(expires_at=lives),
        refresh=factories.refresh(expires_at=lives),
    )


FLEETING: Mapping[str, Callable[[Scenario, int], None]] = {
    "session": _sessions,
    "ticket": _tickets,
    "pushed request": _pushed,
    "key used once": _used_keys,
    "nonce of a rotation": _nonces,
}
"""What has a time of its own, and how to store one that is over at it."""


class PurgeGroup:
    """purge(): what has no more use goes, evidence and everything alive stays."""

    LATER = NOW + 400 * DAY

    def test_expired_codes_tokens_and_sessions_go(self, storage: Storage) -> None:
        world = populate(storage, expires_at=self.LATER + DAY)
        issued, code, session = world.redeem(), world.issue(), factories.session(world.owner.owner_id)
        with storage.transaction() as uow:
            uow.owners.add_session(session)
        report = storage.purge(self.LATER, 1000)
        assert sum(report.counts.values()) >= 4
        assert world.look_up(issued.access).token is None
        assert world.look_up(issued.refresh).token is None
        assert storage.protocol.read_code(world.client.client_id, code.code_hash).code is None
        with storage.transaction() as uow:
            assert uow.owners.end_session(session.session_hash) is False

    def test_everything_goes_in_the_end(self, storage: Storage) -> None:
        world = populate(storage)
        for _ in range(3):
            world.rotate(world.redeem().refresh)
        world.issue()
        storage.counters.hit("a", NOW, MINUTE)
        for _ in range(20):
            if not any(storage.purge(self.LATER, 1000).counts.values()):
                return
        pytest.fail("purge reports removals without end")

    def test_what_is_alive_stays(self, storage: Storage, world: Scenario) -> None:
        issued, code, session = world.redeem(), world.issue(), factories.session(world.owner.owner_id)
        interaction = factories.interaction(world.client.client_id)
        storage.protocol.open_interaction(interaction)
        with storage.transaction() as uow:
            uow.owners.add_session(session)
            uow.owners.set_password_hash(world.owner.owner_id, "$argon2id$")
        storage.counters.hit("a", NOW, DAY)
        storage.purge(NOW + 1000, 1000)
        assert world.is_live(issued.access)
        assert world.is_live(issued.refresh)
        assert storage.protocol.read_code(world.client.client_id, code.code_hash).code == code
        assert storage.counters.count("a", NOW, DAY) == 1
        with storage.reading() as uow:
            assert uow.owners.session(session.session_hash, NOW) == session
            assert uow.owners.password_hash(world.owner.owner_id) == "$argon2id$"
            assert uow.interactions.get(interaction.interaction_hash) == interaction

    def test_theft_is_still_noticed_after_a_purge(self, world: Scenario) -> None:
        issued = world.redeem(refresh=factories.refresh(expires_at=NOW + 9 * DAY))
        world.rotate(issued.refresh, refresh=factories.refresh(expires_at=NOW + 9 * DAY))
        world.storage.purge(NOW + 2 * DAY, 1000)
        now = NOW + 2 * DAY
        replay = factories.redemption(issued.code, now=now)
        assert isinstance(world.storage.protocol.consume_code(replay), Replayed)
        reuse = world.rotation(issued.refresh, now=now)
        assert isinstance(world.storage.protocol.rotate_refresh(reuse), Reused)

    def test_grace_outlives_a_purge_and_ends_in_time(self, world: Scenario) -> None:
        issued = world.redeem()
        rotation = world.rotate(issued.refresh)
        world.storage.purge(rotation.now + 9_999, 1000)
        again = world.rotation(issued.refresh, now=rotation.now + 9_999)
        assert isinstance(world.storage.protocol.rotate_refresh(again), Grace)
        world.storage.purge(rotation.now + 10_000, 1000)
        token = world.look_up(issued.refresh).token
        assert token is not None
        assert (token.rotated_at, token.nonce) == (rotation.now, None)

    def test_killed_family_does_not_come_back_to_life(self, world: Scenario) -> None:
        issued = world.redeem()
        world.storage.protocol.kill_family(issued.code.family_id, NOW + 2000)
        for limit in (1, 1, 1000):
            world.storage.purge(NOW + 3000, limit)
            assert not world.is_live(issued.access)
            assert not world.is_live(issued.refresh)
            assert world.storage.protocol.consume_code(factories.redemption(issued.code)) == Unknown()
            assert world.storage.protocol.rotate_refresh(world.rotation(issued.refresh)) == Unknown()

    def test_limit_bounds_every_kind(self, storage: Storage) -> None:
        world = populate(storage, expires_at=self.LATER + DAY)
        for _ in range(6):
            world.issue()
        counts = storage.purge(self.LATER, 4).counts
        assert max(counts.values()) == 4
        assert max(storage.purge(self.LATER, 4).counts.values()) == 2

    @pytest.mark.parametrize("kind", FLEETING)
    def test_what_has_a_time_goes_at_it_in_steps_of_the_limit_and_not_before(
        self, storage: Storage, kind: str
    ) -> None:
        world = populate(storage, expires_at=self.LATER + DAY)
        over = NOW + MINUTE
        for _ in range(3):
            FLEETING[kind](world, over)
        removed = [
            sum(storage.purge(now, limit).counts.values())
            for now, limit in ((over - 1, 1000), (over, 2), (over, 2), (over, 2))
        ]
        assert removed == [0, 2, 1, 0]

    def test_token_goes_at_its_time_and_not_before(self, storage: Storage) -> None:
        world = populate(storage, expires_at=self.LATER + DAY)
        over = NOW + MINUTE
        issued = world.redeem(access=factories.access(expires_at=over))
        storage.purge(over - 1, 1000)
        assert world.look_up(issued.access).token is not None
        storage.purge(over, 1000)
        assert world.look_up(issued.access).token is None
        assert world.is_live(issued.refresh, NOW)

    def test_evidence_and_outbox_stay(self, storage: Storage) -> None:
        world = populate(storage, expires_at=NOW + DAY)
        ended: Grant = replace(world.grant, state=GrantState.EXPIRED, sequence=2)
        event, snapshot = factories.event(world.grant), factories.snapshot()
        notice, checkpoint = factories.notice(world.grant), factories.checkpoint()

        def work(uow: Any) -> None:
            uow.grants.update(ended, expected_sequence=1)
            uow.ledger.append(event)
            uow.ledger.put_snapshot(snapshot)
            uow.ledger.add_checkpoint(checkpoint)
            uow.notices.add(notice)

        transact(storage, work)
        delivery = factories.delivery(notice.notice_id)
        storage.outbox.expand_all({notice.notice_id: [delivery]}, NOW)
        for _ in range(3):
            storage.purge(NOW + 5000 * DAY, 1000)
        with storage.reading() as uow:
            assert uow.grants.get(ended.grant_id) == ended
            assert uow.clients.get(world.client.client_id) == world.client
            assert uow.owners.get(world.owner.owner_id) == world.owner
            assert list(uow.ledger.of_grant(ended.grant_id)) == [event]
            assert uow.ledger.snapshot(snapshot.snapshot_hash) == snapshot
            assert list(uow.ledger.checkpoints()) == [checkpoint]
            assert find_notice(uow, notice.notice_id) == notice
        assert list(storage.delivery_log.deliveries(notice_id=notice.notice_id)) == [delivery]
