"""Something that goes on while what it rests on ends, with real threads and many rounds."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import pytest

from consentcore.api import (
    Rotated,
    RotateOutcome,
    Storage,
    Unknown,
)
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import Scenario, populate
from consentcore.testing.threads import insist, together

INTERLEAVINGS = 20


class InterleavingGroup:
    """A client that goes on while its permission ends: never a live token afterwards."""

    @pytest.mark.parametrize("ending", ["grant ended", "family killed", "client disabled"])
    def test_refresh_while_the_permission_ends(self, storage: Storage, ending: str) -> None:
        for number in range(INTERLEAVINGS):
            world = populate(storage)
            issued = world.redeem()
            rotation = world.rotation(issued.refresh)
            end = self._end(world, ending, issued.code.family_id)
            self._race(number, end, partial(storage.protocol.rotate_refresh, rotation))
            new = (rotation.access.token_hash, rotation.refresh.token_hash)
            assert not any(world.is_live(token) for token in (issued.access, issued.refresh, *new))

    @pytest.mark.parametrize("ending", ["grant ended", "family killed", "client disabled"])
    def test_exchange_while_the_permission_ends(self, storage: Storage, ending: str) -> None:
        for number in range(INTERLEAVINGS):
            world = populate(storage)
            code = world.issue()
            redemption = factories.redemption(code)
            end = self._end(world, ending, code.family_id)
            self._race(number, end, partial(storage.protocol.consume_code, redemption))
            new = (redemption.access.token_hash, factories.renewal(redemption).token_hash)
            assert not any(world.is_live(token) for token in new)

    def test_issue_while_the_grant_ends(self, storage: Storage) -> None:
        for number in range(INTERLEAVINGS):
            world = populate(storage)
            code = factories.code(world.grant)
            self._race(number, world.end, partial(storage.protocol.issue_code, code))
            assert storage.protocol.consume_code(factories.redemption(code)) == Unknown()

    def test_what_is_asked_after_the_revoke_is_refused(self, storage: Storage) -> None:
        for _ in range(INTERLEAVINGS):
            assert self._refresh_until_after_the_revoke(populate(storage)) == Unknown()

    def _refresh_until_after_the_revoke(self, world: Scenario) -> RotateOutcome:
        """Refresh without a pause while the owner revokes; return the first answer to a later question."""
        newest, over = [world.redeem().refresh], threading.Event()

        def revoke() -> None:
            world.end()
            over.set()

        def refresh() -> RotateOutcome:
            while True:
                asked_late = over.is_set()
                rotation = world.rotation(newest[-1], now=NOW + 2600)
                outcome = insist(partial(world.storage.protocol.rotate_refresh, rotation))
                if asked_late:
                    return outcome
                if outcome == Rotated():
                    newest.append(rotation.refresh.token_hash)

        outcome = together(2, lambda n: refresh() if n else revoke())[1]
        assert outcome is not None
        assert not any(world.is_live(token) for token in newest)
        return outcome

    @staticmethod
    def _end(world: Scenario, ending: str, family_id: str) -> Callable[[], object]:
        endings: dict[str, Callable[[], object]] = {
            "grant ended": world.end,
            "family killed": lambda: world.storage.protocol.kill_family(family_id, NOW + 2000),
            "client disabled": world.disable_client,
        }
        return endings[ending]

    @staticmethod
    def _race(number: int, end: Callable[[], object], use: Callable[[], object]) -> None:
        """Do both at once; each is the first to be started in half of the rounds."""
        steps = (end, use) if number % 2 else (use, end)
        together(2, lambda n: insist(steps[n]))
