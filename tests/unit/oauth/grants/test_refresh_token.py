"""Requirements 45 to 53 of the security checklist: refresh tokens, by number."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from consentcore.api import AuthMethod, EventType, GrantState
from consentcore.domain.secret import digest

SECRET = "factories-client-secret"
DAY_S = 86_400
OFFLINE = ("comfort.read", "offline_access")


def refresh_end(house, token: str) -> int:
    """Seconds until a refresh token ends."""
    found = house.storage.protocol.find_token("app", digest(token)).token
    return (found.expires_at - house.clock.now()) // 1000


def test_45_a_refresh_token_always_comes_and_lives_for_a_day(house):
    assert refresh_end(house, house.tokens(scopes=("comfort.read",))["refresh_token"]) == DAY_S


def test_45_offline_access_makes_it_long_lived(house):
    assert refresh_end(house, house.tokens(scopes=OFFLINE)["refresh_token"]) == 180 * DAY_S


def test_45_no_refresh_token_outlives_its_grant(house):
    end = house.clock.now() + 3_600_000
    for scopes in (OFFLINE, ("comfort.read",)):
        grant = house.grant_for(house.client, OFFLINE, expires_at=end)
        first = house.tokens(grant=grant, scopes=scopes)["refresh_token"]
        assert refresh_end(house, first) == 3600
        assert refresh_end(house, house.refresh(first).json["refresh_token"]) == 3600


def test_45_a_refresh_token_is_bound_to_its_client(house):
    house.add_client("other")
    token = house.tokens()["refresh_token"]
    assert house.refresh(token, auth=("other", SECRET)).error == "invalid_grant"
    assert house.refresh(token).status == 200


def test_45_a_refresh_token_is_bound_to_its_grant(house):
    grant = house.grant_for(house.client)
    token = house.tokens(grant=grant)["refresh_token"]
    house.change_grant(grant, state=GrantState.WITHDRAWN)
    assert house.refresh(token).error == "invalid_grant"


def test_45_a_refresh_token_dies_with_its_client(house):
    token = house.tokens()["refresh_token"]
    house.update_client(house.client, enabled=False)
    assert house.refresh(token).error == "invalid_client"


def test_46_every_use_rotates_also_for_public_clients(house):
    public = house.add_client("public", auth_method=AuthMethod.NONE, secrets=())
    asked = {"auth": None, "client_id": "public"}
    code = house.code(public, code_challenge=house.challenge)
    first = house.redeem(code, code_verifier=house.verifier, **asked).json
    second = house.refresh(first["refresh_token"], **asked).json
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]


def test_47_reuse_after_the_grace_ends_the_family(house):
    first = house.tokens()
    second = house.refresh(first["refresh_token"]).json
    house.clock.advance(60_000)
    assert house.refresh(first["refresh_token"]).error == "invalid_grant"
    assert [what for _, _, what in house.alarms] == [EventType.REFRESH_REUSED]
    for token in (second["access_token"], second["refresh_token"], first["access_token"]):
        assert house.introspect(token) == {"active": False}
    assert house.refresh(second["refresh_token"]).error == "invalid_grant"
    assert len(house.alarms) == 1


def test_47_an_older_generation_ends_the_family_even_within_the_grace(house):
    first = house.tokens()["refresh_token"]
    second = house.refresh(first).json["refresh_token"]
    third = house.refresh(second).json["refresh_token"]
    assert house.refresh(first).error == "invalid_grant"
    assert len(house.alarms) == 1
    assert house.refresh(third).error == "invalid_grant"


def test_47_reuse_by_another_client_ends_nothing(house):
    house.add_client("other")
    first = house.tokens()["refresh_token"]
    second = house.refresh(first).json["refresh_token"]
    house.clock.advance(60_000)
    assert house.refresh(first, auth=("other", SECRET)).error == "invalid_grant"
    assert house.refresh(first, auth=("app", "wrong")).error == "invalid_client"
    assert house.alarms == []
    assert house.refresh(second).status == 200


def test_47_reuse_after_the_token_itself_ran_out_is_still_reuse(house):
    first = house.tokens()["refresh_token"]
    house.refresh(first)
    house.clock.advance(2 * DAY_S * 1000)
    assert house.refresh(first).error == "invalid_grant"
    assert len(house.alarms) == 1


@pytest.mark.parametrize("scope", ["device.act", "unknown", "comfort.read offline_access"])
def test_47_reuse_is_noticed_whatever_scope_is_asked(house, scope):
    first = house.tokens()["refresh_token"]
    second = house.refresh(first).json["refresh_token"]
    house.clock.advance(60_000)
    assert house.refresh(first, scope=scope).error == "invalid_grant"
    assert len(house.alarms) == 1
    assert house.refresh(second).error == "invalid_grant"


def test_47_reuse_is_noticed_when_the_grant_holds_nothing_of_its_scope_any_more(house):
    grant = house.grant_for(house.client)
    first = house.tokens(grant=grant)["refresh_token"]
    house.refresh(first)
    house.clock.advance(60_000)
    house.change_grant(grant, scopes=("offline_access@1",))
    assert house.refresh(first).error == "invalid_grant"
    assert len(house.alarms) == 1


def test_48_a_wider_scope_in_the_grace_gets_nothing_and_ends_nothing(house):
    first = house.tokens()["refresh_token"]
    second = house.refresh(first).json["refresh_token"]
    assert house.refresh(first, scope="device.act").error == "invalid_scope"
    assert house.alarms == []
    assert house.refresh(second).status == 200


def test_48_within_the_grace_the_predecessor_gets_the_same_tokens(house):
    first = house.tokens()["refresh_token"]
    second = house.refresh(first).json
    house.clock.advance(59_999)
    again = house.refresh(first)
    assert again.status == 200
    assert again.json == {**second, "expires_in": 3540}
    assert house.alarms == []
    assert house.refresh(second["refresh_token"]).status == 200


def test_48_the_grace_survives_a_restart_and_a_new_key(house):
    from consentcore.testing import fixed_keys

    first = house.tokens()["refresh_token"]
    second = house.refresh(first).json
    house.keys = fixed_keys("test2", "test1")
    house.server = house.make_server()
    assert house.refresh(first).json["refresh_token"] == second["refresh_token"]


def test_48_without_the_key_the_grace_is_over_and_nothing_is_killed(house):
    from consentcore.testing import fixed_keys

    first = house.tokens()["refresh_token"]
    second = house.refresh(first).json
    house.keys = fixed_keys("test2")
    house.server = house.make_server()
    assert house.refresh(first).error == "invalid_grant"
    assert house.refresh(second["refresh_token"]).status == 200


def test_48_no_grace_for_a_revoked_token(house):
    first = house.tokens()["refresh_token"]
    second = house.refresh(first).json
    house.post("revoke", {"token": second["refresh_token"]})
    assert house.refresh(first).error == "invalid_grant"
    assert house.alarms == []


def test_48_no_grace_when_it_is_turned_off(make_house):
    house = make_house(refresh_grace_s=0)
    first = house.tokens()["refresh_token"]
    house.refresh(first)
    assert house.refresh(first).error == "invalid_grant"
    assert len(house.alarms) == 1


@pytest.mark.parametrize("before", [{}, {"scope": "energy.read"}], ids=["all", "other"])
def test_48_a_request_in_the_grace_gets_the_scope_that_it_asks_for(house, before):
    first = house.tokens()["refresh_token"]
    given = house.refresh(first, **before).json
    for scope in ("comfort.read", "energy.read comfort.read", "energy.read"):
        again = house.refresh(first, scope=scope).json
        assert set(again["scope"].split()) == set(scope.split())
        assert set(house.introspect(again["access_token"])["scope"].split()) == set(scope.split())
        assert (again["refresh_token"], again["expires_in"]) == (given["refresh_token"], 3600)
    assert house.refresh(first, **before).json["access_token"] == given["access_token"]
    assert house.alarms == []
    assert house.refresh(given["refresh_token"]).status == 200


def test_48_a_successor_that_is_used_meanwhile_ends_the_grace(house, monkeypatch):
    first = house.tokens()["refresh_token"]
    second = house.refresh(first).json["refresh_token"]
    rotate = house.storage.protocol.rotate_refresh

    def overtaken(rotation):
        if not rotation.rotate:
            house.refresh(second)
        return rotate(rotation)

    monkeypatch.setattr(house.storage.protocol, "rotate_refresh", overtaken)
    assert house.refresh(first, scope="energy.read").error == "invalid_grant"
    assert house.alarms == []


def test_49_many_at_once_get_the_same_answer(house):
    token = house.tokens()["refresh_token"]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: house.refresh(token), range(16)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.json["refresh_token"] for answer in answers}) == 1
    assert len({answer.json["access_token"] for answer in answers}) == 1
    assert house.alarms == []


def test_50_the_access_token_is_narrowed_and_the_refresh_token_keeps_the_scope(house):
    first = house.tokens()["refresh_token"]
    narrow = house.refresh(first, scope="energy.read").json
    assert narrow["scope"] == "energy.read"
    assert house.introspect(narrow["access_token"])["scope"] == "energy.read"
    assert house.introspect(narrow["refresh_token"])["scope"] == "comfort.read energy.read"
    assert house.refresh(narrow["refresh_token"]).json["scope"] == "comfort.read energy.read"


@pytest.mark.parametrize(
    "scope", ["comfort.read offline_access", "device.act", "unknown", " ", 'a"b', "a  b"]
)
def test_50_scope_never_widens(house, scope):
    first = house.tokens()["refresh_token"]
    assert house.refresh(first, scope=scope).error == "invalid_scope"
    assert house.refresh(first).status == 200


@pytest.mark.parametrize(
    "scope", ["comfort.read\tenergy.read", "comfort.read\nenergy.read", "é", "\0", 'a"b', "a" * 5000]
)
def test_50_a_malformed_scope_is_an_invalid_scope_and_costs_nothing(house, scope):
    """RFC 6749 section 5.2."""
    token = house.tokens()["refresh_token"]
    refused = house.refresh(token, scope=scope)
    assert (refused.status, refused.error) == (400, "invalid_scope")
    assert house.refresh(token).status == 200


def test_50_blanks_around_and_duplicates_do_not_matter(house):
    first = house.tokens()["refresh_token"]
    assert house.refresh(first, scope=" energy.read  energy.read ").json["scope"] == "energy.read"


def test_50_a_grant_that_was_narrowed_narrows_at_once(house):
    grant = house.grant_for(house.client)
    first = house.tokens(grant=grant)
    house.change_grant(grant, scopes=("energy.read@1",))
    assert house.introspect(first["access_token"])["scope"] == "energy.read"
    assert house.refresh(first["refresh_token"], scope="comfort.read").error == "invalid_scope"
    assert house.refresh(first["refresh_token"]).json["scope"] == "energy.read"


def test_51_without_offline_access_the_end_stays_where_it_was(house):
    token = house.tokens()["refresh_token"]
    for _ in range(3):
        house.clock.advance(DAY_S * 1000 // 4)
        token = house.refresh(token).json["refresh_token"]
    assert refresh_end(house, token) == DAY_S // 4
    house.clock.advance(DAY_S * 1000 // 4)
    assert house.refresh(token).error == "invalid_grant"


def test_51_with_offline_access_the_end_slides_up_to_the_grants(house):
    token = house.tokens(scopes=OFFLINE)["refresh_token"]
    house.clock.advance(100 * DAY_S * 1000)
    token = house.refresh(token).json["refresh_token"]
    assert refresh_end(house, token) == 180 * DAY_S
    house.clock.advance(179 * DAY_S * 1000)
    token = house.refresh(token).json["refresh_token"]
    assert refresh_end(house, token) == (365 - 279) * DAY_S


def test_53_an_access_token_is_no_refresh_token(house):
    tokens = house.tokens()
    assert house.refresh(tokens["access_token"]).error == "invalid_grant"
    assert house.redeem(tokens["refresh_token"]).error == "invalid_grant"


def test_53_a_refresh_token_does_not_look_like_an_access_token(house):
    tokens = house.tokens()
    assert house.introspect(tokens["refresh_token"])["token_type"] == "refresh_token"
    house.add_resource_server("api")
    assert house.introspect(tokens["refresh_token"], ("api", SECRET)) == {"active": False}


def test_49_many_at_once_with_different_wishes_share_the_successor(house):
    token = house.tokens()["refresh_token"]
    wishes = ["energy.read", "comfort.read"] * 8
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda scope: house.refresh(token, scope=scope), wishes))
    assert [answer.json["scope"] for answer in answers] == wishes
    assert len({answer.json["refresh_token"] for answer in answers}) == 1
    assert house.alarms == []


def test_a_lost_answer_costs_nothing_but_a_second_request(house):
    """The story of the grace: the client never saw the first answer."""
    token = house.tokens()["refresh_token"]
    house.refresh(token)
    recovered = house.refresh(token).json
    assert house.introspect(recovered["access_token"])["active"] is True
    house.clock.advance(60_000)
    assert house.refresh(recovered["refresh_token"]).status == 200
    assert house.alarms == []
