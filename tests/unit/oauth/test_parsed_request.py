"""oauthlib's request, made without parsing once more."""

from __future__ import annotations

import pytest
from oauthlib.common import Request

from consentcore.oauth.parsed_request import ParsedRequest

READ = {
    "token": {"token": "abc", "client_id": "app"},
    "quotes and bars": {"scope": 'a "b" |', "state": "x=1&y=%41+é"},
    "nothing": {},
}


@pytest.mark.parametrize("parameters", READ.values(), ids=READ)
def test_oauthlib_finds_what_its_own_request_would_have(parameters):
    own, ours = Request("", "POST", dict(parameters)), ParsedRequest("POST", parameters)
    assert ours._params == own._params
    assert (ours.http_method, ours.uri, dict(ours.headers)) == (own.http_method, own.uri, dict(own.headers))
    assert (ours.uri_query, ours.uri_query_params) == (own.uri_query, own.uri_query_params)
    assert ours.duplicate_params == own.duplicate_params == []
    assert sorted(ours.decoded_body) == sorted(own.decoded_body or [])


def test_every_attribute_of_oauthlibs_request_is_there():
    assert set(vars(Request(""))) <= set(vars(ParsedRequest("GET", {})))


def test_one_request_says_nothing_of_another():
    ParsedRequest("POST", {"user": "ada"}).client = "app"
    assert ParsedRequest("POST", {}).user is None


def test_no_parameter_takes_the_place_of_what_the_request_is():
    request = ParsedRequest(
        "POST", {"body": "x", "headers": "x", "uri": "x", "http_method": "x", "scope": "y"}
    )
    assert (request.headers, request.uri, request.http_method, request.scope) == ({}, "", "POST", "y")
    assert request.body["body"] == "x"
