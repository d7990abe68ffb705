"""Authorize and the exchange of a code."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.api import (
    MINUTE,
    Consumed,
    Expired,
    GrantState,
    Redemption,
    Replayed,
    Storage,
    TokenKind,
    Unknown,
)
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import Scenario, populate


def _left_no_token(world: Scenario, redemption: Redemption) -> bool:
    return all(
        world.look_up(new.token_hash).token is None
        for new in (redemption.access, factories.renewal(redemption))
    )


class CodeGroup:
    """read_authorize, issue_code, read_code, consume_code."""

    def test_authorize_finds_client_session_and_grant(self, world: Scenario) -> None:
        session = factories.session(world.owner.owner_id)
        with world.storage.transaction() as uow:
            uow.owners.add_session(session)
        found = world.storage.protocol.read_authorize(world.client.client_id, session.session_hash, NOW)
        assert (found.client, found.session, found.grant) == (world.client, session, world.grant)

    def test_authorize_without_a_session_finds_the_client_only(self, world: Scenario) -> None:
        for session_hash in (None, b"?" * 32):
            found = world.storage.protocol.read_authorize(world.client.client_id, session_hash, NOW)
            assert (found.client, found.session, found.grant) == (world.client, None, None)

    def test_authorize_for_an_unknown_client_finds_no_client_and_no_grant(self, world: Scenario) -> None:
        found = world.storage.protocol.read_authorize("nobody", None, NOW)
        assert (found.client, found.session, found.grant) == (None, None, None)

    def test_authorize_does_not_see_an_expired_session(self, world: Scenario) -> None:
        session = factories.session(world.owner.owner_id, expires_at=NOW + 5)
        with world.storage.transaction() as uow:
            uow.owners.add_session(session)
        read = world.storage.protocol.read_authorize
        assert read(world.client.client_id, session.session_hash, NOW + 4).session == session
        found = read(world.client.client_id, session.session_hash, NOW + 5)
        assert (found.session, found.grant) == (None, None)

    def test_authorize_sees_only_an_active_grant_in_its_time(self, storage: Storage) -> None:
        world = populate(storage, expires_at=NOW + 5)
        session = factories.session(world.owner.owner_id)
        with storage.transaction() as uow:
            uow.owners.add_session(session)
            uow.grants.add(
                factories.grant(world.owner.owner_id, world.client.client_id, state=GrantState.DENIED)
            )
        read = storage.protocol.read_authorize
        assert read(world.client.client_id, session.session_hash, NOW + 4).grant == world.grant
        assert read(world.client.client_id, session.session_hash, NOW + 5).grant is None
        world.end()
        assert read(world.client.client_id, session.session_hash, NOW).grant is None

    def test_authorize_sees_no_grant_of_somebody_else(self, storage: Storage, world: Scenario) -> None:
        stranger = populate(storage)
        session = factories.session(stranger.owner.owner_id)
        with storage.transaction() as uow:
            uow.owners.add_session(session)
        read = storage.protocol.read_authorize
        assert read(world.client.client_id, session.session_hash, NOW).grant is None

    def test_code_comes_back_equal(self, world: Scenario) -> None:
        code = world.issue(
            code_challenge="x" * 43,
            redirect_uri_given=False,
            scopes=("energy.read",),
            audience=("https://api.example/b", "https://api.example/a"),
            auth_time=NOW - 5,
            acr="urn:example:two-factors",
            authorization_details=factories.DETAILS,
        )
        found = world.storage.protocol.read_code(world.client.client_id, code.code_hash)
        assert (found.client, found.code, found.grant) == (world.client, code, world.grant)

    def test_code_of_a_consent_comes_back_equal(self, world: Scenario) -> None:
        code = factories.code(world.grant)
        with world.storage.transaction() as uow:
            uow.tokens.add_code(code)
        assert world.storage.protocol.read_code(world.client.client_id, code.code_hash).code == code
        assert world.storage.protocol.consume_code(factories.redemption(code)) == Consumed()

    def test_foreign_client_does_not_see_a_code(self, storage: Storage, world: Scenario) -> None:
        code, stranger = world.issue(), populate(storage)
        found = storage.protocol.read_code(stranger.client.client_id, code.code_hash)
        assert (found.client, found.code, found.grant) == (stranger.client, None, None)
        assert storage.protocol.read_code("nobody", code.code_hash).code is None

    def test_no_code_is_issued_under_a_dead_grant_or_client(self, storage: Storage) -> None:
        ended, disabled, over = populate(storage), populate(storage), populate(storage, expires_at=NOW + 5)
        ended.end()
        disabled.disable_client()
        for world, born in ((ended, NOW), (disabled, NOW), (over, NOW + 5)):
            code = factories.code(world.grant, created_at=born, expires_at=born + MINUTE)
            assert storage.protocol.issue_code(code) is False
            assert storage.protocol.read_code(world.client.client_id, code.code_hash).code is None
        lost = factories.grant(ended.owner.owner_id, ended.client.client_id)
        assert storage.protocol.issue_code(factories.code(lost)) is False

    def test_code_is_issued_until_the_grant_is_over(self, storage: Storage) -> None:
        world = populate(storage, expires_at=NOW + 5)
        assert storage.protocol.issue_code(factories.code(world.grant, created_at=NOW + 4)) is True

    def test_exchange_for_one_use_stores_an_access_token_alone(self, world: Scenario) -> None:
        code = world.issue()
        redemption = factories.redemption(code, refresh=None)
        assert world.storage.protocol.consume_code(redemption) == Consumed()
        assert world.is_live(redemption.access.token_hash)
        assert world.storage.protocol.consume_code(redemption) == Replayed(code.family_id, code.grant_id)

    def test_exchange_burns_the_code_and_stores_both_tokens(self, world: Scenario) -> None:
        code = world.issue()
        redemption = factories.redemption(
            code, access=factories.access(scopes=("comfort.read",)), now=NOW + 7
        )
        assert world.storage.protocol.consume_code(redemption) == Consumed()
        found = world.storage.protocol.read_code(world.client.client_id, code.code_hash)
        assert found.code == replace(code, used_at=NOW + 7, seal=b"")
        for new, kind in (
            (redemption.access, TokenKind.ACCESS),
            (factories.renewal(redemption), TokenKind.REFRESH),
        ):
            look_up = world.look_up(new.token_hash)
            token = look_up.token
            assert token is not None
            assert (token.kind, token.token_hash) == (kind, new.token_hash)
            assert (token.scopes, token.expires_at) == (new.scopes, new.expires_at)
            assert (token.family_id, token.grant_id) == (code.family_id, code.grant_id)
            assert (token.client_id, token.created_at) == (code.client_id, NOW + 7)
            assert (token.rotated_at, token.nonce) == (None, None)
            assert look_up.is_live(NOW + 8)

    def test_used_code_is_replayed_and_nothing_is_written(self, world: Scenario) -> None:
        issued = world.redeem()
        again = factories.redemption(issued.code)
        expected = Replayed(issued.code.family_id, world.grant.grant_id)
        assert world.storage.protocol.consume_code(again) == expected
        assert _left_no_token(world, again)
        assert world.is_live(issued.access)

    def test_used_code_is_replayed_however_old_it_is(self, world: Scenario) -> None:
        issued = world.redeem()
        again = factories.redemption(issued.code, now=issued.code.expires_at + 300 * MINUTE)
        assert isinstance(world.storage.protocol.consume_code(again), Replayed)

    def test_code_is_good_until_its_last_millisecond(self, world: Scenario) -> None:
        for now, outcome in ((NOW + MINUTE - 1, Consumed()), (NOW + MINUTE, Expired())):
            redemption = factories.redemption(world.issue(), now=now)
            assert world.storage.protocol.consume_code(redemption) == outcome
            assert _left_no_token(world, redemption) is (outcome == Expired())

    def test_expired_code_stays_unused(self, world: Scenario) -> None:
        code = world.issue()
        late = factories.redemption(code, now=NOW + MINUTE)
        assert world.storage.protocol.consume_code(late) == Expired()
        assert world.storage.protocol.consume_code(late) == Expired()
        assert world.storage.protocol.read_code(world.client.client_id, code.code_hash).code == code

    def test_unknown_code_is_unknown(self, world: Scenario) -> None:
        redemption = factories.redemption(factories.code(world.grant))
        assert world.storage.protocol.consume_code(redemption) == Unknown()
        assert _left_no_token(world, redemption)

    def test_foreign_client_learns_nothing_and_burns_nothing(self, storage: Storage, world: Scenario) -> None:
        code, stranger = world.issue(), populate(storage)
        theft = factories.redemption(code, client_id=stranger.client.client_id)
        assert storage.protocol.consume_code(theft) == Unknown()
        assert _left_no_token(world, theft)
        assert storage.protocol.consume_code(factories.redemption(code)) == Consumed()
        assert storage.protocol.consume_code(theft) == Unknown()

    @pytest.mark.parametrize("used", [False, True])
    @pytest.mark.parametrize("cause", ["grant ended", "grant over", "client disabled", "family killed"])
    def test_code_under_something_dead_is_unknown(self, storage: Storage, cause: str, used: bool) -> None:
        world = populate(storage, expires_at=NOW + 5000)
        code = world.issue()
        if used:
            assert storage.protocol.consume_code(factories.redemption(code)) == Consumed()
        if cause == "grant ended":
            world.end()
        elif cause == "client disabled":
            world.disable_client()
        elif cause == "family killed":
            assert storage.protocol.kill_family(code.family_id, NOW) is True
        late = factories.redemption(code, now=NOW + (5000 if cause == "grant over" else 4000))
        assert storage.protocol.consume_code(late) == Unknown()
        assert _left_no_token(world, late)

    def test_code_of_a_dead_grant_is_unknown_rather_than_expired(self, world: Scenario) -> None:
        code = world.issue()
        world.end()
        late = factories.redemption(code, now=code.expires_at)
        assert world.storage.protocol.consume_code(late) == Unknown()

    def test_families_are_killed_apart(self, world: Scenario) -> None:
        first, second = world.redeem(), world.redeem()
        assert world.storage.protocol.kill_family(first.code.family_id, NOW + 2000) is True
        assert not world.is_live(first.access)
        assert world.is_live(second.access)
