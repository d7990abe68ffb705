"""What clients post, and what leads straight back, is answered without Pyramid, and just as its views answer it."""

from __future__ import annotations

import io
import json
import re
from urllib.parse import urlencode

import pytest
from pyramid.events import NewRequest
from pyramid.response import Response
from webob import Request as Blank

from consentcore.app import app_from_runtime
from consentcore.domain.errors import StorageUnavailable
from consentcore.egress.errands import KEY_SET, Elsewhere, Errand, errand, served_at
from consentcore.web.protocol_front import ENDPOINTS
from consentcore.web.tweens import MOST_KINDS, AnswerHeaders
from tests.support.platform import PREFIX, Request, answer, connect, make_platform, to_consent_page

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def platform(tmp_path):
    made = make_platform(
        tmp_path, extra="consentcore.web.hsts_s = 60\nconsentcore.web.metrics = 127.0.0.1/32"
    )
    yield made
    made.runtime.close()


def posted(app, name, body, **environ):
    request = Blank.blank(f"{PREFIX}/{name}", {"CONTENT_TYPE": FORM, **environ}, method="POST")
    request.body = body if isinstance(body, bytes) else urlencode(body).encode()
    return request.get_response(app)


def by_the_views(app):
    """The same application without the front."""
    bare = app_from_runtime(app.app.registry["consentcore.runtime"])
    bare._protocol = None
    return bare


def said(response):
    """What an answer says, without what differs from request to request."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    del headers["x-request-id"]
    return response.status_int, headers, response.body


def cases(platform):
    tokens, secret = connect(platform), platform.client_secret
    credentials = {"client_id": "coolsite", "client_secret": secret}
    live, spent = tokens["access_token"], tokens["refresh_token"]
    return {
        "live": ("introspect", {**credentials, "token": live}, {}),
        "unknown": ("introspect", {**credentials, "token": "nothing"}, {}),
        "wrong secret": ("introspect", {**credentials, "client_secret": "x", "token": live}, {}),
        "nobody": ("token", {"grant_type": "refresh_token", "refresh_token": spent}, {}),
        "wrong type": ("token", b"<xml/>", {"CONTENT_TYPE": "text/xml"}),
        "twice": ("token", b"grant_type=a&grant_type=b", {}),
        "query": ("token", {**credentials, "grant_type": "x"}, {"QUERY_STRING": "a=b"}),
        "json": ("token", json.dumps(credentials).encode(), {"CONTENT_TYPE": "application/json"}),
        "other origin": ("token", credentials, {"HTTP_ORIGIN": "https://elsewhere.example"}),
        "revoked": ("revoke", {**credentials, "token": spent}, {}),
        "pushed": ("par", {**credentials, "response_type": "token"}, {}),
    }


def test_answers_are_those_of_the_views(platform):
    views = by_the_views(platform.app)
    for case, (name, body, environ) in cases(platform).items():
        front, view = posted(platform.app, name, body, **environ), posted(views, name, body, **environ)
        assert said(front) == said(view), case


def test_every_endpoint_that_is_posted_to_is_there(platform):
    server = platform.runtime.server
    assert {name for name, one in vars(server).items() if hasattr(one, "respond")} == set(ENDPOINTS.values())


def test_a_mistake_of_ours_is_told_as_json_and_logged(platform, monkeypatch, caplog):
    monkeypatch.setattr(type(platform.runtime.server.introspection), "respond", lambda *_: 1 / 0)
    response = posted(platform.app, "introspect", {"token": "x"})
    assert (response.status_int, response.json["error"]) == (500, "server_error")
    assert "ZeroDivisionError" in caplog.text
    assert said(response) == said(posted(by_the_views(platform.app), "introspect", {"token": "x"}))


@pytest.mark.parametrize(
    "odd",
    [
        {"REQUEST_METHOD": "PUT"},
        {"CONTENT_LENGTH": "3"},
        {"CONTENT_LENGTH": "0x9"},
        {"PATH_INFO": f"{PREFIX}/token/"},
        {"wsgi.input": io.BufferedReader(io.BytesIO(b"token=abc"))},
    ],
    ids=",".join,
)
def test_what_is_unusual_goes_to_pyramid(platform, odd):
    request = Blank.blank(f"{PREFIX}/introspect", {"CONTENT_TYPE": FORM}, method="POST")
    request.body = b"token=abc"
    environ = {**request.environ, **odd}
    assert platform.app._protocol.answer(environ, pytest.fail) is None


def test_answers_are_counted_by_route_and_status(platform):
    posted(platform.app, "introspect", {"token": "x"})
    counted = b'consentcore_http_request_duration_seconds_count{route="oauth.introspect",status="4xx"} 1.0'
    assert counted in platform.runtime.meters.text()


@pytest.mark.parametrize("way", [lambda app: app, by_the_views], ids=["front", "views"])
def test_who_finds_no_room_in_the_lane_is_counted_and_told_of(platform, monkeypatch, caplog, way):
    def respond(*_):
        with errand(Errand(KEY_SET, "https://slow.example/keys")):
            pytest.fail("there is no room")

    monkeypatch.setattr(type(platform.runtime.server.introspection), "respond", respond)
    place, app = Elsewhere(), way(platform.app)
    with served_at(place):
        assert posted(app, "introspect", {"token": "x"}).status_int == 503
    counted = b'consentcore_http_request_duration_seconds_count{route="oauth.introspect",status="5xx"} 1.0'
    assert (counted in platform.runtime.meters.text(), "503 on POST" in caplog.text) == (False, False)
    place.refused()
    assert (counted in platform.runtime.meters.text(), "503 on POST" in caplog.text) == (True, True)


def test_what_an_answer_lacks_is_added_whatever_was_answered_before(platform):
    headers = AnswerHeaders(platform.runtime)
    whole = [
        ("X-Frame-Options", "DENY"),
        ("Cache-Control", "no-store"),
        ("Strict-Transport-Security", "max-age=60"),
    ]
    for number in range(2 * MOST_KINDS):
        given = [
            [("cache-control", "private"), (f"X-{number}", "a")],
            [("X-Frame-Options", "SAMEORIGIN")],
            [],
        ]
        for each in given:
            said = dict(each)
            headers.complete(each)
            assert len(dict(each)) == len(each)
            assert dict(each) == {
                **{
                    name: value
                    for name, value in dict(whole_of(headers)).items()
                    if name.lower() not in {one.lower() for one in said}
                },
                **said,
            }
    assert set(whole) <= set(whole_of(headers))
    assert len(headers._missing) <= MOST_KINDS


def whole_of(headers):
    """What an answer without headers gets."""
    found = []
    headers.complete(found)
    return found


def opened(app, url, cookie="", **environ):
    """The answer to a browser that opens an address."""
    headers = {"Cookie": cookie} if cookie else {}
    return Blank.blank(url, environ, headers=headers).get_response(app)


def remembered(platform):
    """The cookies of a browser whose owner has said yes to what it asks for."""
    request = Request()
    browser, page = to_consent_page(platform, request)
    answer(page, "approve")
    return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())


def asked(cookie):
    """Authorization requests by what is special about them: address, cookies, and what a refusal by a page says."""
    return {
        "remembered": (Request().url, cookie),
        "remembered, beside others": (Request().url, f'a=b; bad; consentcore_session=x.y; {cookie}; z="'),
        "other state": (Request(state="a b&c=d/é").url, cookie),
        "no state": (Request(state="").url, cookie),
        "wrong type": (Request(extra={"response_type": "token"}).url, cookie),
        "nobody signed in": (Request(extra={"prompt": "none"}).url, ""),
        "forged session": (Request(extra={"prompt": "none"}).url, cookie.replace(".", ".A")),
        "unknown client": (Request(client_id="nobody").url, cookie),
        "twice": (f"{Request().url}&state=2", cookie),
        "nothing": (f"{PREFIX}/authorize", cookie),
        "more than was allowed": (Request(scope="sites.read alarms.read").url, cookie),
        "to sign in": (Request().url, ""),
    }


def led(response):
    """What an answer says, without what is new each time."""
    status, headers, body = said(response)
    cookies = [each.split("=")[0] for each in response.headers.getall("set-cookie")]
    headers.pop("set-cookie", None)
    headers["location"] = re.sub(r"cc[ci]_[\w-]+", "", headers.get("location", ""))
    return (
        status,
        headers,
        re.sub(rb"[\w-]{20,}", b"", body),
        sorted(re.sub(r"_[0-9a-f]{8}$", "", each) for each in cookies),
    )


def test_authorization_requests_are_answered_as_by_the_view(platform):
    cookie, views = remembered(platform), by_the_views(platform.app)
    for case, (url, cookies) in asked(cookie).items():
        assert led(opened(platform.app, url, cookies)) == led(opened(views, url, cookies)), case


def test_a_remembered_consent_never_gets_to_pyramid(platform, monkeypatch):
    cookie = remembered(platform)
    monkeypatch.setattr(platform.app, "app", pytest.fail)
    back = opened(platform.app, Request().url, cookie)
    assert (back.status, "code=ccc_" in back.location) == ("303 See Other", True)


def test_what_was_found_out_before_the_view_is_not_asked_for_again(platform, monkeypatch):
    seen = []
    for name in ("read_authorize", "take_pushed", "open_interaction"):
        real = getattr(platform.runtime.storage.protocol, name)
        noted = lambda *given, name=name, real=real: seen.append(name) or real(*given)  # noqa: E731
        monkeypatch.setattr(platform.runtime.storage.protocol, name, noted, raising=False)
    assert opened(platform.app, Request().url).location.startswith("/login")
    assert seen == ["read_authorize", "open_interaction"]


def test_what_fails_before_the_view_is_answered_by_it_and_not_tried_again(platform, monkeypatch, caplog):
    tried = []

    def read(*_):
        tried.append(1)
        raise StorageUnavailable("nobody there")

    monkeypatch.setattr(platform.runtime.storage.protocol, "read_authorize", read, raising=False)
    front = opened(platform.app, Request().url)
    assert (front.status_int, len(tried)) == (503, 1)
    assert "503 on GET" in caplog.text
    assert "retry-after" in {name.lower() for name in front.headers}


@pytest.mark.parametrize(
    "odd",
    [{"REQUEST_METHOD": "HEAD"}, {"CONTENT_LENGTH": "3"}, {"PATH_INFO": f"{PREFIX}/authorize/"}],
    ids=",".join,
)
def test_an_unusual_authorization_request_goes_to_pyramid_untouched(platform, monkeypatch, odd):
    monkeypatch.setattr(type(platform.runtime.server.authorization), "validate", pytest.fail)
    environ = {**Blank.blank(Request().url).environ, **odd}
    assert platform.app._protocol.answer(environ, pytest.fail) is None


@pytest.mark.parametrize("way", [lambda app: app, by_the_views], ids=["front", "views"])
def test_authorization_requests_are_counted_once_each(platform, way):
    cookie, app = remembered(platform), way(platform.app)
    before = counts(platform)
    opened(app, Request().url, cookie)
    opened(app, Request().url)
    opened(app, f"{PREFIX}/authorize")
    after = counts(platform)
    assert {each: after[each] - before.get(each, 0) for each in after} == {"3xx": 2.0, "4xx": 1.0}


def counts(platform):
    """Authorization requests so far, by the status of their answers."""
    counted = rb'duration_seconds_count\{route="oauth.authorize",status="(\w+)"\} (.+)'
    return {status.decode(): float(n) for status, n in re.findall(counted, platform.runtime.meters.text())}


def answering_through(platform, change):
    """The application as a plugin changes it."""
    platform.runtime.registry.configure = change
    return app_from_runtime(platform.runtime)


def test_a_tween_of_a_plugin_sees_every_request(platform):
    app = answering_through(
        platform, lambda config: config.add_tween("tests.unit.web.test_protocol_front.counting_tween")
    )
    posted(app, "introspect", {"token": "x"})
    assert [f"{PREFIX}/introspect"] == SEEN


SEEN = []


def counting_tween(handler, _registry):
    """A tween as a plugin has one."""
    SEEN.clear()
    return lambda request: SEEN.append(request.path) or handler(request)


def test_a_subscriber_of_a_plugin_sees_every_request(platform):
    seen = []
    app = answering_through(
        platform,
        lambda config: config.add_subscriber(lambda event: seen.append(event.request.path), NewRequest),
    )
    posted(app, "introspect", {"token": "x"})
    assert seen == [f"{PREFIX}/introspect"]


def test_a_view_of_a_plugin_takes_the_place_of_ours(platform):
    def configure(config):
        for name in ("introspect", "authorize"):
            config.add_view(lambda _: Response(b"mine"), route_name=f"oauth.{name}", require_csrf=False)

    app = answering_through(platform, configure)
    assert posted(app, "introspect", {"token": "x"}).body == b"mine"
    assert opened(app, Request().url).body == b"mine"


def test_a_plugin_that_watches_browsers_sees_every_authorization_request(platform):
    cookie, seen = remembered(platform), []
    app = answering_through(
        platform,
        lambda config: config.add_subscriber(lambda event: seen.append(event.request.path), NewRequest),
    )
    assert "code=" in opened(app, Request().url, cookie).location
    assert seen == [f"{PREFIX}/authorize"]
