"""Requests that nobody answers: whoever leads a signed-in browser to the authorization endpoint fills no ledger."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine

from consentcore.ports.storage import transact
from tests.support.platform import Request, answer, make_platform, sign_in

DAY_S = 24 * 3600


def signed_in(platform):
    browser = platform.browser()
    sign_in(browser, browser.get("/login"))
    return browser


def sweep(platform, *, workers=1):
    """What the worker does with requests whose time is over."""
    runtime = platform.runtime
    with runtime.storage.reading() as uow:
        over = list(uow.interactions.expired(runtime.clock.now(), 1000))
    with ThreadPoolExecutor(workers) as pool:
        list(
            pool.map(
                lambda one: transact(
                    runtime.storage, lambda uow: runtime.service.unanswered.abandon(uow, one)
                ),
                over,
            )
        )
    with runtime.storage.reading() as uow:
        assert not uow.interactions.expired(runtime.clock.now(), 1)


def events(platform):
    with platform.runtime.storage.reading() as uow:
        found = [one for grant in uow.grants.all() for one in uow.ledger.of_grant(grant.grant_id)]
    return [one.type.value for one in sorted(found, key=lambda one: one.occurred_at)]


def test_repeated_requests_that_nobody_answers_are_one_record_and_are_limited(platform):
    """600 such links in three seconds were 600 grants and events, for ever."""
    browser = signed_in(platform)
    ways = [browser.get(Request(state=f"s{number}").url, status=303).location for number in range(300)]
    refused = [way for way in ways if "error=temporarily_unavailable" in way]  # RFC 6749 section 4.1.2.1
    assert len(refused) >= 300 - 2 * 120, "the minute may have changed in between"
    assert all("state=s" in way for way in refused)
    with time_machine.travel(time.time() + 601):
        sweep(platform)
    assert events(platform) == ["abandoned"]


def test_the_limit_is_of_one_owner_and_application(tmp_path):
    platform = make_platform(tmp_path, extra="consentcore.limits.asking_per_owner = 3")
    ada = signed_in(platform)
    for _ in range(3):
        assert "/consent?i=" in ada.get(Request().url).location
    assert "error=temporarily_unavailable" in ada.get(Request().url).location
    assert "/consent?i=" in ada.get(Request(client_id="shiftplan").url).location
    grace = platform.browser()
    sign_in(grace, grace.get("/login"), "grace@example.org")
    assert "/consent?i=" in grace.get(Request().url).location
    platform.runtime.close()


def test_several_workers_record_once(database):
    browser = signed_in(database)
    for _ in range(20):
        browser.get(Request().url, status=303)
    with time_machine.travel(time.time() + 601):
        sweep(database, workers=4)
    assert events(database) == ["abandoned"]


def test_other_scopes_are_a_record_of_their_own_up_to_a_bound(platform):
    browser = signed_in(platform)
    scopes = ["sites.read", "comfort.read", "alarms.read", "offline_access"]
    subsets = [
        " ".join(scope for place, scope in enumerate(scopes) if number >> place & 1)
        for number in range(1, 16)
    ]
    for scope in subsets * 2:
        browser.get(Request(scope=scope).url, status=303)
    with time_machine.travel(time.time() + 601):
        sweep(platform)
    assert events(platform) == ["abandoned"] * 10


@pytest.mark.parametrize(("passes_s", "records"), [(DAY_S - 10, 1), (DAY_S + 10, 2)])
def test_the_same_request_on_another_day_is_on_record_again(platform, passes_s, records):
    start = time.time()
    for moment in (start, start + passes_s):
        with time_machine.travel(moment, tick=False):
            signed_in(platform).get(Request().url, status=303)
        with time_machine.travel(moment + 601, tick=False):
            sweep(platform)
    assert events(platform) == ["abandoned"] * records


@pytest.mark.parametrize(("decision", "event"), [("approve", "granted"), ("deny", "denied")])
def test_what_was_answered_in_another_tab_or_browser_is_not_unanswered(platform, decision, event):
    here, there = signed_in(platform), signed_in(platform)
    left = here.get(Request(state="left").url, status=303).follow()
    answer(there.get(Request(state="mine").url, status=303).follow(), decision)
    assert "CoolSite" in left.text
    with time_machine.travel(time.time() + 601):
        sweep(platform)
    assert events(platform) == [event]


def test_what_asked_for_more_than_was_answered_meanwhile_is_on_record(platform):
    browser = signed_in(platform)
    browser.get(Request(scope="sites.read alarms.read").url, status=303).follow()
    answer(browser.get(Request(scope="sites.read").url, status=303).follow(), "approve")
    with time_machine.travel(time.time() + 601):
        sweep(platform)
    assert events(platform) == ["granted", "abandoned"]


def test_after_an_answer_the_next_one_is_on_record(platform):
    start = time.time()
    with time_machine.travel(start, tick=False):
        browser = signed_in(platform)
        browser.get(Request(extra={"prompt": "consent"}).url, status=303)
    with time_machine.travel(start + 601, tick=False):
        sweep(platform)
    with time_machine.travel(start + 700, tick=False):
        browser = signed_in(platform)
        answer(browser.get(Request(extra={"prompt": "consent"}).url).follow(), "deny")
        browser.get(Request(extra={"prompt": "consent"}).url, status=303)
    with time_machine.travel(start + 1400, tick=False):
        sweep(platform)
    assert events(platform) == ["abandoned", "denied", "abandoned"]
