"""An owner allows less from the dashboard, an application gives something back: one step, and everybody is told."""

from __future__ import annotations

import email
import email.policy
import json
from datetime import UTC, datetime, timedelta

import pytest

from consentcore.consent.verify import verify_all
from consentcore.domain.clock import DAY, from_iso
from consentcore.worker.worker import Worker
from tests.support.client_api import EVENTS, GRANTS, call
from tests.support.platform import (
    Request,
    connect,
    introspect,
    refresh,
    sign_in,
    visible,
)
from tests.support.storages import EVERY_STORAGE, platform_on

SCOPE = "sites.read comfort.read alarms.read offline_access"


@pytest.fixture(params=EVERY_STORAGE)
def platform(tmp_path, request):
    made = platform_on(request.param, request, tmp_path)
    yield made
    made.runtime.close()


@pytest.fixture
def standing(platform):
    """A browser of the owner, the tokens, and the page on which less can be allowed."""
    tokens = connect(platform, Request(scope=SCOPE))
    browser = platform.browser()
    sign_in(browser, browser.get("/login"))
    (grant,) = grants(platform)
    return browser, tokens, browser.get(f"/consents/{grant.grant_id}/change")


def grants(platform):
    with platform.runtime.storage.reading() as uow:
        return [one for one in uow.grants.all() if one.state.value == "active"]


def events(platform):
    (grant,) = grants(platform)
    with platform.runtime.storage.reading() as uow:
        return [json.loads(event.body) for event in uow.ledger.of_grant(grant.grant_id)]


def form_of(page):
    return next(form for form in page.forms.values() if form.action.endswith("/change"))


def untick(page, *scopes: str):
    form = form_of(page)
    for box in form.fields["scope"]:
        box.checked = box._value not in scopes
    return form


def mails(platform):
    folder = platform.runtime.registry.settings("devmail").dir
    found = [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for path in sorted(folder.glob("*.eml"))
    ]
    return [(one["Subject"], one.get_body(("plain",)).get_content()) for one in found]


def day(ahead: int) -> str:
    return (datetime.now(UTC) + timedelta(days=ahead)).date().isoformat()


def test_db_21_unticking_narrows_at_once_in_one_step_and_says_so(platform, standing):
    _, tokens, page = standing
    done = untick(page, "alarms.read").submit(status=303).follow()
    status = done.html.select_one("p.done[role=status]")
    assert "Confirmation number" in status.get_text()
    assert "alarms" not in [one.get_text().lower() for one in done.html.select("ul.scopes strong")]
    assert introspect(platform, tokens["access_token"])["scope"] == "sites.read comfort.read offline_access"
    again = refresh(platform, tokens["refresh_token"]).json
    assert again["scope"] == "sites.read comfort.read offline_access"
    narrowed = events(platform)[-1]
    assert (narrowed["type"], narrowed["evidence"]["indication_method"]) == ("narrowed", "form:change")
    assert not verify_all(platform.runtime.storage, platform.runtime.keys).problems


def test_db_21_the_page_is_reached_from_the_details_and_offers_no_more_than_stands(platform, standing):
    browser, _, page = standing
    (grant,) = grants(platform)
    assert (
        browser.get(f"/consents/{grant.grant_id}").click("Change what it may use").request.path
        == page.request.path
    )
    boxes = page.html.select("input[name=scope]")
    assert {one["value"] for one in boxes} == set(grant.scope_ids)
    assert all(one.has_attr("checked") and one.find_parent("label") for one in boxes)
    assert all(one.legend.get_text(strip=True) for one in page.html.select("fieldset"))
    assert "says that it cannot work without this" in visible(page)


def test_db_21_an_earlier_end_counts_to_the_end_of_that_day_where_the_owner_is(platform, standing):
    _, _, page = standing
    form = form_of(page)
    form["until"] = day(30)
    form.submit(status=303)
    (grant,) = grants(platform)
    end = datetime.fromtimestamp(grant.expires_at / 1000, UTC)
    assert (end.date().isoformat(), end.hour, end.minute, end.second) == (day(30), 23, 59, 59)
    body = events(platform)[-1]
    assert from_iso(body["validity_before"]["until"]) > from_iso(body["validity"]["until"])


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Nothing would be different"),
        ({"scope": []}, "Something has to stay"),
        ({"scope": ["offline_access"]}, "Something has to stay"),
        ({"scope": ["sites.read", "energy.usage.daily"]}, "Here you can only take away"),
        ({"resource": ["site|mine"]}, "Nothing would be different"),
        ({"until": [day(0)]}, "Choose a day from tomorrow on"),
        ({"until": ["2031-13-45"]}, "Choose a day from tomorrow on"),
        ({"until": [day(366)]}, "Choose a day from tomorrow on"),
        ({"until": [day(365)]}, "Nothing would be different"),
        ({"until": ["9999-12-31"]}, "Choose a day from tomorrow on"),
        ({"until": ["1960-01-01"]}, "Choose a day from tomorrow on"),
    ],
)
def test_cr_05_db_21_a_form_that_asks_for_more_or_for_nothing_changes_nothing_and_says_why(
    platform, standing, fields, words
):
    browser, _, page = standing
    before = grants(platform)
    kept = [(name, value) for name, value in form_of(page).submit_fields() if name not in fields]
    posted = [*kept, *((name, value) for name, values in fields.items() for value in values)]
    refused = browser.post(page.request.path, posted, status=400)
    summary = refused.html.select_one("[role=alert]")
    assert words in summary.get_text()
    assert summary.has_attr("autofocus")
    assert grants(platform) == before
    target = summary.a["href"].removeprefix("#")
    assert not target or refused.html.find(id=target)


def test_cp_25_ticks_and_day_are_kept_where_something_is_wrong(platform, standing):
    _, _, page = standing
    form = untick(page, "alarms.read")
    form["until"] = day(0)
    refused = form.submit(status=400)
    ticked = {one["value"] for one in refused.html.select("input[name=scope]") if one.has_attr("checked")}
    assert ticked == {"sites.read", "comfort.read", "offline_access"}
    until = refused.html.find(id="until")
    assert (until["value"], until["aria-invalid"]) == (day(0), "true")


def test_a_page_from_before_a_change_takes_nothing_away_unseen(platform, standing):
    _, _, page = standing
    untick(page, "alarms.read").submit(status=303)
    stale = untick(page, "comfort.read").submit(status=409)
    assert "has changed since you opened the page" in visible(stale)
    (grant,) = grants(platform)
    assert grant.scope_ids == ("comfort.read", "offline_access", "sites.read")
    untick(stale, "comfort.read").submit(status=303)
    (grant,) = grants(platform)
    assert grant.scope_ids == ("offline_access", "sites.read")


def test_nobody_else_and_no_foreign_form_changes_it(platform, standing):
    browser, _, page = standing
    fields = dict(form_of(page).submit_fields())
    browser.post(page.request.path, {**fields, "csrf_token": "x"}, status=(400, 403))
    other = platform.browser()
    sign_in(other, other.get("/login"), "grace@example.org")
    other.get(page.request.path, status=404)
    stranger = dict(next(iter(other.get("/account").forms.values())).submit_fields())["csrf_token"]
    other.post(page.request.path, {**fields, "csrf_token": stranger}, status=404)
    assert len(events(platform)) == 1


def test_what_has_ended_is_not_offered(platform, standing):
    browser, _, page = standing
    browser.post(
        page.request.path.replace("/change", "/revoke"),
        {"csrf_token": form_of(page)["csrf_token"].value},
        status=303,
    )
    gone = page.request.path.removesuffix("/change")
    assert browser.get(page.request.path, status=303).location == gone
    assert (
        untick(page, "alarms.read")
        .submit(status=303)
        .location.endswith(page.request.path.removesuffix("/change"))
    )


def test_nt_05_the_mail_says_the_differences_in_words(platform, standing):
    _, _, page = standing
    form = untick(page, "alarms.read")
    form["until"] = day(30)
    form.submit(status=303)
    Worker(platform.runtime).run_once()
    subject, text = mails(platform)[-1]
    catalog = platform.runtime.catalog
    assert subject == "You now allow CoolSite less"
    gone, stays = text.split("In all,")
    assert catalog["alarms.read"].label in gone
    assert catalog["alarms.read"].label not in stays
    assert catalog["comfort.read"].label in stays
    assert "and no longer on" in gone
    for word in ("alarms.read", "comfort.read"):
        assert word not in text


def test_nt_40_cp_30_the_application_is_told_before_and_after(platform, standing):
    _, _, page = standing
    (grant,) = grants(platform)
    form = untick(page, "alarms.read")
    form["until"] = day(30)
    form.submit(status=303)
    told = call(platform, EVENTS).json["data"][-1]
    data = told["data"]
    assert (told["type"], data["change"], data["initiator"]) == ("consent.granted", "narrowed", "user")
    assert data["previous_scopes"] == sorted(SCOPE.split())
    assert data["scopes"] == ["comfort.read", "offline_access", "sites.read"]
    assert from_iso(data["previous_expires_at"]) == grant.expires_at
    assert from_iso(data["expires_at"]) < grant.expires_at
    shown = call(platform, f"{GRANTS}/{grant.grant_id}").json
    assert (shown["scopes"], shown["expires_at"]) == (data["scopes"], data["expires_at"])


class TestFromTheApplication:
    def path(self, platform) -> str:
        (grant,) = grants(platform)
        return f"{GRANTS}/{grant.grant_id}"

    def test_cr_05_it_gives_scopes_and_time_back(self, platform, standing):
        _, tokens, _ = standing
        path, (grant,) = self.path(platform), grants(platform)
        sooner = datetime.fromtimestamp((grant.expires_at - 90 * DAY) / 1000, UTC).isoformat()
        body = {"scopes": ["sites.read", "offline_access"], "expires_at": sooner}
        answered = call(platform, path, "PATCH", json=body).json
        assert answered["scopes"] == ["offline_access", "sites.read"]
        assert from_iso(answered["expires_at"]) == from_iso(sooner)
        assert answered["sequence"] == 2
        assert introspect(platform, tokens["access_token"])["scope"] == "sites.read offline_access"
        assert call(platform, path, "PATCH", json=body).json == answered
        assert [one["type"] for one in events(platform)] == ["granted", "reduced"]
        Worker(platform.runtime).run_once()
        subject, text = mails(platform)[-1]
        assert subject == "CoolSite now gets less of your data"
        assert "gave back part" in " ".join(text.split())
        assert call(platform, EVENTS).json["data"][-1]["data"]["initiator"] == "client"
        assert not verify_all(platform.runtime.storage, platform.runtime.keys).problems

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"scopes": ["sites.read", "energy.usage.daily"]}, "scopes"),
            ({"scopes": []}, "scopes"),
            ({"scopes": "sites.read"}, "scopes"),
            ({"expires_at": "2099-01-01T00:00:00.000Z"}, "expires_at"),
            ({"expires_at": "2020-01-01T00:00:00.000Z"}, "expires_at"),
            ({"expires_at": "tomorrow"}, "expires_at"),
            ({"expires_at": "2027-01-01T00:00:00"}, "expires_at"),
            ({"state": "active"}, "state"),
        ],
    )
    def test_cr_05_more_is_refused_by_its_field(self, platform, standing, body, field):
        path = self.path(platform)
        refused = call(platform, path, "PATCH", json=body, status=400).json
        assert refused["error_description"].startswith(field)
        assert len(events(platform)) == 1

    def test_nobody_elses_and_nothing_that_has_ended(self, platform, standing):
        path = self.path(platform)
        call(platform, path, "PATCH", json={"scopes": ["sites.read"]}, client_id="shiftplan", status=404)
        call(platform, path, "DELETE", status=204)
        call(platform, path, "PATCH", json={"scopes": ["sites.read"]}, status=409)


def test_cp_29_what_was_taken_away_is_asked_for_again_where_the_application_needs_it(platform, standing):
    browser, _, page = standing
    untick(page, "alarms.read").submit(status=303)
    asked = browser.get(Request(scope=SCOPE).url, status=303)
    assert "/consent?" in asked.location
    marks = {
        one.strong.get_text(): one.select_one(".mark").get_text(strip=True)
        for one in asked.follow().html.select(".scopes li")
    }
    assert marks[platform.runtime.catalog["alarms.read"].label] == "new"


def test_db_22_the_history_tells_it_at_once(platform, standing):
    browser, _, page = standing
    untick(page, "alarms.read").submit(status=303)
    assert "You no longer allow CoolSite" in visible(browser.get("/consents/history"))
