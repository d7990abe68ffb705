"""After Proceed the owner watches it happen: what has ended, who was told, who has confirmed, each with its time."""

from __future__ import annotations

import uuid

import pytest

from consentcore.api import SealedSecret, WebhookEndpoint
from consentcore.domain.clock import DAY, SystemClock
from consentcore.domain.grant_states import GrantState
from consentcore.domain.notice import DeliveryState
from consentcore.i18n.dates import english_clock, english_day
from consentcore.testing.fakes import ManualClock
from consentcore.worker.worker import Worker
from tests.support.platform import connect, introspect, make_platform, proceed, sign_in, visible
from tests.support.sinks import Answer, http_sink

SECRET = b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture(params=[pytest.param("memory", marks=pytest.mark.slow), "sqlalchemy"])
def platform(request, tmp_path):
    """A platform whose clock stands still, at the noon before, where nobody moves it."""
    noon = SystemClock().now() // DAY * DAY - DAY // 2
    made = make_platform(tmp_path, storage=request.param, clock=ManualClock(noon))
    yield made
    made.runtime.close()


def listen_at(platform, url: str) -> None:
    runtime, endpoint_id, now = platform.runtime, f"ep_{uuid.uuid4().hex}", platform.runtime.clock.now()
    sealed = SealedSecret(runtime.keys.seal("webhook", SECRET, endpoint_id), now)
    with runtime.storage.transaction() as uow:
        uow.clients.add_endpoint(WebhookEndpoint(endpoint_id, "coolsite", url, now, secrets=(sealed,)))


def proceeded(platform):
    """Ada after Proceed: her browser and the page that answers."""
    browser = platform.browser()
    sign_in(browser, browser.get("/login"))
    confirm = browser.get("/consents").click("Revoke Access")
    return browser, proceed(confirm).submit(status=303).follow()


def lines(page) -> list[str]:
    return [" ".join(line.get_text(" ").split()) for line in page.html.select("ul.checklist > li")]


def again(browser, page):
    """The lines as the script of the page reads them."""
    return browser.get(page.html.select_one("[data-progress]")["data-progress"])


def test_db_34_the_same_place_answers_with_time_number_and_lines_that_fill_in(platform):
    connect(platform)
    clock = platform.runtime.clock
    with http_sink() as sink:
        listen_at(platform, sink.url())
        browser, page = proceeded(platform)
        assert page.html.h1.text == "CoolSite can no longer see your data"
        assert "confirmation number" in page.html.select_one("[role=status]").text
        ended, due = english_clock(clock.now()), english_day(clock.now() + 30 * DAY)
        to_delete = (
            f"CoolSite has until {due} to delete what it received"  # consentcore.controller.deletion_days
        )
        assert lines(page) == [
            f"Every access is ended {ended}",
            "CoolSite is being told waiting",
            "CoolSite has yet to confirm it waiting",
            to_delete,
            "You get an e-mail at ada@example.org waiting",
        ]
        assert page.html.select_one("#progress")["aria-live"] == "polite"
        clock.advance(3000)
        Worker(platform.runtime).run_once()
    told, after = english_clock(clock.now()), again(browser, page)
    assert lines(after) == [
        f"Every access is ended {ended}",
        f"CoolSite was told {told}",
        f"CoolSite has confirmed it {told}",
        to_delete,
        f"An e-mail was sent to ada@example.org {told}",
    ]
    assert told != ended
    assert "data-waiting" not in after.text
    assert "Look again" not in visible(browser.get(page.request.path))


def test_db_34_without_a_script_there_is_a_link_to_look_again(platform):
    connect(platform)
    _, page = proceeded(platform)
    assert "refresh" not in str(page.html.head).lower(), (
        "no meta refresh: nothing moves by itself (WCAG 2.2.1)"
    )
    assert page.click("Look again").html.h1.text == page.html.h1.text


def test_db_35_an_application_that_is_not_reached_stops_nothing(platform):
    tokens = connect(platform)
    with http_sink() as sink:
        sink.answer = Answer(status=503)
        listen_at(platform, sink.url())
        browser, page = proceeded(platform)
        assert introspect(platform, tokens["access_token"]) == {"active": False}
        Worker(platform.runtime).run_once()
    assert lines(again(browser, page))[1] == (
        "CoolSite has not been reached yet We keep trying. It gets nothing meanwhile. waiting"
    )
    log = platform.runtime.storage.delivery_log
    for delivery in log.deliveries(state=DeliveryState.PENDING):
        assert delivery.attempts == 1
    with platform.runtime.storage.reading() as uow:
        assert [grant.state for grant in uow.grants.all()] == [GrantState.WITHDRAWN]


def test_db_22_what_was_done_is_seen_at_once_on_every_page(platform):
    connect(platform)
    browser, page = proceeded(platform)
    assert "Revoke Access" not in visible(browser.get("/consents"))
    assert "CoolSite" in visible(browser.get("/consents/revoked"))
    newest = browser.get("/consents/history").html.select_one("li.event").text
    assert "You no longer allow CoolSite" in newest
    assert "You revoked it" in visible(browser.get(page.request.path))


def test_an_application_without_an_endpoint_finds_out_by_itself(platform):
    connect(platform)
    _, page = proceeded(platform)
    assert lines(page)[1] == "CoolSite finds out when it next asks for data, and gets none"


def test_days_later_each_line_has_its_day(platform):
    connect(platform)
    browser, page = proceeded(platform)
    platform.runtime.clock.advance(2 * DAY)
    sign_in(browser, browser.get("/login"))
    assert "UTC" in lines(browser.get(page.request.path))[0]


def test_the_lines_are_the_owners_alone_and_there_are_none_of_what_stands(platform):
    connect(platform)
    with platform.runtime.storage.reading() as uow:
        (grant,) = uow.grants.all()
    path = f"/consents/{grant.grant_id}"
    grace = platform.browser()
    sign_in(grace, grace.get("/login"), "grace@example.org")
    grace.get(f"{path}/progress", status=404)
    assert platform.browser().get(f"{path}/progress", status=303).location.startswith("/login")
    ada = platform.browser()
    sign_in(ada, ada.get("/login"))
    assert ada.get(f"{path}/progress", status=303).location == path
