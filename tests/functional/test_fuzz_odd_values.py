"""No 5xx for what is no Unicode, has no bounds or no end: in every JSON member, parameter, path, header and cookie.

Members and parameters are those that openapi.json names, routes those that the application has, so that a new one is
tried without anybody thinking of it.
"""

from __future__ import annotations

import json
import re
import time
from urllib.parse import quote

import pytest
from webob import Request as Blank

from consentcore.oauth.grants import GRANT_TYPES
from consentcore.oauth.parameters import ABOUT_TOKEN, AUTHORIZE
from consentcore.oauth.token_endpoint import token_parameters
from consentcore.web.api.openapi import openapi_document
from tests.support.fuzzing import FORM, JSON, LAST, Target, asked
from tests.support.platform import ISSUER, PREFIX

TOKEN = token_parameters(GRANT_TYPES)
ODD_JSON = [
    r'"\ud800"',
    r'"a\udfff\ud800"',
    r'"\u0000"',
    r'"\u202e\u0085"',
    '"é"',
    '"' + "a" * 5000 + '"',
    "1e400",
    "-1e400",
    "9" * 5000,
    "-" + "9" * 5000,
    "9223372036854775808",
    "1.5",
    "NaN",
    "-Infinity",
    "[" * 3000 + "]" * 3000,
    '{"a":' * 3000 + "1" + "}" * 3000,
    "[" * 90 + "]" * 90,
    "null",
    "true",
    "[]",
    "{}",
    r'["\ud800"]',
    r'["a", "\u0000"]',
    "[1e400]",
    '"9999-12-31T23:59:59.999-14:00"',
    '"0001-01-01T00:00:00+14:00"',
    '"10000-01-01T00:00:00Z"',
    '"-0001-01-01T00:00:00Z"',
    '"2026-01-01T00:00:00+99:99"',
]
ODD_BYTES = [
    b"\xff",
    b"\xed\xa0\x80",
    b"\xc0\xaf",
    b"\x00",
    b"\xe2\x80\xae",
    b"\xc2\x85\xe2\x80\xa8",
    b"9" * 400,
    b"-1",
    b"1e400",
    b"NaN",
    b"a" * 3000,
    b"[" * 1000,
    b"%ff%00",
    b"9999-12-31T23:59:59-14:00",
    b"0001-01-01T00:00:00+14:00",
    b"10000-01-01T00:00:00Z",
    b"cci_" + b"A" * 49,
]
HEADERS = [
    "Accept",
    "Accept-Charset",
    "Accept-Encoding",
    "Accept-Language",
    "Authorization",
    "Content-Type",
    "Cookie",
    "DPoP",
    "Forwarded",
    "Host",
    "If-Modified-Since",
    "If-None-Match",
    "Origin",
    "Range",
    "Referer",
    "Sec-Fetch-Site",
    "User-Agent",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-HTTP-Method-Override",
    "X-Request-ID",
]


@pytest.fixture(
    scope="module",
    params=["sqlite", pytest.param("postgres", marks=(pytest.mark.slow, pytest.mark.postgres))],
)
def target(request, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patched:
        if request.param == "postgres":
            server = request.getfixturevalue("postgres_server")
            name = server.create(server.migrated())
            patched.setenv("CONSENTCORE_PLUGIN__SQLALCHEMY__URL", server.url(name))
        made = Target(tmp_path_factory.mktemp("odd"))
    yield made
    made.platform.runtime.close()
    if request.param == "postgres":
        server.drop(name)


def ask(target, path, method="GET", *, query=b"", body=b"", where="", headers=()):
    """A request of raw bytes, as the server passes them on (PEP 3333: Latin-1)."""
    request = Blank.blank("/", environ={"REQUEST_METHOD": method}, base_url=ISSUER)
    environ = request.environ
    environ["PATH_INFO"] = path if isinstance(path, str) else path.decode("latin-1")
    environ["QUERY_STRING"] = query.decode("latin-1")
    environ["HTTP_COOKIE"] = target.cookie
    environ["HTTP_ORIGIN"] = ISSUER
    environ["HTTP_AUTHORIZATION"] = target.basic
    if where:
        environ["CONTENT_TYPE"] = where
    if body or method not in ("GET", "HEAD"):
        request.body = body
    for name, value in headers:
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value.decode("latin-1")
    return request.get_response(target.app)


def good(answer, what):
    assert answer.status_int < 500, (what, answer.text[:300])
    if answer.status_int >= 400 and answer.content_type == JSON and answer.body:
        assert json.loads(answer.body)["error"]
    return answer


def operations():
    """Every path of openapi.json with its methods, parameters and the members of its body."""
    whole = openapi_document(ISSUER)
    for path, methods in whole["paths"].items():
        for method, facts in methods.items():
            if method not in ("get", "post", "put", "patch", "delete"):
                continue
            names = {one.get("name") or one["$ref"].rpartition("/")[2] for one in facts.get("parameters", ())}
            names |= {one.get("name", "") for one in methods.get("parameters", ())}
            body = json.dumps(facts.get("requestBody", {}))
            yield path, method.upper(), names - {""}, set(members(whole, body))


def members(whole, text):
    """Names of members in a schema, those that it refers to included."""
    for reference in re.findall(r'"#/components/(\w+)/(\w+)"', text):
        yield from members(whole, json.dumps(whole["components"][reference[0]][reference[1]]))
    for found in re.findall(r'"properties": (\{.*)', text):
        yield from json.JSONDecoder().raw_decode(found)[0]


OPERATIONS = list(operations())


def test_what_is_tried_is_what_there_is(target):
    bodies = {name for *_, names in OPERATIONS for name in names}
    assert bodies >= {"url", "events", "since", "until", "endpoint"}
    assert len(OPERATIONS) > 15


@pytest.mark.parametrize(
    ("path", "method", "names"),
    [(path, method, names) for path, method, _, names in OPERATIONS if method != "GET"],
)
def test_87_no_member_of_a_json_body_makes_a_5xx(target, path, method, names):
    filled = re.sub(r"\{\w+\}", "x", path)
    base = {"since": '"2026-01-01T00:00:00Z"'}
    for odd in ODD_JSON:
        good(ask(target, filled, method, body=odd.encode(), where=JSON), (path, odd[:40]))
        for name in {*names, "unknown", r"\ud800"}:
            others = [f'"{one}": {text}' for one, text in base.items() if one in names and one != name]
            body = "{" + ", ".join([f'"{name}": {odd}', *others]) + "}"
            good(ask(target, filled, method, body=body.encode(), where=JSON), (path, name, odd[:40]))


def test_87_no_member_of_a_json_body_at_the_protocol_endpoints_makes_a_5xx(target):
    for route in ("oauth.token", "oauth.revoke", "oauth.introspect", "oauth.par"):
        for name in {*AUTHORIZE, *TOKEN, *ABOUT_TOKEN, "unknown"}:
            sent = {one: json.dumps(text) for one, text in target.good[route].items() if one != name}
            for odd in ODD_JSON:
                body = "{" + ", ".join(f'"{one}": {text}' for one, text in {**sent, name: odd}.items()) + "}"
                answer = ask(target, target.routes[route], "POST", body=body.encode(), where=JSON)
                good(answer, (route, name, odd[:40]))


def routes(target):
    return sorted(target.routes.items(), key=lambda one: one[0] in LAST)


def test_87_no_parameter_makes_a_5xx(target):
    named = {name for *_, names, _ in OPERATIONS for name in names} | {
        *AUTHORIZE,
        "i",
        "next",
        "page",
        "t",
    }
    for route, pattern in routes(target):
        path = re.sub(r"\{\w+\}", "x", pattern)
        for odd in ODD_BYTES:
            raw = quote(odd).encode()
            query = b"&".join(name.encode() + b"=" + raw for name in sorted(named))
            good(ask(target, path, query=query), (route, odd[:40]))
            good(ask(target, path, query=raw + b"=" + raw), (route, odd[:40]))
            good(ask(target, path, query=odd), (route, odd[:40]))
            for name in sorted(named & {"since", "until", "after", "limit", "state", "subject", "type"}):
                good(ask(target, path, query=name.encode() + b"=" + raw), (route, name, odd[:40]))


def test_87_no_authorization_request_makes_a_5xx(target):
    for name in {*AUTHORIZE, "unknown"}:
        for odd in ODD_BYTES:
            kept = [(one, quote(text)) for one, text in asked().items() if one != name]
            query = "&".join(f"{one}={text}" for one, text in [*kept, (name, quote(odd))]).encode()
            good(ask(target, f"{PREFIX}/authorize", query=query), (name, odd[:40]))


def test_87_no_path_makes_a_5xx(target):
    for route, pattern in routes(target):
        for odd in ODD_BYTES:
            path = re.sub(rb"\{\w+\}", lambda _, odd=odd: odd, pattern.encode())
            for method in ("GET", "POST", "DELETE"):
                good(ask(target, path, method), (route, method, odd[:40]))
                good(ask(target, path + b"/" + odd, method), (route, method, odd[:40]))


def test_87_no_form_field_makes_a_5xx(target):
    target.open()
    for route, pattern in routes(target):
        path = re.sub(r"\{\w+\}", "x", pattern)
        fields = {**target.form, **target.good.get(route, {})}
        for name in {*fields, "email", "password", "reason", "grant_id", "name", "unknown"} - {"csrf_token"}:
            for odd in ODD_BYTES:
                kept = [(one, quote(text)) for one, text in fields.items() if one != name]
                body = "&".join(f"{one}={text}" for one, text in [*kept, (name, quote(odd))]).encode()
                good(ask(target, path, "POST", body=body, where=FORM), (route, name, odd[:40]))


def test_87_no_header_and_no_cookie_makes_a_5xx(target):
    target.open()
    names = [pair.partition("=")[0].strip() for pair in target.cookie.split(";")]
    charsets = [
        b"application/json; charset=nonsense",
        b"application/json; charset=utf-7",
        b"text/plain; charset=\xff",
    ]
    for route, pattern in routes(target):
        path = re.sub(r"\{\w+\}", "x", pattern)
        for odd in (one for one in ODD_BYTES if b"\x00" not in one):  # no server passes one on
            # All of them at once, then those alone that decide whether the others are looked at.
            for form in (b"%s", b"Bearer %s", b"a=%s"):
                value = form % odd
                good(ask(target, path, headers=[(name, value) for name in HEADERS]), (route, value[:40]))
                for name in ("Authorization", "Cookie", "Host"):
                    good(ask(target, path, headers=[(name, value)]), (route, name, value[:40]))
            for name in names:
                good(
                    ask(target, path, headers=[("Cookie", name.encode() + b"=" + odd)]),
                    (route, name, odd[:40]),
                )
        for value in charsets:
            for method in ("POST", "PATCH"):
                good(ask(target, path, method, body=b"{}", headers=[("Content-Type", value)]), (route, value))


def test_87_no_assertion_of_a_client_makes_a_5xx(target):
    """Headers and claims of a JWT that anybody may send: deep, without bounds, no Unicode."""
    from base64 import urlsafe_b64encode

    now = int(time.time())
    claims = dict.fromkeys(("iss", "sub"), "coolsite") | {"aud": ISSUER, "exp": now + 60, "jti": "x"}
    header = {"alg": "RS256", "kid": "x", "typ": "JWT"}

    def packed(members, name, odd):
        texts = {one: json.dumps(value) for one, value in members.items()} | {name: odd}
        text = "{" + ", ".join(f'"{one}": {value}' for one, value in texts.items()) + "}"
        return urlsafe_b64encode(text.encode()).rstrip(b"=").decode()

    for odd in ODD_JSON:
        tokens = [packed(header, name, odd) + "." + packed(claims, "x", "1") for name in header]
        tokens += [packed(header, "x", "1") + "." + packed(claims, name, odd) for name in claims]
        for token in tokens:
            for route in ("oauth.token", "oauth.revoke", "oauth.introspect", "oauth.par"):
                fields = {
                    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                    "client_assertion": f"{token}.AAAA",
                    "grant_type": "client_credentials",
                    "token": f"{token}.AAAA",
                }
                body = "&".join(f"{name}={quote(value)}" for name, value in fields.items()).encode()
                good(ask(target, target.routes[route], "POST", body=body, where=FORM), (route, odd[:40]))
