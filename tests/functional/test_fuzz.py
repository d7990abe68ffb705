"""Every parameter of every endpoint, with whatever Hypothesis finds: no 5xx, and answers that keep to their form.

Endpoints are those that the application has, so that a new one is tried without anybody thinking of it. A request
starts from a good one, as far as there is one, and has some parameters replaced, left out, repeated or added.
"""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consentcore.oauth.parameters import AUTHORIZE
from tests.support.fuzzing import (
    FORM,
    JSON,
    LAST,
    MARK,
    NAMES,
    Target,
    asked,
    authorizations,
    encoded,
    json_values,
    pairs,
    spoiled,
    values,
)
from tests.support.platform import CALLBACK, PREFIX

FUZZ = settings(
    max_examples=200,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


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
@given(change=pairs, drop=st.sets(st.sampled_from(sorted(AUTHORIZE)), max_size=2))
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
            sent = json.dumps(dict(sent)).encode() if where == JSON else encoded(sent).encode()
        response = target.call(
            name,
            method,
            sent,
            where=where,
            authorization=drawn["authorization"] or (target.basic if name.startswith("api.") else ""),
            path_value=drawn["path_value"] or target.grant_id,
        )
        check(name, response, protocol=False)


def test_the_fuzzed_routes_are_all_there(target):
    assert {"oauth.token", "oauth.authorize", "oauth.metadata", "login", "consent", "consents.revoke"} <= set(
        target.routes
    )
    assert PREFIX in target.routes["oauth.token"]
