"""Probes and static files."""

from __future__ import annotations


def test_livez_and_readyz(platform):
    browser = platform.browser()
    assert browser.get("/livez").text == "ok\n"
    assert browser.get("/readyz").json == {"ready": True, "checks": {"storage": "ok"}}


def test_readyz_names_what_is_wrong(platform, monkeypatch):
    monkeypatch.setattr(type(platform.runtime.storage), "check", lambda _self: ["cannot reach it"])
    response = platform.browser().get("/readyz", status=503)
    assert response.json == {"ready": False, "checks": {"storage": ["cannot reach it"]}}


def test_styles_and_script_are_ours_small_and_cacheable(platform):
    browser, total = platform.browser(), 0
    page = browser.get("/login").html
    styles = [link["href"] for link in page.select("link[rel=stylesheet]")]
    scripts = [script["src"] for script in page.select("script")]
    assert styles
    assert scripts
    for address in styles + scripts:
        response = browser.get(address)
        assert response.content_type == ("text/css" if address in styles else "text/javascript")
        assert "max-age=3600" in response.headers["Cache-Control"]
        total += len(response.body)
    assert total < 30_000
