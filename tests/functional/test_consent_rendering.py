"""The consent page is rendered once: what is sent is what is kept, with the secrets filled in."""

from __future__ import annotations

import pytest
from pyramid.renderers import RendererHelper

from consentcore.testing.fakes import ManualClock
from consentcore.web.owner import shown_page
from tests.support.platform import Request, make_platform, to_consent_page


@pytest.fixture
def platform(tmp_path):
    made = make_platform(tmp_path, clock=ManualClock())
    yield made
    made.runtime.close()


def test_the_page_that_opens_is_the_one_that_another_rendering_would_give(platform, monkeypatch):
    browser, page = to_consent_page(platform, Request())
    address = page.request.url
    once = browser.get(address)
    monkeypatch.setattr(shown_page.Shown, "is_of", lambda _shown, _page: False)
    again = browser.get(address)
    assert once.body == again.body
    del once.headers["X-Request-ID"], again.headers["X-Request-ID"]
    assert sorted(once.headers.items()) == sorted(again.headers.items())
    assert once.forms[0]["csrf_token"].value
    assert once.forms[0]["i"].value in address
    assert once.forms[0]["shown"].value.count("|") == 2


def test_the_page_that_opens_is_rendered_once(platform, monkeypatch):
    browser, page = to_consent_page(platform, Request())
    rendered = []
    render = RendererHelper.render

    def count(self, *args, **values):
        rendered.append(self.name)
        return render(self, *args, **values)

    monkeypatch.setattr(RendererHelper, "render", count)
    browser.get(page.request.url)
    assert rendered == ["consent.jinja2"]
