"""A thousand times: the owner revokes while the application refreshes. Never a live token afterwards."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from threading import Barrier

import pytest

from consentcore.api import Rotated, StorageConflict, Unknown
from consentcore.testing.scenario import populate

PAIRS = 1000


@pytest.mark.slow
def test_49_63_thousand_interleavings_of_refresh_and_revoke(storage):
    answers = set()
    with ThreadPoolExecutor(2) as pool:
        for number in range(PAIRS):
            world = populate(storage)
            rotation = world.rotation(world.redeem().refresh)
            refresh = partial(storage.protocol.rotate_refresh, rotation)
            answers.add(_race(pool, refresh, world.end, revoke_first=bool(number % 2)))
            for token in (rotation.token_hash, rotation.access.token_hash, rotation.refresh.token_hash):
                assert not world.is_live(token)
    assert answers == {Rotated(), Unknown()}, "the two never met: this proves nothing"


def _race(pool, refresh, revoke, *, revoke_first):
    barrier = Barrier(2)
    steps = (revoke, refresh) if revoke_first else (refresh, revoke)
    futures = {step: pool.submit(_insist, barrier, step) for step in steps}
    futures[revoke].result(30)
    return futures[refresh].result(30)


def _insist(barrier, step):
    barrier.wait(30)
    while True:
        with suppress(StorageConflict):
            return step()
