"""Whatever bytes come, the front and the endpoints answer; nothing raises."""

from __future__ import annotations

import json
import string
from types import SimpleNamespace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from consentcore.oauth import parameters
from consentcore.oauth.errors import ProtocolError
from consentcore.oauth.grants import GRANT_TYPES
from consentcore.oauth.messages import HttpRequest, PageError, Pending, Redirect
from consentcore.oauth.parameters import AUTHORIZE, read_body, read_query
from consentcore.oauth.token_endpoint import token_parameters

TOKEN = token_parameters(GRANT_TYPES)
LIMIT = 262_144
TYPES = ["application/x-www-form-urlencoded", "application/json", "text/plain", ""]
PIECES = st.sampled_from(
    [
        "client_id=app",
        "client_secret=x",
        "grant_type=authorization_code",
        "grant_type=refresh_token",
        "code=x",
        "response_type=code",
        "redirect_uri=https://app.example/callback",
        "scope=comfort.read",
        "scope=%20",
        "state=s",
        "state=%0a",
        "response_type=token",
        "token=x",
        "code_challenge=x",
        "code_verifier=%C3%A9",
        "prompt=none",
        "refresh_token=",
        "user=admin",
        "request=x",
        "a=%ed%a0%80",
        "%",
        "%zz",
        "=",
        "==",
        "&",
        "+",
        "%00",
        "%ff",
        ";",
        "é",
    ]
)
QUERIES = st.one_of(
    st.lists(PIECES, max_size=12).map("&".join), st.text(max_size=60), st.text(string.printable, max_size=60)
)
NAMES = st.sampled_from(["grant_type", "code", "token", "scope", "x"]) | st.text(max_size=5)
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
)
BODIES = st.one_of(
    st.binary(max_size=200),
    QUERIES.map(lambda text: text.encode("utf-8", "surrogatepass")),
    VALUES.map(lambda value: json.dumps(value).encode()),
)


@given(body=BODIES, content_type=st.sampled_from(TYPES))
@example(body=b"{" * 100_000, content_type="application/json")
@example(body=b"&" * 200_000, content_type="application/x-www-form-urlencoded")
@example(body=b"a&" * 100_000, content_type="application/x-www-form-urlencoded")
@settings(max_examples=300, deadline=None)
def test_any_body_is_read_or_refused(body, content_type):
    http = HttpRequest("POST", "", {"content-type": content_type}, body)
    try:
        values = read_body(http, TOKEN, LIMIT)
    except ProtocolError as error:
        refused = error
    else:
        refused = None
        check_values(values)
    assert refused is None or (refused.status in (400, 415) and refused.description)


def check_values(values):
    assert set(values) <= set(TOKEN)
    for name, value in values.items():
        assert value
        assert value.isascii()
        assert value.isprintable()
        assert len(value) <= TOKEN[name]


@given(query=QUERIES)
@settings(max_examples=300, deadline=None)
def test_any_query_is_read(query):
    parameters = read_query(query, AUTHORIZE)
    assert set(parameters.values) <= set(AUTHORIZE)
    assert not set(parameters.values) & set(parameters.problems)
    assert all(value and "\0" not in value for value in parameters.values.values())
    assert (parameters.first_problem() is None) == (not parameters.problems)


@given(
    query=QUERIES, body=BODIES, content_type=st.sampled_from(TYPES), header=st.none() | st.text(max_size=30)
)
@settings(max_examples=150, deadline=None)
def test_the_server_answers_anything(module_scenario, query, body, content_type, header):
    found = module_scenario.server.authorization.validate(query, None)
    assert isinstance(found, PageError | Redirect | Pending)
    known = module_scenario.server.authorization.validate(f"client_id=app&response_type=code&{query}", None)
    assert isinstance(known, PageError | Redirect | Pending)
    headers = {"content-type": content_type}
    if header is not None:
        headers["authorization"] = header
    for endpoint in ("token", "revoke", "introspect"):
        answer = module_scenario.send(endpoint, HttpRequest("POST", "", headers, body))
        assert answer.status in (400, 401, 415)


@given(text=st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=100))
@settings(max_examples=200, deadline=None)
def test_any_state_without_control_characters_comes_back(module_scenario, text):
    from urllib.parse import parse_qs, quote, urlsplit

    found = module_scenario.server.authorization.validate(
        f"client_id=app&response_type=code&state={quote(text, safe='')}", None
    )
    assert isinstance(found, Pending)
    url = module_scenario.server.authorization.success_url(found.request, "c")
    assert parse_qs(urlsplit(url).query)["state"] == [text]
    assert url.isascii()


def read(body: str, known=None):
    http = HttpRequest("POST", "", {"content-type": TYPES[0]}, body.encode())
    return read_body(http, known or TOKEN, LIMIT)


def test_a_form_is_decoded_once():
    assert read("code=a+b%2Bc%2541&scope=&grant_type") == {"code": "a b+c%41"}


@pytest.mark.parametrize(
    ("body", "description"),
    [
        ("code=" + "x" * 4097, "code: expected at most 4096 characters"),
        ("code=a&code=a", "code: expected once"),
        ("code=%00", "code: expected printable ASCII"),
        ("code=%0a", "code: expected printable ASCII"),
        ("code=%C3%A9", "code: expected printable ASCII"),
        ("code=%zz", "code: expected percent-encoded UTF-8"),
        ("code=%", "code: expected percent-encoded UTF-8"),
        ("code=%ff", "code: expected percent-encoded UTF-8"),
        ("secret<script>=1&secret<script>=2", "A parameter is not acceptable, expected once"),
        ("foo=1&foo=2", "foo: expected once"),
        ("foo=%00&foo=%ff", "foo: expected once"),
        (
            "&".join(f"p{i}=x" for i in range(101)),
            "A parameter is not acceptable, expected at most 100 parameters",
        ),
    ],
)
def test_a_refusal_names_the_parameter_and_what_was_expected(body, description):
    with pytest.raises(ProtocolError) as caught:
        read(body)
    assert (caught.value.error, caught.value.description) == ("invalid_request", description)


def read_json(members, known=None):
    http = HttpRequest("POST", "", {"content-type": TYPES[1]}, json.dumps(members).encode())
    return read_body(http, known or TOKEN, LIMIT)


NOT_STRINGS = [None, True, 7, 1.5, [], ["a", None], {}, {"code": {"code": [1]}}]


@pytest.mark.parametrize("value", [*NOT_STRINGS, "\ud800", "\0", "", "x" * 9000])
def test_11_unknown_members_are_ignored_whatever_they_hold(value):
    """RFC 6749 section 3.2."""
    assert read_json({"foo": value, "code": "a"}) == {"code": "a"}


def test_11_unknown_numbers_may_have_any_length():
    body = b'{"code": "a", "n": ' + b"9" * 10_000 + b', "e": 1e999, "x": [-1, NaN]}'
    http = HttpRequest("POST", "", {"content-type": TYPES[1]}, body)
    assert read_body(http, TOKEN, LIMIT) == {"code": "a"}


def test_33_a_byte_order_mark_before_json_is_passed_over():
    """RFC 8259 section 8.1; .NET writes one."""
    http = HttpRequest("POST", "", {"content-type": TYPES[1]}, b'\xef\xbb\xbf{"code": "a"}')
    assert read_body(http, TOKEN, LIMIT) == {"code": "a"}


def test_10_a_known_member_that_is_null_is_absent():
    wanted = {"code": None, "redirect_uri": None, "scope": None, "resource": None, "client_secret": None}
    assert read_json({**wanted, "grant_type": "refresh_token"}) == {"grant_type": "refresh_token"}


@pytest.mark.parametrize("name", ["code", "scope", "client_id", "resource", "grant_type"])
@pytest.mark.parametrize("value", [True, 7, {}, [["a"]]])
def test_33_a_known_member_that_is_no_string_is_named(name, value):
    with pytest.raises(ProtocolError) as caught:
        read_json({name: value})
    assert (caught.value.error, caught.value.description) == ("invalid_request", f"{name}: expected a string")


def test_42_members_that_come_twice_are_named_known_or_not():
    for body in (b'{"code": null, "code": "a"}', b'{"foo": 1, "foo": null}'):
        http = HttpRequest("POST", "", {"content-type": TYPES[1]}, body)
        with pytest.raises(ProtocolError, match="(code|foo): expected once"):
            read_body(http, TOKEN, LIMIT)


def around(limit):
    """Values about as long as a parameter may be, of every kind of character."""
    lengths = sorted({0, 1, limit // 3 - 1, limit // 3, limit // 3 + 1, limit - 1, limit, limit + 1})
    return [character * length for length in lengths for character in ("a", "%20", "+", "%C3%A9", "%7F", "~")]


@pytest.mark.parametrize("name", ["state", "client_id", "scope", "resource"])
def test_what_is_plain_is_read_as_everything_is(monkeypatch, name):
    queries = [f"a=b&{name}={value}&state=x&{name}=y" for value in around(AUTHORIZE[name])]
    found = [read_query(each, AUTHORIZE) for each in queries]
    monkeypatch.setattr(parameters, "_is_plain", lambda *_: False)
    assert found == [read_query(each, AUTHORIZE) for each in queries]


def test_a_hundred_parameters_are_enough():
    assert read("&".join(f"p{i}=x" for i in range(99)) + "&code=x") == {"code": "x"}


def test_a_body_of_exactly_the_limit_is_read():
    http = SimpleNamespace(body=b"x" * 10, headers={"content-type": TYPES[0]})
    assert read_body(http, TOKEN, 10) == {}
    with pytest.raises(ProtocolError) as caught:
        read_body(SimpleNamespace(body=b"x" * 11, headers={"content-type": TYPES[0]}), TOKEN, 10)
    assert caught.value.status == 413
