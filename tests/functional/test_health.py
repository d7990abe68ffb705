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


def test_styles_are_ours_small_and_cacheable(platform):
    total = 0
    for name in ("tokens.css", "consentcore.css"):
        response = platform.browser().get(f"/static/{name}")
        assert response.content_type == "text/css"
        total += len(response.body)
    assert total < 30_000
