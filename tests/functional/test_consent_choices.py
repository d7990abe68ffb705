"""What an owner chooses on the consent page: optional scopes, what may act, and for how long."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from consentcore.consent.verify import verify_all
from consentcore.domain.clock import DAY
from consentcore.testing.factories import NOW
from consentcore.testing.fakes import ManualClock
from tests.support.platform import (
    CALLBACK,
    Request,
    answer,
    exchange,
    introspect,
    make_platform,
    refresh,
    to_consent_page,
    visible,
)

ACTING = "device.control.setpoint"
SCOPES = ("sites.read", "comfort.read", "alarms.read", "energy.usage.daily", "offline_access")


@pytest.fixture(params=["memory", "sqlalchemy"])
def choosing(tmp_path, request):
    """A platform with an application that can do without alarms and daily totals, and one that acts."""
    platform = make_platform(tmp_path, storage=request.param)
    platform.add_client(
        "guide", name="Guide", scopes=SCOPES, optional_scopes=("alarms.read", "energy.usage.daily")
    )
    platform.add_client("mover", name="Mover", scopes=(*SCOPES, ACTING, "alarms.acknowledge"))
    platform.add_client("helper", name="Helper", scopes=(*SCOPES, ACTING), optional_scopes=(ACTING,))
    return platform


def ask(scope: str, client_id: str = "guide", **extra: str) -> Request:
    return Request(client_id=client_id, scope=scope, extra=extra)


def boxes(page) -> dict[str, bool]:
    """Every scope that can be ticked, and whether it is."""
    return {one["value"]: one.has_attr("checked") for one in page.html.select("input[name=scope]")}


def times(page) -> dict[str, bool]:
    return {one["value"]: one.has_attr("checked") for one in page.html.select("input[name=duration]")}


def tick(page, *scopes: str):
    """Tick these and no others."""
    for box in page.forms[0].fields.get("scope", ()):
        box.checked = box._value in scopes
    return page


def choose(page, days: int):
    page.forms[0]["duration"] = str(days)
    return page


def grants(platform):
    with platform.runtime.storage.reading() as uow:
        return list(uow.grants.all())


def last_event(platform):
    with platform.runtime.storage.reading() as uow:
        (grant,) = [one for one in uow.grants.all() if one.state.value == "active"]
        return grant, json.loads(list(uow.ledger.of_grant(grant.grant_id))[-1].body)


def verified(platform) -> bool:
    return not verify_all(platform.runtime.storage, platform.runtime.keys).problems


def test_cp_23_optional_scopes_are_not_ticked_and_required_ones_have_no_control(choosing):
    _, page = to_consent_page(choosing, ask("sites.read alarms.read energy.usage.daily"))
    assert boxes(page) == {"alarms.read": False, "energy.usage.daily": False}
    fieldset = page.html.select_one("fieldset.optional")
    assert fieldset.legend.get_text(strip=True) == "Also, if you like"
    assert "Guide works without these too" in visible(page)
    answer(tick(page, "alarms.read"), "approve")
    grant, body = last_event(choosing)
    assert grant.scopes == ("alarms.read@1", "sites.read@1")
    assert body["scopes_declined"] == ["energy.usage.daily@1"]
    defaults = body["evidence"]["control_defaults"]
    assert {name: on for name, on in defaults.items() if on} == {"duration:365": True}
    assert {"scope:alarms.read", "scope:energy.usage.daily", "duration:30"} <= set(defaults)


def test_cp_41_every_scope_that_can_be_ticked_has_a_label_and_says_what_it_is(choosing):
    _, page = to_consent_page(choosing, ask(f"sites.read alarms.read {ACTING}", "helper"))
    for box in page.html.select("input[name=scope], input[name=duration]"):
        assert box.find_parent("label").get_text(strip=True)
        assert box.find_parent("fieldset").legend.get_text(strip=True)
    for box in page.html.select("input[name=scope]"):
        assert len(page.html.find(id=box["aria-describedby"]).get_text(strip=True)) > 20


@pytest.mark.parametrize("ticked", [(), ("alarms.read",), ("alarms.read", "energy.usage.daily")])
def test_cp_30_the_token_says_what_was_granted_and_so_does_introspection(choosing, ticked):
    request = ask("sites.read alarms.read energy.usage.daily offline_access")
    _, page = to_consent_page(choosing, request)
    back = answer(tick(page, *ticked), "approve")
    tokens = exchange(choosing, request, back["code"]).json
    expected = " ".join(
        one for one in request.scope.split() if one in {"sites.read", "offline_access", *ticked}
    )
    assert tokens["scope"] == expected
    assert introspect(choosing, tokens["access_token"])["scope"] == expected
    again = refresh(choosing, tokens["refresh_token"], "guide").json
    assert again["scope"] == expected
    assert refresh(choosing, again["refresh_token"], "guide", scope=request.scope).status_int == (
        200 if len(ticked) == 2 else 400
    )


def test_cp_25_a_yes_to_nothing_is_explained_and_keeps_what_was_chosen(choosing):
    request = ask("alarms.read energy.usage.daily")
    _, page = to_consent_page(choosing, request)
    refused = choose(tick(page), 30).forms[0].submit("decision", value="approve", status=400)
    summary = refused.html.select_one("[role=alert]")
    assert summary.has_attr("autofocus")
    assert summary["tabindex"] == "-1"
    link = summary.select_one("a")
    assert "You have ticked nothing yet" in link.text
    target = refused.html.find(id=link["href"].removeprefix("#"))
    assert (target["name"], target["value"]) == ("scope", "alarms.read")
    assert target["aria-invalid"] == "true"
    assert times(refused) == {"365": False, "90": False, "30": True}
    assert grants(choosing) == []
    back = answer(tick(refused, "energy.usage.daily"), "approve")
    assert exchange(choosing, request, back["code"]).json["scope"] == "energy.usage.daily"
    assert verified(choosing)


def test_cp_25_ticks_are_kept_where_something_else_is_missing(choosing):
    _, page = to_consent_page(choosing, ask(f"sites.read {ACTING} alarms.acknowledge", "mover"))
    refused = tick(page, "alarms.acknowledge").forms[0].submit("decision", value="approve", status=400)
    assert boxes(refused) == {ACTING: False, "alarms.acknowledge": True}
    (link,) = refused.html.select("[role=alert] a")
    assert "Mover says that it cannot work without" in link.text


def test_cp_21_deny_works_with_nothing_chosen_and_with_everything(choosing):
    for ticked in ((), ("alarms.read", "energy.usage.daily")):
        _, page = to_consent_page(choosing, ask("alarms.read energy.usage.daily"))
        back = answer(tick(page, *ticked), "deny")
        assert (back["error"], back["state"], "iss" in back) == ("access_denied", "st-1", True)
    assert {grant.state.value for grant in grants(choosing)} == {"denied"}


def test_cp_22_approve_and_deny_lead_back_at_once(choosing):
    for decision in ("approve", "deny"):
        _, page = to_consent_page(choosing, ask("sites.read alarms.read"))
        response = page.forms[0].submit("decision", value=decision, status=303)
        assert response.location.startswith(CALLBACK)


def test_cp_24_the_form_sent_twice_with_other_ticks_is_one_grant_and_the_first_answer(choosing):
    request = ask("sites.read alarms.read")
    _, page = to_consent_page(choosing, request)
    first = answer(tick(page, "alarms.read"), "approve")
    second = answer(tick(page), "approve")
    assert len(grants(choosing)) == 1
    for back in (first, second):
        assert exchange(choosing, request, back["code"]).json["scope"] == "sites.read alarms.read"


def test_cp_24_an_answer_that_left_something_out_can_be_had_again(choosing):
    request = ask("sites.read alarms.read")
    _, page = to_consent_page(choosing, request)
    answer(tick(page), "approve")
    again = answer(tick(page, "alarms.read"), "approve")
    assert exchange(choosing, request, again["code"]).json["scope"] == "sites.read"
    assert len(grants(choosing)) == 1


def test_cp_09_what_acts_has_a_block_a_warning_and_a_control_of_its_own(choosing):
    _, page = to_consent_page(choosing, ask(f"sites.read alarms.read {ACTING}", "helper"))
    block = page.html.select_one("fieldset.acts")
    assert [one["value"] for one in block.select("input[name=scope]")] == [ACTING]
    assert "the application could act" in block.get_text()
    assert not page.html.select_one("fieldset.optional")
    assert boxes(page) == {ACTING: False}
    answer(page, "approve")
    grant, body = last_event(choosing)
    assert ACTING not in grant.scope_ids
    assert body["scopes_declined"] == [f"{ACTING}@1"]


def test_cp_09_what_cannot_work_without_acting_says_so_and_is_not_ticked_for_anybody(choosing):
    request = ask(f"sites.read {ACTING}", "mover")
    _, page = to_consent_page(choosing, request)
    assert "The application says that it cannot work without this." in visible(page)
    assert boxes(page) == {ACTING: False}
    refused = page.forms[0].submit("decision", value="approve", status=400)
    assert grants(choosing) == []
    back = answer(tick(refused, ACTING), "approve")
    assert exchange(choosing, request, back["code"]).json["scope"] == f"sites.read {ACTING}"


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("scope", ["sites.read"]),
        ("scope", ["alarms.read", "offline_access"]),
        ("scope", ["nothing.read"]),
        ("scope", [""]),
        ("duration", ["36500"]),
        ("duration", ["1"]),
        ("duration", ["0365"]),
        ("duration", ["-30"]),
        ("duration", ["30", "90"]),
    ],
)
def test_cp_25_what_the_page_did_not_offer_is_refused_by_its_field(choosing, field, values):
    browser, page = to_consent_page(choosing, ask("sites.read alarms.read"))
    fields = [(name, value) for name, value in page.forms[0].submit_fields() if name != field]
    posted = [*fields, *((field, value) for value in values), ("decision", "approve")]
    refused = browser.post("/consent", posted, status=400)
    assert field in visible(refused)
    assert grants(choosing) == []


def test_cp_16_a_further_request_marks_new_changed_and_unchanged_in_words(choosing, monkeypatch):
    browser, page = to_consent_page(choosing, ask("sites.read comfort.read alarms.read"))
    answer(tick(page, "alarms.read"), "approve")
    runtime = choosing.runtime
    changed = replace(runtime.catalog["comfort.read"], version="2")
    monkeypatch.setitem(runtime.catalog.scopes, "comfort.read", changed)
    runtime.catalog._shown.clear()
    further = ask("sites.read comfort.read alarms.read energy.usage.daily", prompt="consent")
    page = browser.get(further.url).follow()
    marks = {
        entry.strong.get_text(): entry.select_one(".mark").get_text(strip=True)
        for entry in page.html.select(".scopes li")
    }
    assert {runtime.catalog[name].label: word for name, word in (
        ("sites.read", "unchanged"),
        ("comfort.read", "changed"),
        ("alarms.read", "unchanged"),
        ("energy.usage.daily", "new"),
    )} == marks  # fmt: skip


def test_cr_06_what_stands_stays_ticked_and_taking_the_tick_away_narrows(choosing):
    request = ask("sites.read alarms.read energy.usage.daily")
    browser, page = to_consent_page(choosing, request)
    answer(tick(page, "alarms.read", "energy.usage.daily"), "approve")
    page = browser.get(ask(request.scope, prompt="consent").url).follow()
    assert boxes(page) == {"alarms.read": True, "energy.usage.daily": True}
    assert "What you allowed before is ticked" in visible(page)
    answer(tick(page, "alarms.read"), "approve")
    grant, body = last_event(choosing)
    assert grant.scope_ids == ("alarms.read", "sites.read")
    assert body["evidence"]["control_defaults"]["scope:alarms.read"] is True
    assert (body["type"], body["scopes_before"]) == (
        "amended",
        ["alarms.read@1", "energy.usage.daily@1", "sites.read@1"],
    )
    assert verified(choosing)


def test_cp_07_cr_07_the_owner_chooses_how_long_and_reads_when_it_ends(choosing):
    _, page = to_consent_page(choosing, ask("sites.read"))
    assert times(page) == {"365": True, "90": False, "30": False}
    day = {
        one["value"]: one.find_parent("label").get_text(strip=True)
        for one in page.html.select("[name=duration]")
    }
    assert day["365"].startswith("12 months, until ")
    assert day["90"].startswith("3 months, until ")
    assert day["30"].startswith("1 month, until ")
    answer(choose(page, 30), "approve")
    grant, body = last_event(choosing)
    with choosing.runtime.storage.reading() as uow:
        assert uow.grants.get(grant.grant_id).expires_at - grant.created_at <= 30 * DAY
    assert grant.expires_at - grant.created_at > 29 * DAY
    assert body["evidence"]["control_defaults"]["duration:365"] is True


def test_cr_07_a_scope_with_a_limit_is_offered_no_longer_and_no_choice_where_there_is_one_time(choosing):
    _, page = to_consent_page(choosing, ask(f"sites.read {ACTING}", "mover"))
    assert times(page) == {"90": True, "30": False}


def test_cr_07_the_longest_time_chosen_for_somebody_is_a_year(tmp_path):
    platform = make_platform(
        tmp_path, extra="consentcore.consent.default_days = 300\nconsentcore.consent.durations =\n"
    )
    _, page = to_consent_page(platform, Request())
    assert times(page) == {}
    answer(page, "approve")
    (grant,) = grants(platform)
    assert 299 * DAY < grant.expires_at - grant.created_at <= 300 * DAY


def test_cp_29_what_was_left_out_is_not_asked_again_at_each_request(choosing):
    request = ask("sites.read alarms.read energy.usage.daily")
    browser, page = to_consent_page(choosing, request)
    answer(tick(page, "alarms.read"), "approve")
    again = browser.get(request.url, status=303)
    assert again.location.startswith(CALLBACK)
    code = parse_qs(urlsplit(again.location).query)["code"][0]
    assert exchange(choosing, request, code).json["scope"] == "sites.read alarms.read"
    wanted = browser.get(ask(request.scope, prompt="consent").url).follow()
    assert boxes(wanted) == {"alarms.read": True, "energy.usage.daily": False}


def test_cp_29_what_was_left_out_is_asked_again_after_a_while_or_when_nothing_else_was_allowed(tmp_path):
    platform = make_platform(tmp_path, extra="consentcore.consent.ask_again_days = 0\n")
    platform.add_client("guide", name="Guide", scopes=SCOPES, optional_scopes=SCOPES)
    browser, page = to_consent_page(platform, ask("sites.read alarms.read"))
    answer(tick(page, "sites.read"), "approve")
    assert "/consent?" in browser.get(ask("sites.read alarms.read").url).location
    assert browser.get(ask("sites.read").url, status=303).location.startswith(CALLBACK)
    assert "/consent?" in browser.get(ask("alarms.read").url).location


def test_cp_29_letting_an_application_act_is_asked_each_time_and_leaving_that_out_is_not(choosing):
    request = ask(f"sites.read {ACTING}", "helper")
    browser, page = to_consent_page(choosing, request)
    answer(page, "approve")
    assert browser.get(request.url, status=303).location.startswith(CALLBACK)
    page = browser.get(ask(request.scope, "helper", prompt="consent").url).follow()
    answer(tick(page, ACTING), "approve")
    assert "/consent?" in browser.get(request.url).location


@pytest.mark.parametrize("storage", ["memory", "sqlalchemy"])
def test_cr_07_what_is_allowed_once_has_no_refresh_token_and_ends_within_a_day(tmp_path, storage):
    platform = make_platform(tmp_path, storage=storage, extra="consentcore.consent.durations = 90 1\n")
    request = Request(scope="sites.read offline_access")
    browser, page = to_consent_page(platform, request)
    assert times(page) == {"365": True, "90": False, "1": False}
    once = page.html.select_one("[name=duration][value='1']").find_parent("label").get_text(strip=True)
    assert once.startswith("Once, for at most 24 hours, until ")
    back = answer(choose(page, 1), "approve")
    tokens = exchange(platform, request, back["code"]).json
    assert "refresh_token" not in tokens
    assert tokens["scope"] == "sites.read offline_access"
    assert introspect(platform, tokens["access_token"])["active"] is True
    (grant,) = grants(platform)
    assert grant.expires_at - grant.changed_at <= DAY
    page = browser.get(Request(scope=request.scope, extra={"prompt": "consent"}).url).follow()
    longer = Request(scope=request.scope, extra={"prompt": "consent"})
    page = browser.get(longer.url).follow()
    tokens = exchange(platform, longer, answer(choose(page, 90), "approve")["code"]).json
    assert refresh(platform, tokens["refresh_token"]).status_int == 200


def test_cr_08_a_permission_ends_at_the_time_that_was_chosen_whoever_works(tmp_path):
    clock = ManualClock(NOW)
    platform = make_platform(tmp_path, clock=clock)
    request = Request()
    _, page = to_consent_page(platform, request)
    tokens = exchange(platform, request, answer(choose(page, 30), "approve")["code"]).json
    (grant,) = grants(platform)
    clock.advance(grant.expires_at - clock.now() - 1000)
    assert refresh(platform, tokens["refresh_token"]).status_int == 400  # over by its own time
    clock.advance(1000)
    assert introspect(platform, tokens["access_token"]) == {"active": False}
    with platform.runtime.storage.reading() as uow:
        assert uow.grants.get(grant.grant_id).state.value == "active"


def test_cp_26_a_page_that_nobody_answers_grants_nothing(choosing):
    to_consent_page(choosing, ask("sites.read alarms.read"))
    assert grants(choosing) == []


def test_cp_27_a_wrong_client_or_redirect_uri_ends_on_a_page_of_ours(choosing):
    for wrong in ({"client_id": "nobody"}, {"redirect_uri": "https://evil.example/"}):
        refused = choosing.browser().get(Request(scope="sites.read", **wrong).url, status=400)
        assert "text/html" in refused.headers["Content-Type"]
        assert "Location" not in refused.headers
