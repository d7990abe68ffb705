"""Requirements 45 to 53 of the security checklist: refresh tokens, by number."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from consentcore.api import AuthMethod, EventType, GrantState
from consentcore.domain.secret import digest

SECRET = "factories-client-secret"
DAY_S = 86_400
OFFLINE = ("comfort.read", "offline_access")


def refresh_end(scenario, token: str) -> int:
    """Seconds until a refresh token ends."""
    found = scenario.storage.protocol.find_token("app", digest(token)).token
    return (found.expires_at - scenario.clock.now()) // 1000


def test_45_a_refresh_token_always_comes_and_lives_for_a_day(scenario):
    assert refresh_end(scenario, scenario.tokens(scopes=("comfort.read",))["refresh_token"]) == DAY_S


def test_45_offline_access_makes_it_long_lived(scenario):
    assert refresh_end(scenario, scenario.tokens(scopes=OFFLINE)["refresh_token"]) == 180 * DAY_S


def test_45_no_refresh_token_outlives_its_grant(scenario):
    end = scenario.clock.now() + 3_600_000
    for scopes in (OFFLINE, ("comfort.read",)):
        grant = scenario.grant_for(scenario.client, OFFLINE, expires_at=end, changed_at=end - 30 * 86_400_000)
        first = scenario.tokens(grant=grant, scopes=scopes)["refresh_token"]
        assert refresh_end(scenario, first) == 3600
        assert refresh_end(scenario, scenario.refresh(first).json["refresh_token"]) == 3600


def test_45_a_refresh_token_is_bound_to_its_client(scenario):
    scenario.add_client("other")
    token = scenario.tokens()["refresh_token"]
    assert scenario.refresh(token, auth=("other", SECRET)).error == "invalid_grant"
    assert scenario.refresh(token).status == 200


def test_45_a_refresh_token_is_bound_to_its_grant(scenario):
    grant = scenario.grant_for(scenario.client)
    token = scenario.tokens(grant=grant)["refresh_token"]
    scenario.change_grant(grant, state=GrantState.WITHDRAWN)
    assert scenario.refresh(token).error == "invalid_grant"


def test_45_a_refresh_token_dies_with_its_client(scenario):
    token = scenario.tokens()["refresh_token"]
    scenario.update_client(scenario.client, enabled=False)
    assert scenario.refresh(token).error == "invalid_client"


def test_46_every_use_rotates_also_for_public_clients(scenario):
    public = scenario.add_client("public", auth_method=AuthMethod.NONE, secrets=())
    asked = {"auth": None, "client_id": "public"}
    code = scenario.code(public, code_challenge=scenario.challenge)
    first = scenario.exchange(code, code_verifier=scenario.verifier, **asked).json
    second = scenario.refresh(first["refresh_token"], **asked).json
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]


def test_47_reuse_after_the_grace_ends_the_family(scenario):
    first = scenario.tokens()
    second = scenario.refresh(first["refresh_token"]).json
    scenario.clock.advance(60_000)
    assert scenario.refresh(first["refresh_token"]).error == "invalid_grant"
    assert [what for _, _, what in scenario.alarms] == [EventType.REFRESH_REUSED]
    for token in (second["access_token"], second["refresh_token"], first["access_token"]):
        assert scenario.introspect(token) == {"active": False}
    assert scenario.refresh(second["refresh_token"]).error == "invalid_grant"
    assert len(scenario.alarms) == 1


def test_47_an_older_generation_ends_the_family_even_within_the_grace(scenario):
    first = scenario.tokens()["refresh_token"]
    second = scenario.refresh(first).json["refresh_token"]
    third = scenario.refresh(second).json["refresh_token"]
    assert scenario.refresh(first).error == "invalid_grant"
    assert len(scenario.alarms) == 1
    assert scenario.refresh(third).error == "invalid_grant"


def test_47_reuse_by_another_client_ends_nothing(scenario):
    scenario.add_client("other")
    first = scenario.tokens()["refresh_token"]
    second = scenario.refresh(first).json["refresh_token"]
    scenario.clock.advance(60_000)
    assert scenario.refresh(first, auth=("other", SECRET)).error == "invalid_grant"
    assert scenario.refresh(first, auth=("app", "wrong")).error == "invalid_client"
    assert scenario.alarms == []
    assert scenario.refresh(second).status == 200


def test_47_reuse_after_the_token_itself_ran_out_is_still_reuse(scenario):
    first = scenario.tokens()["refresh_token"]
    scenario.refresh(first)
    scenario.clock.advance(2 * DAY_S * 1000)
    assert scenario.refresh(first).error == "invalid_grant"
    assert len(scenario.alarms) == 1


@pytest.mark.parametrize("scope", ["device.act", "unknown", "comfort.read offline_access"])
def test_47_reuse_is_noticed_whatever_scope_is_asked(scenario, scope):
    first = scenario.tokens()["refresh_token"]
    second = scenario.refresh(first).json["refresh_token"]
    scenario.clock.advance(60_000)
    assert scenario.refresh(first, scope=scope).error == "invalid_grant"
    assert len(scenario.alarms) == 1
    assert scenario.refresh(second).error == "invalid_grant"


def test_47_reuse_is_noticed_when_the_grant_holds_nothing_of_its_scope_any_more(scenario):
    grant = scenario.grant_for(scenario.client)
    first = scenario.tokens(grant=grant)["refresh_token"]
    scenario.refresh(first)
    scenario.clock.advance(60_000)
    scenario.change_grant(grant, scopes=("offline_access@1",))
    assert scenario.refresh(first).error == "invalid_grant"
    assert len(scenario.alarms) == 1


def test_48_a_wider_scope_in_the_grace_gets_nothing_and_ends_nothing(scenario):
    first = scenario.tokens()["refresh_token"]
    second = scenario.refresh(first).json["refresh_token"]
    assert scenario.refresh(first, scope="device.act").error == "invalid_scope"
    assert scenario.alarms == []
    assert scenario.refresh(second).status == 200


def test_48_within_the_grace_the_predecessor_gets_the_same_tokens(scenario):
    first = scenario.tokens()["refresh_token"]
    second = scenario.refresh(first).json
    scenario.clock.advance(59_999)
    again = scenario.refresh(first)
    assert again.status == 200
    assert again.json == {**second, "expires_in": 3540}
    assert scenario.alarms == []
    assert scenario.refresh(second["refresh_token"]).status == 200


def test_48_the_grace_survives_a_restart_and_a_new_key(scenario):
    from consentcore.testing import fixed_keys

    first = scenario.tokens()["refresh_token"]
    second = scenario.refresh(first).json
    scenario.keys = fixed_keys("test2", "test1")
    scenario.server = scenario.make_server()
    assert scenario.refresh(first).json["refresh_token"] == second["refresh_token"]


def test_48_without_the_key_the_grace_is_over_and_nothing_is_killed(scenario):
    from consentcore.testing import fixed_keys

    first = scenario.tokens()["refresh_token"]
    second = scenario.refresh(first).json
    complete, scenario.keys = scenario.keys, fixed_keys("test2")
    scenario.server = scenario.make_server()
    assert scenario.refresh(first).error == "invalid_grant"
    # Nobody can tell any more who wrote the successor's row.
    assert scenario.refresh(second["refresh_token"]).error == "invalid_grant"
    scenario.keys = complete
    scenario.server = scenario.make_server()
    assert scenario.refresh(second["refresh_token"]).status == 200


def test_48_no_grace_for_a_revoked_token(scenario):
    first = scenario.tokens()["refresh_token"]
    second = scenario.refresh(first).json
    scenario.post("revoke", {"token": second["refresh_token"]})
    assert scenario.refresh(first).error == "invalid_grant"
    assert scenario.alarms == []


def test_48_no_grace_when_it_is_turned_off(make_scenario):
    scenario = make_scenario(refresh_grace_s=0)
    first = scenario.tokens()["refresh_token"]
    scenario.refresh(first)
    assert scenario.refresh(first).error == "invalid_grant"
    assert len(scenario.alarms) == 1


@pytest.mark.parametrize("before", [{}, {"scope": "energy.read"}], ids=["all", "other"])
def test_48_a_request_in_the_grace_gets_the_scope_that_it_asks_for(scenario, before):
    first = scenario.tokens()["refresh_token"]
    given = scenario.refresh(first, **before).json
    for scope in ("comfort.read", "energy.read comfort.read", "energy.read"):
        again = scenario.refresh(first, scope=scope).json
        assert set(again["scope"].split()) == set(scope.split())
        assert set(scenario.introspect(again["access_token"])["scope"].split()) == set(scope.split())
        assert (again["refresh_token"], again["expires_in"]) == (given["refresh_token"], 3600)
    assert scenario.refresh(first, **before).json["access_token"] == given["access_token"]
    assert scenario.alarms == []
    assert scenario.refresh(given["refresh_token"]).status == 200


def test_48_a_successor_that_is_used_meanwhile_ends_the_grace(scenario, monkeypatch):
    first = scenario.tokens()["refresh_token"]
    second = scenario.refresh(first).json["refresh_token"]
    rotate = scenario.storage.protocol.rotate_refresh

    def overtaken(rotation):
        if not rotation.rotate:
            scenario.refresh(second)
        return rotate(rotation)

    monkeypatch.setattr(scenario.storage.protocol, "rotate_refresh", overtaken)
    assert scenario.refresh(first, scope="energy.read").error == "invalid_grant"
    assert scenario.alarms == []


def test_49_many_at_once_get_the_same_answer(scenario):
    token = scenario.tokens()["refresh_token"]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: scenario.refresh(token), range(16)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.json["refresh_token"] for answer in answers}) == 1
    assert len({answer.json["access_token"] for answer in answers}) == 1
    assert scenario.alarms == []


def test_50_the_access_token_is_narrowed_and_the_refresh_token_keeps_the_scope(scenario):
    first = scenario.tokens()["refresh_token"]
    narrow = scenario.refresh(first, scope="energy.read").json
    assert narrow["scope"] == "energy.read"
    assert scenario.introspect(narrow["access_token"])["scope"] == "energy.read"
    assert scenario.introspect(narrow["refresh_token"])["scope"] == "comfort.read energy.read"
    assert scenario.refresh(narrow["refresh_token"]).json["scope"] == "comfort.read energy.read"


@pytest.mark.parametrize(
    "scope", ["comfort.read offline_access", "device.act", "unknown", " ", 'a"b', "a  b"]
)
def test_50_scope_never_widens(scenario, scope):
    first = scenario.tokens()["refresh_token"]
    assert scenario.refresh(first, scope=scope).error == "invalid_scope"
    assert scenario.refresh(first).status == 200


@pytest.mark.parametrize(
    "scope", ["comfort.read\tenergy.read", "comfort.read\nenergy.read", "é", "\0", 'a"b', "a" * 5000]
)
def test_50_a_malformed_scope_is_an_invalid_scope_and_costs_nothing(scenario, scope):
    """RFC 6749 section 5.2."""
    token = scenario.tokens()["refresh_token"]
    refused = scenario.refresh(token, scope=scope)
    assert (refused.status, refused.error) == (400, "invalid_scope")
    assert scenario.refresh(token).status == 200


def test_50_blanks_around_and_duplicates_do_not_matter(scenario):
    first = scenario.tokens()["refresh_token"]
    assert scenario.refresh(first, scope=" energy.read  energy.read ").json["scope"] == "energy.read"


def test_50_a_grant_that_was_narrowed_narrows_at_once(scenario):
    grant = scenario.grant_for(scenario.client)
    first = scenario.tokens(grant=grant)
    scenario.change_grant(grant, scopes=("energy.read@1",))
    assert scenario.introspect(first["access_token"])["scope"] == "energy.read"
    assert scenario.refresh(first["refresh_token"], scope="comfort.read").error == "invalid_scope"
    assert scenario.refresh(first["refresh_token"]).json["scope"] == "energy.read"


def test_51_without_offline_access_the_end_stays_where_it_was(scenario):
    token = scenario.tokens()["refresh_token"]
    for _ in range(3):
        scenario.clock.advance(DAY_S * 1000 // 4)
        token = scenario.refresh(token).json["refresh_token"]
    assert refresh_end(scenario, token) == DAY_S // 4
    scenario.clock.advance(DAY_S * 1000 // 4)
    assert scenario.refresh(token).error == "invalid_grant"


def test_51_with_offline_access_the_end_slides_up_to_the_grants(scenario):
    token = scenario.tokens(scopes=OFFLINE)["refresh_token"]
    scenario.clock.advance(100 * DAY_S * 1000)
    token = scenario.refresh(token).json["refresh_token"]
    assert refresh_end(scenario, token) == 180 * DAY_S
    scenario.clock.advance(179 * DAY_S * 1000)
    token = scenario.refresh(token).json["refresh_token"]
    assert refresh_end(scenario, token) == (365 - 279) * DAY_S


def test_53_an_access_token_is_no_refresh_token(scenario):
    tokens = scenario.tokens()
    assert scenario.refresh(tokens["access_token"]).error == "invalid_grant"
    assert scenario.exchange(tokens["refresh_token"]).error == "invalid_grant"


def test_53_a_refresh_token_does_not_look_like_an_access_token(scenario):
    tokens = scenario.tokens()
    assert scenario.introspect(tokens["refresh_token"])["token_type"] == "refresh_token"
    scenario.add_resource_server("api")
    assert scenario.introspect(tokens["refresh_token"], ("api", SECRET)) == {"active": False}


def test_49_many_at_once_with_different_wishes_share_the_successor(scenario):
    token = scenario.tokens()["refresh_token"]
    wishes = ["energy.read", "comfort.read"] * 8
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda scope: scenario.refresh(token, scope=scope), wishes))
    assert [answer.json["scope"] for answer in answers] == wishes
    assert len({answer.json["refresh_token"] for answer in answers}) == 1
    assert scenario.alarms == []


def test_a_lost_answer_costs_nothing_but_a_second_request(scenario):
    """The story of the grace: the client never saw the first answer."""
    token = scenario.tokens()["refresh_token"]
    scenario.refresh(token)
    recovered = scenario.refresh(token).json
    assert scenario.introspect(recovered["access_token"])["active"] is True
    scenario.clock.advance(60_000)
    assert scenario.refresh(recovered["refresh_token"]).status == 200
    assert scenario.alarms == []
