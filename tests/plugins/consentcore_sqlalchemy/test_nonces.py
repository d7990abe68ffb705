"""Nonces of rotations are erased a stretch of the table each time, and every one in the end."""

from __future__ import annotations

import pytest

from consentcore.testing.factories import NOW
from consentcore_sqlalchemy import nonces
from consentcore_sqlalchemy.work import Mode, transaction

LATER = NOW + 3_600_000


@pytest.fixture
def rotated(world):
    """So many families with a nonce whose grace is over."""

    def rotate(count):
        for _ in range(count):
            world.rotate(world.redeem().refresh)

    return rotate


def sweeping(storage, monkeypatch, least, looks=1000):
    monkeypatch.setattr(nonces, "LOOKS", looks)
    monkeypatch.setattr(nonces, "STRETCH", least)
    sweep = nonces.NonceSweep()

    def look(limit=1000):
        with transaction(storage._database, Mode.WRITE) as work:
            return sweep.forget(work, LATER, limit)

    return sweep, look


def test_a_table_that_is_small_is_gone_through_as_a_whole(storage, rotated):
    rotated(3)
    assert storage.purge(NOW, 1000).counts["nonces"] == 0, "within its grace"
    assert [storage.purge(LATER, 2).counts["nonces"] for _ in range(3)] == [2, 1, 0]


def test_a_large_table_is_gone_through_stretch_by_stretch_and_from_the_beginning_again(
    storage, rotated, monkeypatch
):
    rotated(70)
    _, look = sweeping(storage, monkeypatch, 20)
    found = [look() for _ in range(5)]
    assert sum(found) == 70, "four, and one more where the first began in the middle"
    assert max(found) == 20
    rotated(1)
    assert sum(look() for _ in range(5)) == 1, "it has begun again"


def test_a_stretch_with_more_than_the_limit_is_looked_at_again_at_once(storage, rotated, monkeypatch):
    rotated(70)
    sweep, look = sweeping(storage, monkeypatch, 40)
    sweep._after = b""
    assert look(39) == 39
    assert sweep._after == b""
    assert look(39) == 1
    assert sweep._after != b""


def test_the_whole_table_is_gone_through_in_so_many_looks_however_large_it_is(storage, rotated, monkeypatch):
    rotated(70)
    sweep, look = sweeping(storage, monkeypatch, 1, looks=2)
    sweep._after = b""
    for _ in range(70):
        look()
    rotated(30)
    assert sum(look() for _ in range(3)) == 30, "how many there are is known from the time before"


def test_what_goes_on_is_kept_within_its_grace(storage, world):
    issued = world.redeem()
    rotation = world.rotate(issued.refresh)
    assert storage.purge(rotation.now + 9_999, 1000).counts["nonces"] == 0
    assert storage.purge(rotation.now + 10_000, 1000).counts["nonces"] == 1
    assert world.look_up(issued.refresh).token is not None
