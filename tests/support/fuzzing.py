"""What the fuzz tests send, and a platform to send it to."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import fields
from urllib.parse import quote_plus

from hypothesis import strategies as st
from pyramid.interfaces import IRoutesMapper
from webob import Request as Blank

from consentcore.oauth.grants import GRANT_TYPES
from consentcore.oauth.parameters import ABOUT_TOKEN, AUTHORIZE
from consentcore.oauth.token_endpoint import token_parameters
from consentcore.settings import LimitsSettings
from tests.support.platform import CALLBACK, ISSUER, Request, answer, make_platform, to_consent_page

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
TOKEN = token_parameters(GRANT_TYPES)
PATIENT = ("failures_per_account", "failures_per_account_everywhere", "failures_per_address")
LIMITS = "\n".join(
    [f"consentcore.limits.{one.name} = 0" for one in fields(LimitsSettings)]
    + [f"consentcore.plugin.login_local.{name} = 10000" for name in PATIENT]
)
"""An answer of 429 would hide the others, and shut out the owner whose pages are tried."""
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
NAMES = sorted({*AUTHORIZE, *TOKEN, *ABOUT_TOKEN, *FIELDS, "nonce", "user", "scopes", MARK})
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
LAST = {"account.sessions", "consent", "logout"}
"""These may end the session that the others need."""


class Target:
    """A platform with something in it, a browser that is signed in, and good requests to spoil."""

    def __init__(self, folder):
        self.platform = make_platform(folder, storage="sqlalchemy", extra=LIMITS)
        self.app = self.platform.app
        _, page = to_consent_page(self.platform, Request())
        code = answer(page, "approve")["code"]
        pair = f"coolsite:{self.platform.client_secret}".encode()
        self.basic = "Basic " + b64encode(pair).decode()
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
