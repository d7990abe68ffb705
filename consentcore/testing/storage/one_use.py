"""What is used up in the same commit as something else, and keys that codes and tokens are bound to."""

from __future__ import annotations

from collections import Counter

import pytest

from consentcore.api import (
    MINUTE,
    Consumed,
    Expired,
    Grace,
    OneUse,
    Replayed,
    Rotated,
    Storage,
    Unknown,
    UsedBefore,
)
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import Scenario
from consentcore.testing.threads import insist, together

THREADS = 8
ROUNDS = 3


def _one_use() -> OneUse:
    return OneUse(factories.random_hash(), NOW + MINUTE)


class OneUseGroup:
    """``one_use`` of consume_code, rotate_refresh and push_request."""

    def test_what_an_exchange_uses_up_is_used_for_every_verb(self, world: Scenario) -> None:
        protocol, one_use = world.storage.protocol, _one_use()
        assert protocol.consume_code(factories.redemption(world.issue(), one_use=one_use)) == Consumed()
        assert protocol.use_once(one_use.key_hash, NOW + 1, NOW + 2) is False
        other = factories.redemption(world.issue(), one_use=one_use)
        assert protocol.consume_code(other) == UsedBefore()
        refresh = world.redeem().refresh
        for rotate in (True, False):
            rotation = world.rotation(refresh, one_use=one_use, rotate=rotate)
            assert protocol.rotate_refresh(rotation) == UsedBefore()
        assert protocol.push_request(factories.pushed("client"), one_use) is False

    @pytest.mark.parametrize("rotate", [True, False])
    def test_rotation_uses_up_what_comes_with_it(self, world: Scenario, *, rotate: bool) -> None:
        protocol, one_use = world.storage.protocol, _one_use()
        rotation = world.rotation(world.redeem().refresh, one_use=one_use, rotate=rotate)
        assert protocol.rotate_refresh(rotation) == Rotated()
        assert protocol.push_request(factories.pushed("client"), one_use) is False

    def test_pushing_uses_up_what_comes_with_it(self, storage: Storage) -> None:
        protocol, one_use = storage.protocol, _one_use()
        first, second = factories.pushed("client"), factories.pushed("client")
        assert protocol.push_request(first, one_use) is True
        assert protocol.push_request(second, one_use) is False
        assert protocol.take_pushed(first.request_hash, "client", NOW) == first
        assert protocol.take_pushed(second.request_hash, "client", NOW) is None
        assert protocol.push_request(factories.pushed("client")) is True

    def test_what_was_used_by_itself_is_used_for_an_exchange(self, world: Scenario) -> None:
        protocol, one_use = world.storage.protocol, _one_use()
        assert protocol.use_once(one_use.key_hash, NOW, one_use.expires_at) is True
        assert protocol.consume_code(factories.redemption(world.issue(), one_use=one_use)) == UsedBefore()

    def test_nothing_changes_when_it_was_used_before(self, world: Scenario) -> None:
        protocol, one_use = world.storage.protocol, _one_use()
        protocol.use_once(one_use.key_hash, NOW, one_use.expires_at)
        code = world.issue()
        redemption = factories.redemption(code, one_use=one_use)
        assert protocol.consume_code(redemption) == UsedBefore()
        rotation = world.rotation(world.redeem().refresh, one_use=one_use)
        assert protocol.rotate_refresh(rotation) == UsedBefore()
        for new in (redemption.access, rotation.access, rotation.refresh):
            assert world.look_up(new.token_hash).token is None
        again = factories.redemption(code, access=redemption.access, one_use=_one_use())
        assert protocol.consume_code(again) == Consumed()

    def test_refused_exchange_uses_nothing_up(self, world: Scenario) -> None:
        protocol, one_use = world.storage.protocol, _one_use()
        unknown = factories.redemption(world.issue(), code_hash=b"?" * 32, one_use=one_use)
        assert protocol.consume_code(unknown) == Unknown()
        late = factories.redemption(world.issue(), now=NOW + MINUTE, one_use=one_use)
        assert protocol.consume_code(late) == Expired()
        assert protocol.rotate_refresh(world.rotation(b"?" * 32, one_use=one_use)) == Unknown()
        assert protocol.use_once(one_use.key_hash, NOW, one_use.expires_at) is True

    def test_replay_and_grace_are_told_whatever_was_used(self, world: Scenario) -> None:
        protocol, one_use = world.storage.protocol, _one_use()
        issued = world.redeem()
        rotated = world.rotation(issued.refresh, one_use=one_use)
        assert protocol.rotate_refresh(rotated) == Rotated()
        assert isinstance(protocol.rotate_refresh(rotated), Grace)
        replayed = factories.redemption(issued.code, one_use=one_use)
        assert isinstance(protocol.consume_code(replayed), Replayed)

    def test_it_is_forgotten_by_a_purge_and_not_before_its_time(self, world: Scenario) -> None:
        protocol, one_use = world.storage.protocol, _one_use()
        assert protocol.push_request(factories.pushed("client"), one_use) is True
        world.storage.purge(one_use.expires_at - 1, 1000)
        assert protocol.push_request(factories.pushed("client"), one_use) is False
        world.storage.purge(one_use.expires_at, 1000)
        assert protocol.push_request(factories.pushed("client"), one_use) is True

    def test_exactly_one_of_many_exchanges_uses_it_up(self, world: Scenario) -> None:
        for _ in range(ROUNDS):
            one_use = _one_use()
            redemptions = [factories.redemption(world.issue(), one_use=one_use) for _ in range(THREADS)]
            consume = world.storage.protocol.consume_code
            outcomes = together(THREADS, lambda n: insist(lambda: consume(redemptions[n])))  # noqa: B023 - joined in here
            assert Counter(map(type, outcomes)) == {Consumed: 1, UsedBefore: THREADS - 1}

    def test_exactly_one_of_many_pushed_requests_uses_it_up(self, storage: Storage) -> None:
        for _ in range(ROUNDS):
            one_use = _one_use()
            push = storage.protocol.push_request
            outcomes = together(
                THREADS,
                lambda _: insist(lambda: push(factories.pushed("client"), one_use)),  # noqa: B023 - joined in here
            )
            assert Counter(outcomes) == {True: 1, False: THREADS - 1}

    def test_code_keeps_the_key_that_its_exchange_has_to_prove(self, world: Scenario) -> None:
        code = world.issue(confirmation="jkt:" + "x" * 43)
        found = world.storage.protocol.read_code(world.client.client_id, code.code_hash).code
        assert found is not None
        assert found.confirmation == code.confirmation

    def test_tokens_keep_the_keys_that_they_are_bound_to(self, world: Scenario) -> None:
        access, refresh = (factories.access(confirmation=f"jkt:{one * 43}") for one in "ab")
        issued = world.redeem(access=access, refresh=refresh)
        assert self._confirmations(world, issued.access, issued.refresh) == [
            "jkt:" + one * 43 for one in "ab"
        ]
        rotation = world.rotation(issued.refresh, access=factories.access(confirmation="jkt:" + "c" * 43))
        assert world.storage.protocol.rotate_refresh(rotation) == Rotated()
        grace = world.storage.protocol.rotate_refresh(rotation)
        assert isinstance(grace, Grace)
        assert grace.access.confirmation == "jkt:" + "c" * 43
        assert grace.refresh.confirmation == ""

    @staticmethod
    def _confirmations(world: Scenario, *tokens: bytes) -> list[str]:
        found = [world.look_up(token).token for token in tokens]
        return [token.confirmation for token in found if token is not None]
