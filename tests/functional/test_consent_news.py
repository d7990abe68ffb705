"""What the consent page says is new, over a consent that stands."""

from __future__ import annotations

import pytest

from consentcore.i18n.dates import english_day
from tests.support.platform import Request, answer, decide, to_consent_page, visible

MARKED = "What is new now is marked"


def page_over(platform, first: str, second: str, **extra):
    """The page for ``second`` after ``first`` was approved."""
    browser, page = to_consent_page(platform, Request(scope=first))
    answer(page, "approve")
    return browser.get(Request(scope=second, extra={"prompt": "consent", **extra}).url).follow()


def marks(page, word: str) -> int:
    """How often something is marked, apart from the sentence that explains the mark."""
    found = [mark for mark in page.html.select(".mark") if mark.text == word]
    return len(found) - (MARKED in visible(page))


@pytest.mark.parametrize(
    ("first", "second", "new"),
    [
        ("sites.read", "offline_access", 1),
        ("sites.read", "sites.read offline_access", 1),
        ("sites.read offline_access", "sites.read comfort.read offline_access", 1),
        ("sites.read", "comfort.read alarms.read", 2),
        ("sites.read", "sites.read", 0),
        ("sites.read offline_access", "sites.read", 0),
        ("sites.read offline_access", "offline_access", 0),
        ("sites.read comfort.read", "sites.read", 0),
        ("offline_access", "sites.read", 1),
    ],
)
def test_it_says_that_something_is_marked_new_where_something_is(platform, first, second, new):
    page = page_over(platform, first, second)
    assert "something before" in visible(page)
    assert marks(page, "new") == new
    assert (MARKED in visible(page)) is bool(new)
    assert ("asks for nothing more now" in visible(page)) is not bool(new)


def test_access_while_away_alone_is_no_request_to_see_data(platform):
    page = page_over(platform, "sites.read", "offline_access")
    assert page.html.h1.text == "CoolSite asks for what it already has, also while you are not using it"
    assert "It asks to see nothing more and to change nothing more." in visible(page)
    _, fresh = to_consent_page(platform, Request(client_id="shiftplan", scope="offline_access"))
    assert fresh.html.h1.text == "ShiftPlan EV asks for access while you are not using it"
    assert "something before" not in visible(fresh)
    assert "It asks to see nothing and to change nothing." in visible(fresh)
    assert not fresh.html.select(".mark")


def test_a_shorter_end_for_what_is_new_is_said_to_count_for_all(platform):
    platform.add_client("heater", scopes=("sites.read", "device.control.setpoint"))
    runtime = platform.runtime
    with runtime.storage.reading() as uow:
        owner = uow.owners.by_email("ada@example.org")
    grant = decide(platform, owner, "sites.read", client_id="heater")
    stands = f"As it stands, it ends on {english_day(grant.expires_at)}"
    _, page = to_consent_page(platform, Request("heater", scope="device.control.setpoint"))
    assert f"{stands}; if you approve, the new end counts for all of it." in visible(page)
    form = page.forms[0]
    form["scope"] = True
    form.submit("decision", value="approve", status=303)
    with runtime.storage.reading() as uow:
        after = uow.grants.get(grant.grant_id)
    assert after.expires_at < grant.expires_at, "and so it does"
