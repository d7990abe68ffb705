"""What a data owner is told of the end of a permission before there is one, and when they end it."""

from __future__ import annotations

import pytest

from tests.support.platform import Request, connect, make_platform, sign_in, to_consent_page, visible


@pytest.fixture
def platform(tmp_path):
    made = make_platform(tmp_path)
    yield made
    made.runtime.close()


def test_wd_11_what_was_shared_before_stays_lawful_and_both_pages_say_so(platform):
    _, page = to_consent_page(platform, Request())
    assert "Stopping does not undo what was already shared" in visible(page)
    connect(platform)
    with platform.runtime.storage.reading() as uow:
        (grant,) = [one for one in uow.grants.all() if one.scopes]
    browser = platform.browser()
    sign_in(browser, browser.get("/login"))
    confirmation = visible(browser.get(f"/consents/{grant.grant_id}/revoke"))
    assert "already received" in confirmation
