"""A grant type is one file and one line of the list: everything else learns of it from there."""

from __future__ import annotations

import json

import pytest

from consentcore.oauth.errors import bad_request
from consentcore.oauth.grants import GRANT_TYPES
from consentcore.oauth.grants.exchange import GrantType
from consentcore.oauth.responses import json_answer
from consentcore.oauth.token_endpoint import token_parameters


class Echo(GrantType):
    """What the file of a further grant type would hold."""

    NAME = "urn:example:echo"
    PARAMETERS = {"word": 5, "resource": 3000}  # noqa: RUF012 - as short as a file can be

    def exchange(self, http, credentials, parameters):
        if "word" not in parameters:
            raise bad_request("word: expected")
        found = self._server.storage.protocol.read_authorize(credentials.client_id, None, 0)
        self._server.authenticator.authenticate("token", http, credentials, found.client, 0)
        return json_answer({"word": parameters["word"]})


@pytest.fixture
def echoing(scenario):
    scenario.server = scenario.make_server(grant_types=(*GRANT_TYPES, Echo))
    return scenario


def test_the_token_endpoint_exchanges_it(echoing):
    answer = echoing.post("token", {"grant_type": Echo.NAME, "word": "hello"})
    assert (answer.status, answer.json) == (200, {"word": "hello"})
    assert echoing.post("token", {"grant_type": Echo.NAME}).json["error_description"] == "word: expected"
    refused = echoing.post("token", {"grant_type": Echo.NAME, "word": "hello"}, auth=("app", "wrong"))
    assert (refused.status, refused.error) == (401, "invalid_client")


def test_its_parameters_are_held_to_their_limits(echoing, scenario):
    answer = echoing.post("token", {"grant_type": Echo.NAME, "word": "longer"})
    assert answer.json["error_description"] == "word: expected at most 5 characters"
    body = json.dumps({"grant_type": Echo.NAME, "word": ["a"]}).encode()
    answer = echoing.post("token", headers={"content-type": "application/json"}, body=body)
    assert answer.json["error_description"] == "word: expected a string"
    # Of two grant types that differ the longer limit counts; where it is not in the list, the name is unknown.
    assert token_parameters([*GRANT_TYPES, Echo])["resource"] == 3000
    assert token_parameters(GRANT_TYPES)["resource"] == 2000
    assert "word" not in token_parameters(GRANT_TYPES)


def test_the_metadata_and_the_messages_name_it(echoing):
    names = ["authorization_code", "refresh_token", Echo.NAME]
    assert echoing.server.metadata()["grant_types_supported"] == names
    expected = f"grant_type: expected authorization_code, refresh_token or {Echo.NAME}"
    for parameters, error in (
        ({}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ):
        answer = echoing.post("token", parameters)
        assert (answer.status, answer.json) == (400, {"error": error, "error_description": expected})


def test_without_its_line_there_is_no_such_grant_type(scenario):
    answer = scenario.post("token", {"grant_type": Echo.NAME, "word": "hello"})
    assert answer.json == {
        "error": "unsupported_grant_type",
        "error_description": "grant_type: expected authorization_code or refresh_token",
    }
    assert scenario.server.metadata()["grant_types_supported"] == ["authorization_code", "refresh_token"]


def test_the_others_go_on_beside_it(echoing):
    tokens = echoing.tokens()
    assert echoing.refresh(tokens["refresh_token"]).status == 200
