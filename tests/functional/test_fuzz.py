"""Every parameter of every endpoint, with whatever Hypothesis finds: no 5xx, and answers that keep to their form.

Endpoints are those that the application has, so that a new one is tried without anybody thinking of it. A request
starts from a good one, as far as there is one, and has some parameters replaced, left out, repeated or added.
"""

from __future__ import annotations

import json
import re
from urllib.parse import quote_plus

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from platform_ import CALLBACK, ISSUER, PREFIX, Request, answer, make_platform, to_consent_page
from pyramid.interfaces import IRoutesMapper
from webob import Request as Blank

from consentcore.oauth import front

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
LIMITS = "\n".join(
    f"consentcore.limits.{name} = 0"
    for name in (
        "token_per_client",
        "introspect_per_client",
        "revoke_per_client",
        "api_per_client",
        "requests_per_address",
        "failures_per_client",
        "failures_per_address",
    )
)
# Wrong passwords on the pages of an account count as guesses: the fuzzing must not shut out its own owner.
LIMITS += "".join(
    f"\nconsentcore.plugin.login_local.{name} = 100000"
    for name in ("failures_per_account", "failures_per_account_everywhere", "failures_per_address")
)
MARK = "zq<b>'\"&"
"""Stands raw in no answer."""
ODD = [
    "",
    " ",
    "\x00",
    "\x7f",
    "\r\nX-Split: 1",
    "é",
    "\u202e",
    "\U0001f600",
    "\ud800",
    MARK,
    "%",
    "%zz",
    "[]",
    "{}",
    "null",
    "true",
    "-1",
    "9" * 400,
    "1e999",
    "a" * 5000,
    "../../etc/passwd",
    "https://evil.example/",
    "javascript:alert(1)",
    "https://[v:::]/cb",
    "urn:ietf:params:oauth:request_uri:x",
    "eyJhbGciOiJub25lIn0.e30.",
    "a.b.c",
    "....",
    "cca_" + "A" * 49,
    "ccr_" + "A" * 49,
    "ccc_" + "A" * 49,
    "cci_" + "A" * 49,
]
FIELDS = [
    "email",
    "password",
    "csrf_token",
    "i",
    "decision",
    "shown",
    "resource",
    "next",
    "reason",
    "page",
    "grant_id",
    "session",
    "current",
    "new",
    "repeat",
    "t",
    "limit",
    "after",
    "before",
    "status",
    "response",
    "iss",
    "error",
]
NAMES = sorted({*front.AUTHORIZE, *front.TOKEN, *front.ABOUT_TOKEN, *FIELDS, "nonce", "user", "scopes", MARK})
values = st.one_of(st.sampled_from(ODD), st.text(max_size=40))
pairs = st.lists(st.tuples(st.one_of(st.sampled_from(NAMES), st.text(max_size=12)), values), max_size=3)
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), values),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
authorizations = st.sampled_from(
    [
        *[""] * 9,
        "",
        "Basic",
        "Basic e",
        "Basic 8J+YgDo=",
        "Basic OjpfOg==",
        "bearer x",
        "Bearer a.b.c",
        "DPoP x",
        "Basic " + "A" * 5000,
    ]
)
FUZZ = settings(
    max_examples=200,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


LAST = {"account.sessions", "consent", "logout"}
"""These may end the session that the others need."""


class Target:
    """A platform with something in it, a browser that is signed in, and good requests to spoil."""

    def __init__(self, folder):
        self.platform = make_platform(folder, storage="sqlalchemy", extra=LIMITS)
        self.app = self.platform.app
        _, page = to_consent_page(self.platform, Request())
        code = answer(page, "approve")["code"]
        secret = {"client_id": "coolsite", "client_secret": self.platform.client_secret}
        with self.platform.runtime.storage.reading() as uow:
            self.grant_id = uow.grants.all()[0].grant_id
        self.good = {
            "oauth.token": {
                **secret,
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": CALLBACK,
            },
            "oauth.revoke": {**secret, "token": "x"},
            "oauth.introspect": {**secret, "token": "x"},
            "oauth.par": {**secret, **asked()},
            "oauth.authorize": asked(),
            "login": {"email": "ada@example.org", "password": MARK},
        }
        self.open()
        mapper = self.app.app.registry.queryUtility(IRoutesMapper)
        self.routes = {
            route.name: route.pattern for route in mapper.get_routes() if not route.name.startswith("__")
        }

    def open(self):
        """Sign in and open a consent page: what was tried last may have signed out or answered it."""
        browser, page = to_consent_page(self.platform, Request(scope="alarms.read"))
        self.good["consent"] = dict(page.forms[0].submit_fields("decision", submit_value=MARK))
        self.form = {"csrf_token": self.good["consent"]["csrf_token"]}
        self.cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())

    def call(self, name, method, sent, *, where=FORM, authorization="", path_value="x"):
        """One request; ``sent`` goes into the query of a GET, else into the body."""
        path = re.sub(r"\{\w+\}", lambda _: escaped(path_value) or "x", self.routes[name])
        query = encoded(sent) if method in ("GET", "HEAD") else ""
        environ = {"REQUEST_METHOD": method, "QUERY_STRING": query}
        request = Blank.blank(quoted(path), environ=environ, base_url=ISSUER)
        request.environ["QUERY_STRING"] = query
        request.headers["Cookie"] = self.cookie
        if authorization:
            request.environ["HTTP_AUTHORIZATION"] = authorization
        if method not in ("GET", "HEAD"):
            request.environ["HTTP_ORIGIN"] = ISSUER
            request.content_type = where
            request.body = encoded(sent).encode("latin-1") if where == FORM else sent
        return request.get_response(self.app)


def asked():
    return {
        "response_type": "code",
        "client_id": "coolsite",
        "redirect_uri": CALLBACK,
        "scope": "sites.read",
        "state": "s",
        "code_challenge": "x" * 43,
        "code_challenge_method": "S256",
    }


def escaped(text):
    return quote_plus(text.encode("utf-8", "surrogatepass"))


def quoted(path):
    return path.replace("+", "%20")


def encoded(sent):
    return "&".join(f"{escaped(name)}={escaped(value)}" for name, value in sent)


def spoiled(good, change, drop):
    """A good request with names left out and pairs put in: in the place of what was there, or besides it."""
    kept = [(name, value) for name, value in good.items() if name not in drop]
    replaced = {name for name, _ in change[::2]}
    return [(name, value) for name, value in kept if name not in replaced] + change


@pytest.fixture(
    scope="module",
    params=["sqlite", pytest.param("postgres", marks=(pytest.mark.slow, pytest.mark.postgres))],
)
def target(request, tmp_path_factory):
    """On the databases: they refuse text that a dictionary in memory takes."""
    with pytest.MonkeyPatch.context() as patched:
        if request.param == "postgres":
            server = request.getfixturevalue("postgres_server")
            name = server.create(server.migrated())
            patched.setenv("CONSENTCORE_PLUGIN__SQLALCHEMY__URL", server.url(name))
        made = Target(tmp_path_factory.mktemp("fuzz"))
    assert made.platform.runtime.storage._database.is_sqlite == (request.param == "sqlite")
    yield made
    made.platform.runtime.close()
    if request.param == "postgres":
        server.drop(name)


def check(name, response, *, protocol):
    """What holds for every answer."""
    assert response.status_int < 500, (name, response.text[:500])
    assert "X-Split" not in response.headers
    assert MARK not in response.text
    for header in response.headers.values():
        assert not re.search(r"[\r\n\x00]", header)
    if protocol:
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Pragma"] == "no-cache"
    if response.status_int >= 400 and response.content_type == JSON and response.body:
        members = json.loads(response.body)
        assert re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+", members["error"])
        told = members.get("error_description", "")
        assert re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*", told)
        assert "zq" not in told


PROTOCOL = ("oauth.token", "oauth.revoke", "oauth.introspect", "oauth.par")


def protocol_routes(target):
    return [name for name in PROTOCOL if name in target.routes]


@FUZZ
@given(change=pairs, drop=st.sets(st.sampled_from(NAMES), max_size=2), authorization=authorizations)
def test_40_87_no_form_at_the_protocol_endpoints_is_answered_with_a_5xx(target, change, drop, authorization):
    for name in protocol_routes(target):
        sent = spoiled(target.good[name], change, drop)
        response = target.call(name, "POST", sent, authorization=authorization)
        check(name, response, protocol=True)


@FUZZ
@given(
    members=st.one_of(st.dictionaries(st.sampled_from(NAMES), json_values, max_size=4), json_values),
    raw=st.one_of(
        st.none(), st.binary(max_size=60), st.sampled_from([b"[" * 50_000, b'{"a":' * 20_000, b"{", b'"'])
    ),
    keep=st.booleans(),
)
def test_40_87_no_json_at_the_protocol_endpoints_is_answered_with_a_5xx(target, members, raw, keep):
    for name in protocol_routes(target):
        good = target.good[name] if keep and isinstance(members, dict) else {}
        sent = {**good, **members} if isinstance(members, dict) else members
        body = raw if raw is not None else json.dumps(sent).encode()
        check(name, target.call(name, "POST", body, where=JSON), protocol=True)


@FUZZ
@given(change=pairs, drop=st.sets(st.sampled_from(sorted(front.AUTHORIZE)), max_size=2))
def test_03_87_no_authorization_request_is_answered_with_a_5xx_or_leads_astray(target, change, drop):
    response = target.call("oauth.authorize", "GET", spoiled(asked(), change, drop))
    check("oauth.authorize", response, protocol=False)
    if response.status_int == 303:
        assert re.match(rf"({re.escape(CALLBACK)}\?|/login\?i=|/consent\?i=)", response.headers["Location"])
    else:
        assert response.status_int in (400, 414)


@settings(FUZZ, max_examples=40)
@given(
    change=pairs,
    drop=st.sets(st.sampled_from(["csrf_token", "i", "decision", "shown"]), max_size=1),
    method=st.sampled_from(["GET", "GET", "POST", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"]),
    where=st.sampled_from([FORM, FORM, FORM, JSON, "text/plain", "multipart/form-data; boundary=x"]),
    path_value=st.one_of(values, st.just("")),
    authorization=authorizations,
)
def test_79_87_no_request_to_any_route_is_answered_with_a_5xx(target, **drawn):
    change, drop, method, where = (drawn[name] for name in ("change", "drop", "method", "where"))
    target.open()
    for name in sorted(target.routes, key=lambda one: one in LAST):
        good = {**target.form, **target.good.get(name, {})}
        sent = spoiled(good, change, drop)
        if where != FORM and method not in ("GET", "HEAD"):
            sent = encoded(sent).encode()
        response = target.call(
            name,
            method,
            sent,
            where=where,
            authorization=drawn["authorization"],
            path_value=drawn["path_value"] or target.grant_id,
        )
        check(name, response, protocol=False)


def test_the_fuzzed_routes_are_all_there(target):
    assert {"oauth.token", "oauth.authorize", "oauth.metadata", "login", "consent", "consents.revoke"} <= set(
        target.routes
    )
    assert PREFIX in target.routes["oauth.token"]
