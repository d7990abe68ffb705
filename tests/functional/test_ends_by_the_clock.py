"""A consent that has run out has run out at its date: for everybody who is told of it, however late the worker is."""

from __future__ import annotations

import json
from functools import partial

import pytest

from consentcore.consent.verify import verify_all
from consentcore.domain.clock import DAY, HOUR, SystemClock, iso
from consentcore.domain.event_kinds import EventType
from consentcore.domain.secret import digest
from consentcore.i18n.dates import english_day, english_moment
from consentcore.i18n.wording import confirmation_number
from consentcore.testing.fakes import ManualClock
from consentcore.worker.worker import Worker
from tests.support.client_api import EVENTS, GRANTS, call, owner_of
from tests.support.command_line import Cli
from tests.support.platform import (
    ISSUER,
    Request,
    connect,
    decide,
    exchange,
    introspect,
    make_platform,
    proceed,
    refresh,
    sign_in,
    to_consent_page,
    visible,
)
from tests.support.platform import answer as press

ADA = "ada@example.org"
LATE = 9 * DAY
"""How late the worker is."""


@pytest.fixture(params=[pytest.param("memory", marks=pytest.mark.slow), "sqlalchemy"])
def platform(request, tmp_path):
    """A platform in which 400 days and more have yet to pass until today."""
    began = SystemClock().now() - 500 * DAY
    made = make_platform(tmp_path, storage=request.param, clock=ManualClock(began))
    yield made
    made.runtime.close()


def grant_of(platform):
    with platform.runtime.storage.reading() as uow:
        (found,) = uow.grants.all()
    return found


def let_run_out(platform, by: int = LATE):
    """Let the one grant run out, so long ago; the grant."""
    found = grant_of(platform)
    platform.runtime.clock.advance(found.expires_at + by - platform.runtime.clock.now())
    return found


def event_of(platform, grant):
    with platform.runtime.storage.reading() as uow:
        return uow.ledger.of_grant(grant.grant_id)[-1]


def signed_in(platform):
    browser = platform.browser()
    sign_in(browser, browser.get("/login"))
    return browser


def work(platform):
    Worker(platform.runtime).run_once()


@pytest.fixture(params=["before the worker", "after a late worker"])
def swept(request, platform):
    """Does what the worker does, or nothing."""
    late = request.param == "after a late worker"
    return partial(work, platform) if late else lambda: None


def test_pages_say_the_end_whether_or_not_its_event_is_written(platform, swept):
    connect(platform)
    grant = let_run_out(platform)
    swept()
    browser, now = signed_in(platform), platform.runtime.clock.now()
    ended = english_moment(grant.expires_at)
    assert "No application can use your data" in visible(browser.get("/consents"))
    gone = visible(browser.get("/consents/revoked"))
    assert "CoolSite It ended on its date Frostline SAS" in gone
    assert f"ended {ended}" in gone
    page = browser.get(f"/consents/{grant.grant_id}")
    assert f"It ended on its date , {ended}" in visible(page)
    assert "Revoke Access" not in page.text
    newest = browser.get("/consents/history").html.select_one("ol.history > li.event").get_text(" ")
    assert "The time was over: CoolSite is no longer allowed to" in newest
    assert "expired ·" in newest
    for text in (gone, page.html.select_one("[role=status]").get_text(), newest):
        assert english_day(now) not in text
    assert ended in newest


def test_the_page_never_calls_the_number_of_the_grant_that_of_its_end(platform):
    connect(platform)
    grant = let_run_out(platform)
    granted = event_of(platform, grant)
    browser = signed_in(platform)
    head = browser.get(f"/consents/{grant.grant_id}").html.select_one("[role=status]").get_text()
    assert "confirmation number" not in head
    told = visible(browser.get(f"/consents/{grant.grant_id}"))
    assert "You get an e-mail at" in told
    work(platform)
    expired = event_of(platform, grant)
    head = browser.get(f"/consents/{grant.grant_id}").html.select_one("[role=status]").get_text()
    assert confirmation_number(expired.event_id) in head
    assert confirmation_number(granted.event_id) not in head


def test_the_number_of_an_end_is_not_that_of_an_incident_after_it(platform):
    request = Request()
    _, page = to_consent_page(platform, request)
    code = press(page, "approve")["code"]
    exchange(platform, request, code)
    grant = grant_of(platform)
    browser = signed_in(platform)
    proceed(browser.get(f"/consents/{grant.grant_id}/revoke")).submit()
    withdrawn = event_of(platform, grant)
    runtime = platform.runtime
    family = runtime.storage.protocol.read_code("coolsite", digest(code)).code.family_id
    runtime.compromised(family, grant.grant_id, EventType.CODE_REPLAYED)
    assert event_of(platform, grant).type is EventType.CODE_REPLAYED
    head = browser.get(f"/consents/{grant.grant_id}").html.select_one("[role=status]").get_text()
    assert confirmation_number(withdrawn.event_id) in head


def test_proceed_on_what_has_run_out_is_not_offered_and_not_recorded(platform):
    connect(platform)
    browser = signed_in(platform)
    grant = grant_of(platform)
    platform.runtime.clock.advance(grant.expires_at - platform.runtime.clock.now() - HOUR)
    browser = signed_in(platform)
    open_page = browser.get(f"/consents/{grant.grant_id}/revoke")
    platform.runtime.clock.advance(HOUR + 1)
    late = proceed(open_page).submit(headers={"Origin": ISSUER}, status=409)
    assert "already ended" in late.text
    assert browser.get(f"/consents/{grant.grant_id}/revoke", status=303).location.endswith(grant.grant_id)
    work(platform)
    assert event_of(platform, grant).type == "expired"


def test_ledger_api_webhook_and_feed_say_the_end_and_when_it_was_written(platform):
    connect(platform)
    grant = let_run_out(platform)
    work(platform)
    now, end = platform.runtime.clock.now(), iso(grant.expires_at)
    event = event_of(platform, grant)
    body = json.loads(event.body)
    assert event.occurred_at == grant.expires_at
    assert (body["occurred_at"], body["effective_at"], body["recorded_at"]) == (end, end, iso(now))
    found = call(platform, f"{GRANTS}/{grant.grant_id}").json
    assert (found["state"], found["changed_at"], found["sequence"]) == ("expired", end, 2)
    told = call(platform, EVENTS).json["data"][-1]
    assert (told["type"], told["timestamp"], told["data"]["effective_at"]) == ("consent.expired", end, end)
    assert iso(now)[:10] not in json.dumps(told)
    assert verify_all(platform.runtime.storage, platform.runtime.keys).ok


@pytest.mark.parametrize("state", ["ended", "expired", ""])
def test_api_lists_what_has_run_out_before_any_job_ran(platform, state):
    connect(platform)
    grant = let_run_out(platform)
    (found,) = call(platform, f"{GRANTS}?state={state}").json["data"]
    assert (found["state"], found["status"], found["scopes"]) == ("expired", "expired", [])
    assert found["changed_at"] == iso(grant.expires_at)
    for other in ("active", "revoked", "withdrawn"):
        assert call(platform, f"{GRANTS}?state={other}").json["data"] == []
    call(platform, f"{GRANTS}/{grant.grant_id}", "DELETE", status=204)
    assert call(platform, f"{GRANTS}/{grant.grant_id}").json["state"] == "expired"


def test_a_new_approval_leaves_the_end_of_the_one_before_where_it_was(platform):
    connect(platform)
    old = let_run_out(platform)
    request = Request()
    _, page = to_consent_page(platform, request)
    tokens = exchange(platform, request, press(page, "approve")["code"]).json
    assert introspect(platform, tokens["access_token"])["active"] is True
    with platform.runtime.storage.reading() as uow:
        before = uow.grants.get(old.grant_id)
    assert (before.state.value, before.changed_at) == ("expired", old.expires_at)
    assert event_of(platform, old).occurred_at == old.expires_at
    browser = signed_in(platform)
    assert "1 application can use your data" in visible(browser.get("/consents"))
    assert f"ended {english_moment(old.expires_at)}" in visible(browser.get("/consents/revoked"))


def test_a_remembered_consent_and_a_refresh_end_with_it(platform):
    tokens = connect(platform, Request(scope="sites.read offline_access"))
    let_run_out(platform, 0)
    assert refresh(platform, tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert introspect(platform, tokens["access_token"]) == {"active": False}
    browser = signed_in(platform)
    assert "/consent?i=" in browser.get(Request(scope="sites.read").url).location


@pytest.mark.parametrize("platform", ["sqlalchemy"], indirect=True)
def test_commands_say_the_end_whether_or_not_its_event_is_written(platform, swept, tmp_path):
    connect(platform)
    grant = let_run_out(platform)
    swept()
    ini = (tmp_path / "test.ini").read_text()
    cli = Cli(tmp_path)
    cli.ini.write_text(ini)
    assert cli("consents", "list", "--owner", ADA, "--json").json == []
    (found,) = cli("consents", "list", "--owner", ADA, "--all", "--json").json
    assert (found["state"], found["changed_at"]) == ("expired", iso(grant.expires_at))
    (kept,) = cli("consents", "export", "--owner", ADA).json["grants"]
    assert (kept["state"], kept["changed_at"]) == ("expired", iso(grant.expires_at))
    refused = cli("consents", "revoke", grant.grant_id, "--reason", "abuse")
    assert refused.code == 1
    assert "is expired" in refused.err


def test_many_that_have_run_out_do_not_hide_those_that_stand(platform):
    """A page of the dashboard is full of what stands, not of rows that are about to go."""
    owner = owner_of(platform, ADA)
    for number in range(60):
        platform.add_client(f"app{number}", name=f"App {number}")
        decide(platform, owner, client_id=f"app{number}")
    platform.runtime.clock.advance(300 * DAY)
    decide(platform, owner, client_id="shiftplan")
    platform.runtime.clock.advance(66 * DAY)
    browser = signed_in(platform)
    assert "ShiftPlan EV" in visible(browser.get("/consents"))
    assert "App 7" not in visible(browser.get("/consents"))
    gone = browser.get("/consents/revoked").text
    assert all(f"App {number}<" in gone for number in range(60))


def test_an_unanswered_request_is_over_when_it_ran_out(platform):
    request = Request()
    asked = platform.runtime.clock.now()
    to_consent_page(platform, request)
    platform.runtime.clock.advance(LATE)
    work(platform)
    with platform.runtime.storage.reading() as uow:
        (found,) = uow.grants.all()
    ttl_ms = platform.runtime.settings.oauth.interaction_ttl_s * 1000
    assert (found.created_at, found.changed_at) == (asked, asked + ttl_ms)
    assert verify_all(platform.runtime.storage, platform.runtime.keys).ok


def test_the_feed_tells_of_an_end_whoever_wrote_it_down(platform):
    """An application that asks is told, also while no worker runs; the worker has nothing more to do then."""
    connect(platform)
    grant = let_run_out(platform)
    told = call(platform, EVENTS).json["data"]
    assert [one["type"] for one in told] == ["consent.granted", "consent.expired"]
    assert told[-1]["data"]["effective_at"] == iso(grant.expires_at)
    work(platform)
    assert call(platform, EVENTS).json["data"] == told
    assert len(platform.runtime.storage.delivery_log.deliveries(notice_id=told[-1]["id"])) == 1


def test_the_feed_of_one_application_writes_nothing_of_another(platform):
    connect(platform)
    let_run_out(platform)
    assert call(platform, EVENTS, client_id="shiftplan").json["data"] == []
    assert grant_of(platform).sequence == 1
