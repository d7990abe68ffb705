"""What a revoked key has sealed waits in the outbox; what is strange is told to nobody."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.consent.ledger import seal_of
from consentcore.domain.notice import DeliveryState
from consentcore.keys import Keys, MasterKey, seals
from consentcore.keys.sealed_face import NOT_OURS, REVOKED
from consentcore.keys.sealed_outbox import WAIT_MS
from consentcore.keys.sealed_storage import SealedStorage
from consentcore.keys.seals import Verdict
from consentcore.testing import factories, memory_storage
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import populate
from consentcore.testing.storage.feed import tell

OLD, NEW = MasterKey("old1", b"o" * 32), MasterKey("new1", b"n" * 32)
LEAKED = MasterKey("old1", b"o" * 32, revoked_at=1)


@pytest.fixture
def world():
    return populate(memory_storage())


@pytest.fixture
def before(world):
    """The product while the key was good."""
    return SealedStorage(world.storage, Keys([OLD]), seal_of)


@pytest.fixture
def after(world):
    """The product since it was revoked."""
    return SealedStorage(world.storage, Keys([NEW, LEAKED]), seal_of)


def add(storage, world, **changes):
    notice = factories.notice(world.grant, **changes)
    with storage.transaction() as uow:
        uow.notices.add(notice)
    return notice


def claim(storage, now=NOW):
    return storage.outbox.claim_deliveries(now, limit=10, lease_ms=1000, notifiers=["webhook"])


def test_rt_09_notices_of_a_revoked_key_wait_and_stand_before_nobody(world, before, after):
    old = [add(before, world) for _ in range(5)]
    stray = add(world.storage, world, seal=b"old1:" + b"x" * 32)
    new = add(after, world, occurred_at=NOW + 1)
    assert [one.notice_id for one in after.outbox.unexpanded(2)] == [new.notice_id]
    after.outbox.expand_all({new.notice_id: []}, NOW)
    assert list(after.outbox.unexpanded(2)) == []
    left = {one.notice_id for one in world.storage.outbox.unexpanded(10)}
    assert left == {one.notice_id for one in old}
    assert stray.notice_id not in left


def test_rt_09_a_delivery_of_a_revoked_key_waits_and_one_that_is_strange_is_over(world, before, after):
    notice = add(before, world)
    waits, good = (factories.delivery(notice.notice_id, notifier="webhook", target=name) for name in "ab")
    stray = factories.delivery(notice.notice_id, notifier="webhook", target="c", seal=b"old1:x")
    before.outbox.expand_all({notice.notice_id: [waits]}, NOW)
    after.outbox.expand_all({notice.notice_id: [good]}, NOW, again=True)
    world.storage.outbox.expand_all({notice.notice_id: [stray]}, NOW, again=True)
    assert [one.target for one in claim(after)] == ["b"]
    with world.storage.reading() as uow:
        rows, _ = uow.seals.page("deliveries")
    kept = {one.record.target: one.record for one in rows}
    assert (kept["a"].state, kept["a"].next_at, kept["a"].last_error) == (
        DeliveryState.PENDING,
        NOW + WAIT_MS,
        REVOKED,
    )
    assert (kept["c"].state, kept["c"].last_error) == (DeliveryState.REJECTED, NOT_OURS)


def test_rt_09_a_feed_ends_before_the_first_notice_that_waits_so_that_nobody_passes_over_it(
    world, before, after
):
    told = [tell(storage, world.grant, at) for at, storage in enumerate((after, before, after), 1)]
    with after.transaction() as uow:
        assert uow.feed.enter(world.client.client_id, 10) == 3
    with after.reading() as uow:
        assert [one.notice_id for one in uow.feed.page(world.client.client_id)] == [told[0].notice_id]
    wanted = seals.seal_of(after._keys, told[1])
    with world.storage.transaction() as uow:
        kept = uow.notices.several([told[1].notice_id])[told[1].notice_id]
        uow.seals.put("notices", [(kept, wanted)], "new1")
    with after.reading() as uow:
        assert [one.notice_id for one in uow.feed.page(world.client.client_id)] == [
            one.notice_id for one in told
        ]


def test_rt_09_a_seal_of_a_revoked_key_is_told_from_one_that_is_nobodys():
    record = seals.sealed(Keys([OLD]), factories.owner())
    both = Keys([NEW, LEAKED])
    assert seals.judge(Keys([NEW, OLD]), record) is Verdict.OURS
    assert seals.judge(both, record) is Verdict.REVOKED
    assert not seals.is_sealed(both, record)
    assert seals.judge(both, replace(record, name="Eve")) is Verdict.STRANGE
    assert seals.judge(Keys([NEW]), record) is Verdict.STRANGE
    assert seals.judge(both, replace(record, seal=b"")) is Verdict.STRANGE
