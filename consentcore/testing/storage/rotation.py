"""Refresh tokens: exchanged for their successors, within the grace once more, and no other time."""

from __future__ import annotations

import pytest

from consentcore.api import (
    DAY,
    Expired,
    Grace,
    Reused,
    Rotated,
    Rotation,
    Storage,
    Token,
    TokenKind,
    Unknown,
)
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import Issued, Scenario, populate

GRACE = 10_000


def _left_no_token(world: Scenario, rotation: Rotation) -> bool:
    return all(world.look_up(new.token_hash).token is None for new in (rotation.access, rotation.refresh))


def _tokens_of(world: Scenario, issued: Issued, rotation: Rotation) -> list[Token]:
    """What is kept of both tokens of an exchange, then of both of the rotation after it; each access token first."""
    hashes = (issued.access, issued.refresh, rotation.access.token_hash, rotation.refresh.token_hash)
    tokens = [world.look_up(token_hash).token for token_hash in hashes]
    assert all(tokens)
    return [token for token in tokens if token is not None]


class RotationGroup:
    """rotate_refresh."""

    def test_rotation_stores_the_successors(self, world: Scenario) -> None:
        issued = world.redeem()
        rotation = world.rotate(issued.refresh, now=NOW + 2000)
        for new, kind in ((rotation.access, TokenKind.ACCESS), (rotation.refresh, TokenKind.REFRESH)):
            token = world.look_up(new.token_hash).token
            assert token is not None
            assert (token.kind, token.scopes, token.expires_at) == (kind, new.scopes, new.expires_at)
            assert (token.family_id, token.grant_id) == (issued.code.family_id, world.grant.grant_id)
            assert (token.client_id, token.created_at) == (world.client.client_id, NOW + 2000)
            assert token.rotated_at is None
            assert world.is_live(new.token_hash)

    def test_audience_is_kept_with_each_token(self, world: Scenario) -> None:
        both, one = ("https://b.example", "https://a.example"), ("https://a.example",)
        issued = world.redeem(access=factories.access(audience=one), refresh=factories.refresh(audience=both))
        rotation = world.rotate(
            issued.refresh, access=factories.access(audience=both), refresh=factories.refresh(audience=one)
        )
        kept = [token.audience for token in _tokens_of(world, issued, rotation)]
        assert kept == [one, both, both, one]

    def test_authorization_details_are_kept_with_each_token(self, world: Scenario) -> None:
        both, one = factories.DETAILS, factories.DETAILS[:1]
        issued = world.redeem(
            access=factories.access(authorization_details=one),
            refresh=factories.refresh(authorization_details=both),
        )
        rotation = world.rotate(
            issued.refresh,
            access=factories.access(authorization_details=both),
            refresh=factories.refresh(authorization_details=one),
        )
        kept = [token.authorization_details for token in _tokens_of(world, issued, rotation)]
        assert kept == [one, both, both, one]

    def test_sign_in_goes_from_the_code_to_every_token(self, world: Scenario) -> None:
        code = world.issue(auth_time=NOW - 7, acr="urn:example:password")
        redemption = factories.redemption(code)
        world.storage.protocol.consume_code(redemption)
        rotation = world.rotate(factories.renewal(redemption).token_hash)
        for new in (redemption.access, factories.renewal(redemption), rotation.access, rotation.refresh):
            token = world.look_up(new.token_hash).token
            assert token is not None
            assert (token.auth_time, token.acr) == (NOW - 7, "urn:example:password")
        token = world.look_up(world.redeem().access).token
        assert token is not None
        assert (token.auth_time, token.acr) == (None, "")

    def test_what_was_sealed_comes_back_within_the_grace_and_is_replaced_by_the_next(
        self, world: Scenario
    ) -> None:
        issued = world.redeem()
        sealed = bytes(range(256)) * 32
        first = world.rotate(issued.refresh, sealed_access=sealed)
        again = world.storage.protocol.rotate_refresh(world.rotation(issued.refresh, sealed_access=b"other"))
        assert isinstance(again, Grace)
        assert again.sealed_access == sealed
        world.rotate(first.refresh.token_hash)
        again = world.storage.protocol.rotate_refresh(world.rotation(first.refresh.token_hash))
        assert isinstance(again, Grace)
        assert again.sealed_access == b""

    def test_rotated_token_is_marked_and_not_live(self, world: Scenario) -> None:
        issued = world.redeem()
        rotation = world.rotate(issued.refresh)
        token = world.look_up(issued.refresh).token
        assert token is not None
        assert (token.rotated_at, token.nonce, token.nonce_key_id) == (NOW + 2000, rotation.nonce, "test1")
        assert not world.is_live(issued.refresh)
        assert world.is_live(issued.access)

    def test_predecessor_gets_the_same_successors_within_the_grace(self, world: Scenario) -> None:
        issued = world.redeem()
        first = world.rotate(issued.refresh)
        for now in (NOW + 2000, NOW + 2000 + GRACE - 1):
            again = world.rotation(issued.refresh, now=now)
            outcome = world.storage.protocol.rotate_refresh(again)
            assert isinstance(outcome, Grace)
            assert (outcome.nonce, outcome.nonce_key_id) == (first.nonce, "test1")
            assert outcome.access == world.look_up(first.access.token_hash).token
            assert outcome.refresh == world.look_up(first.refresh.token_hash).token
            assert _left_no_token(world, again)

    def test_access_token_added_to_the_successor_changes_nothing_about_the_grace(
        self, world: Scenario
    ) -> None:
        issued = world.redeem()
        first = world.rotate(issued.refresh)
        added = world.rotation(first.refresh.token_hash, rotate=False)
        assert isinstance(world.storage.protocol.rotate_refresh(added), Rotated)
        outcome = world.storage.protocol.rotate_refresh(world.rotation(issued.refresh))
        assert isinstance(outcome, Grace)
        assert outcome.access == world.look_up(first.access.token_hash).token
        assert world.is_live(added.access.token_hash)
        assert world.is_live(first.access.token_hash)

    def test_predecessor_is_reused_after_the_grace(self, world: Scenario) -> None:
        issued = world.redeem()
        first = world.rotate(issued.refresh)
        late = world.rotation(issued.refresh, now=NOW + 2000 + GRACE)
        expected = Reused(issued.code.family_id, world.grant.grant_id)
        assert world.storage.protocol.rotate_refresh(late) == expected
        assert _left_no_token(world, late)
        assert world.is_live(first.refresh.token_hash), "the verb only reports: the caller kills the family"

    def test_grace_of_zero_gives_no_second_chance(self, world: Scenario) -> None:
        issued = world.redeem()
        world.rotate(issued.refresh, grace_ms=0)
        again = world.rotation(issued.refresh, grace_ms=0)
        assert isinstance(world.storage.protocol.rotate_refresh(again), Reused)

    def test_predecessor_is_reused_once_its_successor_was_rotated(self, world: Scenario) -> None:
        issued = world.redeem()
        first = world.rotate(issued.refresh)
        world.rotate(first.refresh.token_hash)
        again = world.rotation(issued.refresh)
        assert isinstance(world.storage.protocol.rotate_refresh(again), Reused)
        assert _left_no_token(world, again)

    def test_older_generations_are_reused_even_within_the_grace(self, world: Scenario) -> None:
        issued = world.redeem()
        generations = [issued.refresh]
        for _ in range(3):
            generations.append(world.rotate(generations[-1]).refresh.token_hash)
        outcomes = [
            type(world.storage.protocol.rotate_refresh(world.rotation(token))) for token in generations
        ]
        assert outcomes == [Reused, Reused, Grace, Rotated]

    def test_reuse_is_seen_however_old_the_token_is(self, world: Scenario) -> None:
        issued = world.redeem()
        world.rotate(issued.refresh, refresh=factories.refresh(expires_at=NOW + 30 * DAY))
        late = world.rotation(issued.refresh, now=NOW + 2 * DAY)
        assert isinstance(world.storage.protocol.rotate_refresh(late), Reused)

    def test_refresh_token_is_good_until_its_last_millisecond(self, world: Scenario) -> None:
        for now, outcome in ((NOW + DAY - 1, Rotated()), (NOW + DAY, Expired())):
            rotation = world.rotation(world.redeem().refresh, now=now)
            assert world.storage.protocol.rotate_refresh(rotation) == outcome
            assert _left_no_token(world, rotation) is (outcome == Expired())

    def test_access_token_or_code_cannot_be_rotated(self, world: Scenario) -> None:
        issued = world.redeem()
        for not_refresh in (issued.access, issued.code.code_hash, b"?" * 32):
            rotation = world.rotation(not_refresh)
            assert world.storage.protocol.rotate_refresh(rotation) == Unknown()
            assert _left_no_token(world, rotation)

    def test_foreign_client_learns_nothing_and_rotates_nothing(
        self, storage: Storage, world: Scenario
    ) -> None:
        issued, stranger = world.redeem(), populate(storage)
        theft = world.rotation(issued.refresh, client_id=stranger.client.client_id)
        assert storage.protocol.rotate_refresh(theft) == Unknown()
        assert _left_no_token(world, theft)
        world.rotate(issued.refresh)
        assert storage.protocol.rotate_refresh(theft) == Unknown()

    @pytest.mark.parametrize("rotated", [False, True])
    @pytest.mark.parametrize("cause", ["grant ended", "grant over", "client disabled", "family killed"])
    def test_refresh_under_something_dead_is_unknown(
        self, storage: Storage, cause: str, rotated: bool
    ) -> None:
        world = populate(storage, expires_at=NOW + 5000)
        issued = world.redeem()
        if rotated:
            world.rotate(issued.refresh)
        if cause == "grant ended":
            world.end()
        elif cause == "client disabled":
            world.disable_client()
        elif cause == "family killed":
            assert storage.protocol.kill_family(issued.code.family_id, NOW + 3000) is True
        late = world.rotation(issued.refresh, now=NOW + (5000 if cause == "grant over" else 4000))
        assert storage.protocol.rotate_refresh(late) == Unknown()
        assert _left_no_token(world, late)

    def test_without_rotation_the_token_stays(self, world: Scenario) -> None:
        issued = world.redeem()
        for _ in range(3):
            rotation = world.rotation(issued.refresh, rotate=False)
            assert world.storage.protocol.rotate_refresh(rotation) == Rotated()
            assert world.is_live(rotation.access.token_hash)
            assert world.look_up(rotation.refresh.token_hash).token is None
        assert world.is_live(issued.refresh)
        token = world.look_up(issued.refresh).token
        assert token is not None
        assert (token.rotated_at, token.nonce) == (None, None)

    def test_long_chain_of_rotations_keeps_one_live_refresh_token(self, world: Scenario) -> None:
        issued = world.redeem()
        generations = [issued.refresh]
        for step in range(10):
            generations.append(world.rotate(generations[-1], now=NOW + 2000 + step).refresh.token_hash)
        assert [world.is_live(token) for token in generations] == [False] * 10 + [True]
