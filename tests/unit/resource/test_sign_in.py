"""What an API demands of the sign-in (RFC 9470 section 3): middleware, view decorator, and what nginx asks."""

from __future__ import annotations

import math

import pytest
from pyramid.config import Configurator
from webtest import TestApp

from consentcore.resource import BearerMiddleware, SignIn, Token
from consentcore.resource.auth_request import AuthRequest
from consentcore.resource.pyramid import needs_token
from tests.unit.resource.test_bearer import inner

NOW = 1_800_000_000
GOLD, SILVER = "urn:example:gold", "urn:example:silver"


class Says:
    """A checker that says of every token what it was told."""

    def __init__(self, claims):
        self._claims = {"sub": "s-1", "scope": "rooms.read", **claims}

    def check(self, _token):
        return Token(self._claims)


def asked(claims, sign_in, scopes=("rooms.read",), **options):
    app = TestApp(BearerMiddleware(inner, Says(claims), scopes=scopes, sign_in=sign_in, realm="rooms"))
    return app.get("/", headers={"Authorization": "Bearer t"}, expect_errors=True, **options)


def at_now(acr_values=(), max_age=None):
    return SignIn(acr_values, max_age, clock=lambda: NOW)


@pytest.mark.parametrize(
    ("demanded", "claims", "good"),
    [
        (at_now(), {}, True),
        (at_now([GOLD]), {"acr": GOLD}, True),
        (at_now(GOLD), {"acr": GOLD}, True),
        (at_now([SILVER, GOLD]), {"acr": GOLD}, True),
        (at_now([SILVER]), {"acr": GOLD}, False),
        (at_now([SILVER]), {}, False),
        (at_now([SILVER]), {"acr": [SILVER]}, False),
        (at_now(max_age=300), {"auth_time": NOW - 300}, True),
        (at_now(max_age=300), {"auth_time": NOW - 310}, True),
        (at_now(max_age=300), {"auth_time": NOW - 311}, False),
        (at_now(max_age=0), {"auth_time": NOW - 5}, True),
        (at_now(max_age=300), {}, False),
        (at_now(max_age=300), {"auth_time": True}, False),
        (at_now(max_age=300), {"auth_time": "1800000000"}, False),
        (at_now(max_age=300), {"auth_time": math.nan}, False),
        (at_now([GOLD], 300), {"auth_time": NOW, "acr": SILVER}, False),
        (at_now([GOLD], 300), {"auth_time": NOW - 400, "acr": GOLD}, False),
        (at_now([GOLD], 300), {"auth_time": NOW, "acr": GOLD}, True),
    ],
    ids=range(18),
)
def test_a_token_counts_if_its_owner_signed_in_as_is_demanded(demanded, claims, good):
    assert asked(claims, demanded).status_int == (200 if good else 401)


def test_the_challenge_says_what_is_needed():
    """Section 3, and RFC 6750 section 3 for the scopes, so that one round is enough for both."""
    refused = asked({"acr": SILVER}, at_now([GOLD, "urn:example:platinum"], 300), ("rooms.read", "other"))
    assert refused.status_int == 401
    assert refused.headers["WWW-Authenticate"] == (
        'Bearer realm="rooms", error="insufficient_user_authentication", '
        'error_description="Another kind of sign-in is needed", scope="rooms.read other", '
        'acr_values="urn:example:gold urn:example:platinum", max_age="300"'
    )
    refused = asked({"auth_time": 0}, at_now(max_age=0))
    assert 'max_age="0"' in refused.headers["WWW-Authenticate"]
    assert "acr_values" not in refused.headers["WWW-Authenticate"]


def test_what_is_demanded_may_hang_on_the_request():
    def demanded(environ):
        return at_now([GOLD]) if environ["PATH_INFO"] == "/doors" else None

    app = TestApp(BearerMiddleware(inner, Says({}), scopes=["rooms.read"], sign_in=demanded))
    bearer = {"Authorization": "Bearer t"}
    assert app.get("/rooms", headers=bearer).status_int == 200
    assert app.get("/doors", headers=bearer, status=401)


@pytest.mark.parametrize(("acr", "status"), [(GOLD, 200), (SILVER, 401)])
def test_a_view_demands_it(acr, status):
    config = Configurator()
    config.include("consentcore.resource.pyramid")
    config.set_token_checker(Says({"acr": acr, "auth_time": 9e9}))
    config.add_route("rooms", "/")
    config.add_view(
        lambda request: request.token.subject,
        route_name="rooms",
        decorator=needs_token("rooms.read", acr_values=[GOLD], max_age=60),
        renderer="string",
    )
    found = TestApp(config.make_wsgi_app()).get("/", headers={"Authorization": "Bearer t"}, status=status)
    assert ("insufficient_user_authentication" in found.headers.get("WWW-Authenticate", "")) is (
        status == 401
    )


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("scope=rooms.read", 204),
        (f"scope=rooms.read&acr_values={GOLD}", 204),
        (f"acr_values={SILVER}+{GOLD}&max_age=60", 204),
        (f"acr_values={SILVER}", 401),
    ],
)
def test_nginx_demands_it_by_the_url_that_it_asks(query, status):
    app = TestApp(AuthRequest(Says({"acr": GOLD, "auth_time": 9e9})))
    headers = {"Authorization": "Bearer t", "X-Original-URI": "/rooms"}
    assert app.get(f"/?{query}", headers=headers, status=status)


def test_what_cannot_be_demanded_lets_nobody_in():
    for max_age in ("-1", "soon"):
        with pytest.raises(ValueError, match=r"max_age|invalid literal"):
            TestApp(AuthRequest(Says({}))).get(f"/?max_age={max_age}", headers={"Authorization": "Bearer t"})
    for acr_values in (["two words"], [""], ['quoted"']):
        with pytest.raises(ValueError, match="acr_values"):
            SignIn(acr_values)
