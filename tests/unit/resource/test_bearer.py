"""Requests and refusals (RFC 6750): middleware, view decorator, and what nginx asks."""

from __future__ import annotations

from wsgiref.util import setup_testing_defaults

import pytest
from pyramid.config import Configurator
from webtest import TestApp

from consentcore.resource import BearerMiddleware, Refused, Token, Unavailable
from consentcore.resource.auth_request import AuthRequest, from_environment
from consentcore.resource.introspection import Introspection
from consentcore.resource.jwt import JwtVerifier
from consentcore.resource.pyramid import needs_token

GOOD = Token({"sub": "s-1", "client_id": "app", "scope": "rooms.read meters.read", "grant_id": "g-1"})


class Known:
    """A checker that knows one token."""

    def check(self, token):
        if token == "down":
            raise Unavailable("nobody answers", 7.2)
        if token != "good":
            raise Refused(401, "invalid_token", 'it is "bad"')
        return GOOD


def inner(environ, start_response):
    token = environ.get("consentcore.token")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [(token.subject if token else "nobody").encode()]


def as_middleware(*scopes):
    return TestApp(BearerMiddleware(inner, Known(), scopes=scopes, realm="rooms"))


def as_view(*scopes):
    config = Configurator()
    config.include("consentcore.resource.pyramid")
    config.set_token_checker(Known(), realm="rooms")
    config.add_route("rooms", "/")
    config.add_view(
        lambda request: request.token.subject,
        route_name="rooms",
        decorator=needs_token(*scopes),
        renderer="string",
    )
    return TestApp(config.make_wsgi_app())


@pytest.fixture(params=[as_middleware, as_view])
def protected(request):
    return request.param


def ask(app, authorization=None, path="/", **options):
    headers = {"Authorization": authorization} if authorization is not None else {}
    return app.get(path, headers=headers, expect_errors=True, **options)


def test_a_good_token_gives_the_claims_to_the_application(protected):
    for scheme in ("Bearer", "bearer", "BEARER"):
        answer = ask(protected("rooms.read"), f"{scheme} good")
        assert (answer.status_int, answer.text) == (200, "s-1")


@pytest.mark.parametrize("authorization", [None, "", "Basic YTpi", "good", "Digest x"])
def test_without_a_token_there_is_no_error_code(protected, authorization):
    answer = ask(protected("rooms.read"), authorization)
    assert answer.status_int == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="rooms", scope="rooms.read"'


def test_challenge_of_a_realm_without_a_name_is_one_still():
    """RFC 6750 section 3: at least one member follows the scheme."""
    app = TestApp(BearerMiddleware(inner, Known(), realm=""))
    assert ask(app).headers["WWW-Authenticate"] == 'Bearer realm=""'
    assert ask(app, "Bearer unknown").headers["WWW-Authenticate"].startswith('Bearer error="invalid_token"')


def test_a_bad_token_is_invalid(protected):
    answer = ask(protected(), "Bearer unknown")
    assert answer.status_int == 401
    expected = 'Bearer realm="rooms", error="invalid_token", error_description="it is ?bad?"'
    assert answer.headers["WWW-Authenticate"] == expected
    assert answer.headers["Cache-Control"] == "no-store"
    assert ask(protected(), "Bearer " + "x" * 8193).status_int == 401


@pytest.mark.parametrize(
    "text", ["Bearer", "Bearer  ", "Bearer a b", "Bearer good, Bearer good", "Bearer gé", 'Bearer "x"']
)
def test_a_malformed_header_is_an_invalid_request(protected, text):
    answer = ask(protected(), text.encode().decode("latin-1"))
    assert answer.status_int == 400
    assert 'error="invalid_request"' in answer.headers["WWW-Authenticate"]


def test_a_token_in_query_or_body_is_refused(protected):
    for header in (None, "Bearer good"):
        answer = ask(protected(), header, "/?a=b&access%5Ftoken=good&access_token=good")
        assert answer.status_int == 400
        assert 'error="invalid_request"' in answer.headers["WWW-Authenticate"]
    posted = protected().post("/", {"access_token": "good"}, expect_errors=True)
    assert posted.status_int == 401
    assert "error" not in posted.headers["WWW-Authenticate"]
    assert ask(protected(), "Bearer good", "/?about=access_token").status_int == 200


def test_every_scope_is_needed(protected):
    assert ask(protected("rooms.read", "meters.read"), "Bearer good").status_int == 200
    answer = ask(protected("rooms.read", "meters.write"), "Bearer good")
    assert answer.status_int == 403
    challenge = answer.headers["WWW-Authenticate"]
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="rooms.read meters.write"' in challenge


def test_nobody_gets_in_while_nobody_can_tell(protected):
    answer = ask(protected(), "Bearer down")
    assert answer.status_int == 503
    assert answer.headers["Retry-After"] == "8"
    assert "WWW-Authenticate" not in answer.headers


def test_scopes_may_depend_on_the_request():
    def scopes(environ):
        return None if environ["PATH_INFO"] == "/health" else ("rooms.read",)

    app = TestApp(BearerMiddleware(inner, Known(), scopes=scopes))
    assert ask(app, path="/health").text == "nobody"
    assert ask(app).status_int == 401
    assert ask(app, "Bearer good").text == "s-1"


def test_claims_of_another_layer_are_not_believed():
    environ = {"consentcore.token": GOOD}
    setup_testing_defaults(environ)
    app = BearerMiddleware(inner, Known(), scopes=lambda _environ: None)
    assert list(app(environ, lambda *_: None)) == [b"nobody"]


# --- auth_request ---


def asked(path="/", authorization="Bearer good", uri="/rooms"):
    app = TestApp(AuthRequest(Known(), realm="rooms"))
    return app.get(path, headers={"Authorization": authorization, "X-Original-URI": uri}, expect_errors=True)


def test_nginx_is_told_whose_token_it_is():
    answer = asked("/?scope=rooms.read+meters.read")
    assert answer.status_int == 204
    assert answer.headers["X-Consentcore-Subject"] == "s-1"
    assert answer.headers["X-Consentcore-Client"] == "app"
    assert answer.headers["X-Consentcore-Scope"] == "meters.read rooms.read"
    assert answer.headers["X-Consentcore-Grant"] == "g-1"


def test_nginx_hears_only_what_it_understands():
    for refused, error in (
        (asked(authorization=""), None),
        (asked(authorization="Bearer unknown"), "invalid_token"),
        (asked(authorization="Bearer a b"), "invalid_request"),
        (asked(uri="/rooms?access_token=good"), "invalid_request"),
    ):
        assert refused.status_int == 401
        challenge = refused.headers["WWW-Authenticate"]
        assert challenge.startswith('Bearer realm="rooms"')
        assert (f'error="{error}"' in challenge) if error else ("error" not in challenge)
    denied = asked("/?scope=rooms.write")
    assert denied.status_int == 403
    assert 'error="insufficient_scope"' in denied.headers["WWW-Authenticate"]
    assert asked(authorization="Bearer down").status_int == 503


def test_claims_cannot_add_headers():
    class Odd:
        def check(self, _token):
            return Token({"sub": "a\r\nSet-Cookie: x=1", "client_id": "ü", "scope": "a"})

    app = TestApp(AuthRequest(Odd()))
    answer = app.get("/", headers={"Authorization": "Bearer x"})
    assert {name for name in answer.headers if name.startswith("X-Consentcore")} == {"X-Consentcore-Scope"}


def checker_of(environ):
    return from_environment(environ)._protection._checker


def test_what_nginx_asks_is_made_from_the_environment():
    asks = {
        "CONSENTCORE_RESOURCE_INTROSPECTION_URL": "http://127.0.0.1:1/introspect",
        "CONSENTCORE_RESOURCE_CLIENT_ID": "api",
        "CONSENTCORE_RESOURCE_CLIENT_SECRET": "secret",
    }
    verifies = {"CONSENTCORE_RESOURCE_ISSUER": "http://127.0.0.1:1", "CONSENTCORE_RESOURCE_AUDIENCE": "urn:x"}
    assert isinstance(checker_of(asks), Introspection)
    assert isinstance(checker_of(verifies), JwtVerifier)
    with pytest.raises(ValueError, match="CACHE_S: expected a number"):
        from_environment({**asks, "CONSENTCORE_RESOURCE_CACHE_S": "2 s"})
    for complete in (asks, verifies):
        for name in complete:
            if name != "CONSENTCORE_RESOURCE_ISSUER":
                with pytest.raises(ValueError, match=name):
                    from_environment({**complete, name: ""})
    assert isinstance(checker_of({**asks, "CONSENTCORE_RESOURCE_ISSUER": ""}), Introspection)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"INTROSPECTION_URL": "as.example"}, "CONSENTCORE_RESOURCE_INTROSPECTION_URL: expected"),
        ({"INTROSPECTION_URL": "https://as.example:99999/"}, "CONSENTCORE_RESOURCE_INTROSPECTION_URL: Port"),
        ({"ISSUER": "as.example", "AUDIENCE": "urn:x"}, "CONSENTCORE_RESOURCE_ISSUER: expected"),
        ({"REQUIRE_AUDIENCE": "true"}, "CONSENTCORE_RESOURCE_AUDIENCE"),
        ({"CACHE_S": "nan"}, "CACHE_S: expected a number"),
        ({"CACHE_S": "inf"}, "CACHE_S: expected a number"),
        ({"CACHE_S": "-1"}, "CACHE_S: expected a number"),
        ({"BASE_URL": "api.example"}, "CONSENTCORE_RESOURCE_BASE_URL: expected"),
    ],
)
def test_variable_that_is_wrong_is_named(wrong, said):
    fixed = {"INTROSPECTION_URL": "http://127.0.0.1:1/introspect", "CLIENT_ID": "api", "CLIENT_SECRET": "s"}
    with pytest.raises(ValueError, match=said):
        from_environment(
            {f"CONSENTCORE_RESOURCE_{name}": value for name, value in {**fixed, **wrong}.items()}
        )


CHOSEN = Token(
    {"resources": [{"type": "site", "identifiers": ["a", "b"]}, {"type": "meter", "identifiers": ["*"]}]}
)


def test_api_finds_what_was_chosen_by_kind():
    assert CHOSEN.resources("site") == {"a", "b"}
    assert CHOSEN.may_use("site", "a")
    assert not CHOSEN.may_use("site", "c")
    assert CHOSEN.may_use("meter", "whichever")
    assert not CHOSEN.may_use("device", "a")


@pytest.mark.parametrize(
    "odd",
    [
        None,
        [],
        {},
        "site",
        ["a"],
        [{"type": "site"}],
        [{"type": "site", "identifiers": "abc"}],
        [{"identifiers": ["a"]}],
    ],
)
def test_api_that_finds_no_choice_gives_nothing(odd):
    token = Token({} if odd is None else {"resources": odd})
    assert token.resources("site") == frozenset()
    assert not token.may_use("site", "a")


@pytest.mark.parametrize(
    "listed", [None, "x", {}, [1, "payment", None, {"kind": "payment"}], [{"type": ["payment"]}]], ids=str
)
def test_api_that_finds_no_details_of_its_type_gives_nothing(listed):
    claims = {} if listed is None else {"authorization_details": listed}
    assert Token(claims).authorization_details("payment") == ()


def test_api_finds_the_details_of_its_type():
    mine, other = {"type": "payment", "sum": "1"}, {"type": "readings"}
    token = Token({"authorization_details": [other, mine, {**mine, "sum": "2"}]})
    assert token.authorization_details("payment") == (mine, {**mine, "sum": "2"})
