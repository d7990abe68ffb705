"""What clients post is answered without Pyramid, and just as its views answer it."""

from __future__ import annotations

import io
import json
from urllib.parse import urlencode

import pytest
from pyramid.events import NewRequest
from pyramid.response import Response
from webob import Request as Blank

from consentcore.app import app_from_runtime
from consentcore.egress.errands import KEY_SET, Elsewhere, Errand, errand, served_at
from consentcore.web.protocol_front import ENDPOINTS
from tests.support.platform import PREFIX, connect, make_platform

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
        config.add_view(lambda _: Response(b"mine"), route_name="oauth.introspect", require_csrf=False)

    app = answering_through(platform, configure)
    assert posted(app, "introspect", {"token": "x"}).body == b"mine"
