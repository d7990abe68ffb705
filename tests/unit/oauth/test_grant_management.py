"""Authorization requests, pushed or not, and token answers (Grant Management for OAuth 2.0 section 5)."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from consentcore.api import DAY, AuthMethod, GrantState
from consentcore.oauth.messages import Pending
from consentcore.testing import factories
from consentcore_memory import MemoryStorage
from tests.support.server_scenario import ServerScenario, core_settings


def begun(mode="on", **client):
    client = factories.client(client_id="app", **{"grant_management": True, **client})
    return ServerScenario.begin(MemoryStorage(), client=client, settings=core_settings(grant_management=mode))


@pytest.fixture
def scenario():
    return begun()


def refused(scenario, **parameters):
    """The error of a request, which is the same when it is pushed."""
    asked = {"response_type": "code", **parameters}
    found = scenario.answered(scenario.authorize(client_id="app", session=False, **asked))
    pushed = scenario.post("par", asked)
    assert (pushed.status, pushed.error) == (400, found["error"])
    assert pushed.json["error_description"] == found["error_description"]
    return found["error"], found["error_description"].partition(":")[0]


def test_action_and_grant_are_kept_of_a_request_pushed_or_not(scenario):
    grant = scenario.grant_for(scenario.client)
    asked = {"grant_management_action": "merge", "grant_id": grant.grant_id}
    plain = scenario.pending(**asked).request
    assert (plain.grant_action, plain.grant_id) == ("merge", grant.grant_id)
    uri = scenario.post("par", {"response_type": "code", **asked}).json["request_uri"]
    opened = scenario.authorize(client_id="app", request_uri=uri)
    assert isinstance(opened, Pending)
    assert (opened.request.grant_action, opened.request.grant_id) == ("merge", grant.grant_id)
    assert scenario.pending().request.grant_action == ""


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({"grant_id": "g"}, "grant_management_action"),
        ({"grant_management_action": "update", "grant_id": "g"}, "grant_management_action"),
        ({"grant_management_action": "query"}, "grant_management_action"),
        ({"grant_management_action": "create", "grant_id": "g"}, "grant_id"),
        ({"grant_management_action": "merge"}, "grant_id"),
        ({"grant_management_action": "replace"}, "grant_id"),
        ({"grant_management_action": "é"}, "grant_management_action"),
        ({"grant_management_action": "merge", "grant_id": "x" * 257}, "grant_id"),
    ],
)
def test_5_4_a_request_that_contradicts_itself_is_refused_by_the_name_of_the_parameter(
    scenario, parameters, name
):
    assert refused(scenario, **parameters) == ("invalid_request", name)


@pytest.mark.parametrize(
    "parameters",
    [
        {"grant_id": "é"},
        {"grant_id": "x" * 300},
        {"grant_management_action": "y" * 300, "grant_id": "\x00"},
        {"grant_management_action": "merge", "grant_id": "zz"},
    ],
)
def test_where_it_is_off_its_parameters_are_like_any_that_nobody_knows(parameters):
    scenario = begun("off")
    for asks in (pushed, pushed_as_json):
        asked = asks(scenario, parameters)
        assert (asked.request.grant_action, asked.request.grant_id) == ("", "")
    assert scenario.pending() == scenario.pending(**parameters)


def pushed(scenario, parameters):
    answer = scenario.post("par", {"response_type": "code", **parameters})
    assert answer.status == 201, answer.json
    return scenario.authorize(client_id="app", request_uri=answer.json["request_uri"])


def pushed_as_json(scenario, parameters):
    """As members of a JSON body, one of them of a kind that no parameter has."""
    body = {"response_type": "code", **parameters, "grant_id": [1]}
    headers = {"content-type": "application/json"}
    answer = scenario.post("par", headers=headers, body=json.dumps(body).encode())
    assert answer.status == 201, answer.json
    return scenario.authorize(client_id="app", request_uri=answer.json["request_uri"])


def test_5_4_an_action_is_demanded_where_it_is_required():
    scenario = begun("required")
    assert refused(scenario) == ("invalid_request", "grant_management_action")
    assert scenario.pending(grant_management_action="create").request.grant_action == "create"


def test_5_1_never_a_public_client():
    scenario = begun(auth_method=AuthMethod.NONE, secrets=())
    pkce = {"code_challenge": scenario.challenge, "code_challenge_method": "S256"}
    found = scenario.answered(
        scenario.authorize(client_id="app", response_type="code", grant_management_action="create", **pkce)
    )
    assert found["error"] == "invalid_request"


def test_a_client_that_is_not_registered_for_it_may_not():
    assert refused(begun(grant_management=False), grant_management_action="create") == (
        "invalid_request",
        "grant_management_action",
    )


def test_where_it_is_off_nobody_knows_the_parameters():
    scenario = begun("off")
    asked = scenario.pending(grant_management_action="nonsense", grant_id="x").request
    assert (asked.grant_action, asked.grant_id) == ("", "")
    told = scenario.server.metadata()
    assert not [name for name in told if name.startswith("grant_management")]
    assert "client_credentials" not in told["grant_types_supported"]
    assert "grant_id" not in scenario.tokens()
    assert scenario.post("token", {"grant_type": "client_credentials"}).error == "unsupported_grant_type"


def test_5_4_other_peoples_grants_are_like_those_that_never_were(scenario):
    """Section 10: an id is no secret, and tells nobody anything."""
    other, owner = scenario.add_client("other", grant_management=True), factories.owner()
    theirs = scenario.grant_for(other)
    ended = factories.grant(owner.owner_id, "app", state=GrantState.WITHDRAWN)
    over = factories.grant(owner.owner_id, "app", expires_at=scenario.clock.now())
    with scenario.storage.transaction() as uow:
        uow.owners.add(owner)
        uow.grants.add(ended)
        uow.grants.add(over)
    told = {
        refused(scenario, grant_management_action=action, grant_id=grant_id)
        for action in ("merge", "replace")
        for grant_id in ("never", theirs.grant_id, ended.grant_id, over.grant_id)
    }
    assert told == {("invalid_grant_id", "grant_id")}


def test_5_5_the_answer_of_the_token_endpoint_names_the_grant(scenario):
    tokens = scenario.tokens()
    grant = scenario.grant_for(scenario.client)
    assert tokens["grant_id"] == grant.grant_id
    assert scenario.refresh(tokens["refresh_token"]).json["grant_id"] == grant.grant_id
    scenario.update_client(scenario.client, grant_management=False)
    assert "grant_id" not in scenario.tokens()


@pytest.mark.parametrize(("mode", "required"), [("on", False), ("required", True)])
def test_7_1_metadata_says_what_is_there(mode, required):
    told = begun(mode).server.metadata()
    assert told["grant_management_endpoint"] == "https://consent.example/ecostruxure/v1/oauth/grants"
    assert told["grant_management_actions_supported"] == ["query", "revoke", "create", "merge", "replace"]
    assert told["grant_management_action_required"] is required
    assert {"grant_management_query", "grant_management_revoke"} <= set(told["scopes_supported"])
    assert "client_credentials" in told["grant_types_supported"]


# --- refresh tokens of before (section 5.2) ---


def superseded(scenario, grant):
    return scenario.change_grant(grant, refresh_from=scenario.clock.now())


def test_5_2_refresh_tokens_of_before_a_change_are_dead_and_access_tokens_are_not(scenario):
    before = scenario.tokens()
    scenario.clock.advance(1000)
    superseded(scenario, scenario.grant_for(scenario.client))
    assert scenario.refresh(before["refresh_token"]).error == "invalid_grant"
    assert scenario.introspect(before["refresh_token"]) == {"active": False}
    assert scenario.introspect(before["access_token"])["active"] is True
    after = scenario.tokens()
    assert scenario.refresh(after["refresh_token"]).status == 200
    assert scenario.alarms == [], "nobody has stolen anything"


def test_5_2_within_the_grace_the_predecessor_gives_nothing_either(scenario):
    first = scenario.tokens()
    assert scenario.refresh(first["refresh_token"]).status == 200
    scenario.clock.advance(1000)
    superseded(scenario, scenario.grant_for(scenario.client))
    assert scenario.refresh(first["refresh_token"]).error == "invalid_grant"


def test_5_2_a_code_of_before_gives_nothing(scenario):
    code = scenario.code()
    scenario.clock.advance(1000)
    superseded(scenario, scenario.grant_for(scenario.client))
    assert scenario.exchange(code).error == "invalid_grant"


@pytest.mark.parametrize("verb", ["consume_code", "rotate_refresh"])
def test_5_2_what_is_exchanged_while_the_grant_is_being_changed_is_of_before(scenario, monkeypatch, verb):
    code, grant = scenario.code(), scenario.grant_for(scenario.client)
    before = scenario.exchange(code).json if verb == "rotate_refresh" else {}
    protocol = type(scenario.storage.protocol)
    store = getattr(protocol, verb)

    def late(self, exchange):
        superseded(scenario, grant)
        return store(self, exchange)

    scenario.clock.advance(1000)
    monkeypatch.setattr(protocol, verb, late)
    given = scenario.refresh(before["refresh_token"]) if before else scenario.exchange(code)
    monkeypatch.undo()
    assert given.status == 200
    assert scenario.refresh(given.json["refresh_token"]).error == "invalid_grant"
    assert scenario.introspect(given.json["refresh_token"]) == {"active": False}
    assert scenario.alarms == []


def test_code_of_a_node_whose_clock_is_behind_is_not_of_before(scenario):
    """The grant was just changed where the clock is ahead."""
    grant = scenario.grant_for(scenario.client)
    changed = scenario.change_grant(grant, refresh_from=scenario.clock.now() + 2000)
    request = scenario.pending().request
    redirect = scenario.server.authorization.issue_code(request, changed)
    tokens = scenario.exchange(parse_qs(urlsplit(redirect.url).query)["code"][0])
    assert tokens.status == 200
    assert scenario.refresh(tokens.json["refresh_token"]).status == 200


def test_tokens_of_a_node_whose_clock_is_behind_are_not_older_than_their_code(scenario):
    grant, now = scenario.grant_for(scenario.client), scenario.clock.now()
    scenario.change_grant(grant, refresh_from=now + 2000)
    ahead = scenario.code(created_at=now + 2000, expires_at=now + DAY)
    tokens = scenario.exchange(ahead).json
    renewed = scenario.refresh(tokens["refresh_token"])
    assert renewed.status == 200
    assert scenario.refresh(renewed.json["refresh_token"]).status == 200
