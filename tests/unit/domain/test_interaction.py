"""What is kept of an authorization request, byte by byte: seals of what waits depend on it."""

from __future__ import annotations

import json
from dataclasses import fields

from consentcore.domain.interaction import AuthorizationRequest
from consentcore.keys.seals import covered_text
from consentcore.testing import factories

PLAIN = AuthorizationRequest("app", "https://app.example/cb", True, ("a", "b"))
LONG = AuthorizationRequest(
    "app",
    "https://app.example/cb",
    False,
    ("a",),
    state="s",
    max_age=0,
    acr_values=("urn:gold", "urn:silver"),
    login_hint="ada@example.org",
    response_alg="ES256",
)


def test_a_request_that_asks_nothing_new_is_kept_as_releases_before_did():
    assert list(PLAIN.members()) == [
        *("client_id", "redirect_uri", "redirect_uri_given", "scopes", "state", "code_challenge"),
        *("prompt", "ui_locales", "audience", "confirmation"),
    ]
    sealed = covered_text(factories.interaction("app", request=PLAIN))
    assert (
        b'"request":{"client_id":"app","redirect_uri":"https://app.example/cb","redirect_uri_given":true,'
        b'"scopes":["a","b"],"state":null,"code_challenge":"","prompt":"","ui_locales":[],"audience":[],'
        b'"confirmation":""}' in sealed
    )


def test_what_was_kept_is_read_again():
    for request in (PLAIN, LONG):
        kept = json.loads(json.dumps(request.members()))
        assert AuthorizationRequest.of(kept) == request
        assert AuthorizationRequest.of({**kept, "of_a_later_release": [1]}) == request


def test_every_member_that_says_something_is_kept_and_sealed():
    later = {each.name for each in fields(AuthorizationRequest)} - set(PLAIN.members())
    assert later >= {"max_age", "acr_values", "login_hint", "response_alg"}
    assert {"max_age", "acr_values", "login_hint", "response_alg"} <= set(LONG.members())
    texts = {covered_text(factories.interaction("app", request=each)) for each in (PLAIN, LONG)}
    assert len(texts) == 2
