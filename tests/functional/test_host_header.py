"""The Host header is whatever a client writes: no redirect leads there."""

from __future__ import annotations

import pytest
from pyramid.httpexceptions import HTTPFound
from pyramid.response import Response

from consentcore.app import app_from_runtime
from tests.support.platform import ISSUER, make_platform


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """With pages as a plugin adds them, by the means that Pyramid offers."""
    folder = tmp_path_factory.mktemp("host")
    (folder / "files" / "inner").mkdir(parents=True)
    platform = make_platform(folder)
    views = {
        "named": lambda request: HTTPFound(request.route_url("target")),
        "joined": lambda request: HTTPFound("target?a=b"),
        "plain": lambda _request: Response(status=303, headerlist=[("Location", "target")]),
        "query": lambda _request: HTTPFound("?a=b"),
        "scheme": lambda request: HTTPFound(f"//{request.host}//elsewhere.example/x"),
        "elsewhere": lambda _request: HTTPFound("https://provider.example/sign-in"),
        "ours": lambda _request: HTTPFound(f"{ISSUER}/consents"),
        "callback": lambda request: Response(
            status=303, headerlist=[("Location", f"http://{request.host}/cb")]
        ),
    }

    def configure(config, *_):
        config.add_static_view("plugin-files", str(folder / "files"))
        config.add_route("target", "/plugin/target/")
        config.add_view(lambda _request: Response("here"), route_name="target")
        for name, view in views.items():
            config.add_route(name, f"/plugin/{name}")
            config.add_view(view, route_name=name)
        config.add_notfound_view(lambda request: Response(status=404), append_slash=HTTPFound)

    platform.runtime.registry.configure = configure
    platform.app = app_from_runtime(platform.runtime)
    yield platform.browser()
    platform.runtime.close()


def ask(browser, path):
    return browser.get(path, headers={"Host": "evil.example:8080"}, expect_errors=True)


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/static/.", "/static/./"),
        ("/static/%2e", "/static/./"),
        ("/static/..", "/static/../"),
        ("/plugin-files/inner", "/plugin-files/inner/"),
        ("/plugin-files/inner?a=b", "/plugin-files/inner/?a=b"),
        ("/plugin/target", "/plugin/target/"),
        ("/plugin/named", "/plugin/target/"),
        ("/plugin/joined", "/plugin/target?a=b"),
        ("/plugin/plain", "/plugin/target"),
        ("/plugin/query", "/plugin/query?a=b"),
        ("/plugin/scheme", "/elsewhere.example/x"),
        ("/", "/consents"),
        ("/consents", "/login?next=/consents"),
    ],
)
def test_redirect_within_the_site_names_no_host(browser, path, location):
    answer = ask(browser, path)
    assert 300 < answer.status_int < 400
    assert answer.headers["Location"] == location
    assert "evil" not in answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/plugin/elsewhere", "https://provider.example/sign-in"),
        ("/plugin/ours", f"{ISSUER}/consents"),
        ("/plugin/callback", "http://evil.example:8080/cb"),
    ],
)
def test_redirect_that_was_written_out_stays(browser, path, location):
    assert ask(browser, path).headers["Location"] == location


@pytest.mark.parametrize("path", ["//evil.example", "//evil.example/static/.", "/\\evil.example"])
def test_address_that_looks_like_a_host_leads_nowhere(browser, path):
    assert "Location" not in ask(browser, path).headers


def test_own_host_may_be_named(browser):
    answer = browser.get("/plugin/named", headers={"Host": ISSUER.removeprefix("http://")})
    assert answer.headers["Location"] == f"{ISSUER}/plugin/target/"
