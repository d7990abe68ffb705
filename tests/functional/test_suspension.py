"""An application is kept out for a while: it gets nothing meanwhile, and afterwards everything is as before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.domain.clock import DAY
from consentcore.domain.exchange import Unknown
from consentcore.domain.grant_states import GrantState
from consentcore.i18n.dates import english_moment
from consentcore.worker.worker import Worker
from tests.support.client_api import EVENTS, GRANTS, basic, owner_of
from tests.support.platform import (
    ISSUER,
    PREFIX,
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


def pause(platform, client_id: str = "coolsite"):
    return platform.runtime.client_access.suspend(
        client_id, by="ops", reason="data went elsewhere"
    ).client.suspended


def go_on(platform):
    assert platform.runtime.client_access.resume("coolsite").changed


def test_tokens_are_refused_meanwhile_and_work_again_afterwards(platform):
    tokens = connect(platform, Request(scope="sites.read offline_access"))
    pause(platform)
    for kind in ("access_token", "refresh_token"):
        assert introspect(platform, tokens[kind]) == {"active": False}
        assert introspect(platform, tokens[kind], "coolsite") == {"active": False}
    for _ in range(3):
        refused = refresh(platform, tokens["refresh_token"])
        # RFC 6749 section 5.2: of the client, not of the token, which stock clients would throw away.
        assert (refused.status_int, refused.json["error"]) == (400, "unauthorized_client")
    go_on(platform)
    assert introspect(platform, tokens["access_token"])["active"] is True
    renewed = refresh(platform, tokens["refresh_token"])
    assert renewed.status_int == 200
    assert introspect(platform, renewed.json["access_token"])["active"] is True


def test_a_refresh_that_was_under_way_is_told_of_the_client_too(platform, monkeypatch):
    """Suspended between the read and the write: the verb knows only that it may not, the answer says why."""
    tokens = connect(platform)
    protocol = platform.runtime.storage.protocol

    def late(_rotation):
        pause(platform)
        return Unknown()

    monkeypatch.setattr(protocol, "rotate_refresh", late)
    assert refresh(platform, tokens["refresh_token"]).json["error"] == "unauthorized_client"


def test_a_code_is_not_burnt_meanwhile(platform):
    request = Request()
    _, page = to_consent_page(platform, request)
    code = press(page, "approve")["code"]
    pause(platform)
    assert exchange(platform, request, code).json["error"] == "unauthorized_client"
    go_on(platform)
    assert exchange(platform, request, code).status_int == 200


def test_whoever_cannot_prove_to_be_it_learns_nothing(platform):
    tokens = connect(platform)
    pause(platform)
    wrong = refresh(platform, tokens["refresh_token"], client_secret="ccs_wrong")
    assert (wrong.status_int, wrong.json["error"]) == (401, "invalid_client")


def test_nobody_is_asked_and_nobody_is_led_there(platform):
    connect(platform)
    browser = platform.browser()
    sign_in(browser, browser.get("/login"))
    pause(platform)
    for more in ({}, {"prompt": "none"}, {"prompt": "consent"}):
        page = browser.get(Request(extra=more).url, status=403)
        assert "This application is suspended" in visible(page)
        assert "coolsite.example" not in page.text
    go_on(platform)
    assert "code=" in browser.get(Request().url, status=303).location


@pytest.mark.parametrize("decision", ["approve", "deny"])
def test_an_open_consent_page_is_answered_by_the_truth(platform, decision):
    _, page = to_consent_page(platform, Request())
    pause(platform)
    refused = page.forms[0].submit("decision", value=decision, status=403)
    assert "This application is suspended" in visible(refused)
    with platform.runtime.storage.reading() as uow:
        assert not uow.grants.all()
    go_on(platform)
    assert press(page, "approve")["code"]


def test_nobody_signs_in_to_answer_what_may_not_be_asked(platform):
    browser = platform.browser()
    login = browser.get(Request().url, status=303).location
    pause(platform)
    assert "This application is suspended" in visible(browser.get(login, status=403))
    go_on(platform)
    assert "Sign in to answer CoolSite" in visible(browser.get(login))
    platform.runtime.client_access.disable("coolsite", by="ops", reason="")
    assert "it was switched off" in visible(browser.get(login, status=410))


def test_pushed_requests_and_the_api_are_closed(platform):
    grant = decide(platform, owner_of(platform, "ada@example.org"))
    pause(platform)
    browser, headers = platform.browser(), basic("coolsite", platform.secrets["coolsite"])
    pushed = browser.post(f"{PREFIX}/par", {"response_type": "code"}, headers=headers, expect_errors=True)
    assert (pushed.status_int, pushed.json["error"]) == (400, "unauthorized_client")
    for method, path in (
        ("GET", GRANTS),
        ("GET", EVENTS),
        ("GET", f"{GRANTS}/{grant.grant_id}"),
        ("DELETE", f"{GRANTS}/{grant.grant_id}"),
        ("GET", "/api/v1/endpoints"),
        ("GET", "/api/v1/deliveries"),
    ):
        refused = browser.request(path, method=method, headers=headers, expect_errors=True)
        assert (refused.status_int, refused.json["error"]) == (403, "unauthorized_client"), path
    go_on(platform)
    (kept,) = browser.get(GRANTS, headers=headers).json["data"]
    assert kept["state"] == "active"


def test_it_may_still_give_a_token_back(platform):
    tokens = connect(platform)
    pause(platform)
    body = {"token": tokens["refresh_token"], "client_id": "coolsite"}
    body["client_secret"] = platform.secrets["coolsite"]
    assert platform.browser().post(f"{PREFIX}/revoke", body).status_int == 200
    go_on(platform)
    assert introspect(platform, tokens["access_token"]) == {"active": False}


def test_consents_stand_and_their_owners_see_why_nothing_comes(platform):
    connect(platform)
    connect(platform, Request(client_id="shiftplan"))
    since = pause(platform).at
    Worker(platform.runtime).run_once()
    browser = platform.browser()
    sign_in(browser, browser.get("/login"))
    said = visible(browser.get("/consents"))
    operator = platform.runtime.settings.web.operator_name
    assert "1 application can use your data" in said
    assert f"Suspended by {operator} since {english_moment(since)}: it gets nothing meanwhile" in said
    with platform.runtime.storage.reading() as uow:
        (grant,) = uow.grants.all(client_id="coolsite", states=[GrantState.ACTIVE])
    page = browser.get(f"/consents/{grant.grant_id}")
    assert "CoolSite is suspended and gets none of your data" in visible(page)
    assert f"Suspended by {operator} since {english_moment(since)}" in visible(page)
    assert "data went elsewhere" not in page.text
    asked = page.click("Revoke Access")
    assert "suspended and gets nothing meanwhile" in visible(asked)
    assert "not while it is suspended" in visible(asked)
    done = proceed(asked).submit(headers={"Origin": ISSUER}).follow()
    assert "can no longer see your data" in visible(done)
    go_on(platform)
    assert "1 application can use your data" in visible(browser.get("/consents"))


def test_a_page_of_suspended_applications_alone_says_that_none_can_use_anything(platform):
    connect(platform)
    pause(platform)
    browser = platform.browser()
    sign_in(browser, browser.get("/login"))
    assert "No application can use your data just now" in visible(browser.get("/consents"))


def test_what_runs_out_meanwhile_has_run_out(platform):
    """The clock goes on: a suspension keeps no consent alive, and the worker ends only what is over."""
    grant = decide(platform, owner_of(platform, "ada@example.org"))
    pause(platform)
    with platform.runtime.storage.reading() as uow:
        assert list(uow.grants.due(grant.expires_at - 1, 10)) == []
        assert list(uow.grants.due(grant.expires_at + DAY, 10)) == [grant]


@pytest.mark.slow
@pytest.mark.postgres
def test_a_change_of_somebody_else_at_the_same_moment_does_not_undo_it(tmp_path, postgres_url):
    """Two operators at once, where neither waits for the other: what one has read before is not written back."""
    shared = make_platform(tmp_path, storage="sqlalchemy", url=postgres_url)
    storage = shared.runtime.storage
    with storage.transaction() as uow:
        seen = uow.clients.get("coolsite")
        pause(shared)
        uow.clients.update(replace(seen, name="Cooler"))
    with storage.reading() as uow:
        found = uow.clients.get("coolsite")
    shared.runtime.close()
    assert (found.name, found.suspended.by) == ("Cooler", "ops")


def test_a_client_that_is_changed_and_changed_back_is_as_before(database):
    with database.runtime.storage.transaction() as uow:
        before = uow.clients.get("coolsite")
        uow.clients.update(replace(before, name="Cooler"))
        uow.clients.update(before)
        assert uow.clients.get("coolsite") == before
