"""Authorized Applications and Revoked Accesses: found, narrowed, sorted, in pages, without any script."""

from __future__ import annotations

import pytest

from consentcore.api import Actor, ActorType, ClientKind, Evidence, transact
from consentcore.domain.clock import DAY, SystemClock
from consentcore.domain.grant_states import GrantState
from consentcore.i18n.dates import english_clock, english_day
from consentcore.i18n.wording import confirmation_number
from consentcore.testing.fakes import ManualClock
from tests.support.platform import (
    ISSUER,
    connect,
    decide,
    introspect,
    make_platform,
    proceed,
    sign_in,
    visible,
)

ADA = "ada@example.org"


@pytest.fixture(params=[pytest.param("memory", marks=pytest.mark.slow), "sqlalchemy"])
def platform(request, tmp_path):
    """A platform whose clock stands still, at a noon, where nobody moves it."""
    noon = SystemClock().now() // DAY * DAY - DAY // 2
    made = make_platform(tmp_path, storage=request.param, clock=ManualClock(noon))
    yield made
    made.runtime.close()


def ada_of(platform):
    with platform.runtime.storage.reading() as uow:
        return uow.owners.by_email(ADA)


def signed_in(platform, email: str = ADA):
    browser = platform.browser()
    sign_in(browser, browser.get("/login"), email)
    return browser


def many(platform, count: int):
    """Ada has allowed so many applications something, App 00 first."""
    ada = ada_of(platform)
    for number in range(count):
        platform.add_client(f"app{number:02}", name=f"App {number:02}")
        platform.runtime.clock.advance(1000)
        scope = "comfort.read" if number % 2 else "sites.read"
        decide(platform, ada, scope, client_id=f"app{number:02}")
    return ada


def names(page) -> list[str]:
    return [heading.get_text() for heading in page.html.select("li.card h2")]


def end(platform, grant_id: str, actor: ActorType = ActorType.OWNER) -> None:
    runtime = platform.runtime
    who = Actor(actor, "somebody")
    transact(
        runtime.storage,
        lambda uow: runtime.service.revoke(uow, grant_id, actor=who, evidence=Evidence("dialog:proceed")),
    )


def test_db_11_a_card_says_who_sees_what_since_when_until_when_and_when_it_was_used(platform):
    tokens = connect(platform)
    browser, clock = signed_in(platform), platform.runtime.clock
    card = browser.get("/consents").html.select("li.card")[0].get_text(" ", strip=True)
    assert "CoolSite" in card
    assert "Active" in card
    assert "Frostline SAS" in card
    assert f"Since {english_day(clock.now())} · ends on" in card
    assert "not used so far" in card
    assert introspect(platform, tokens["access_token"])["active"] is True
    platform.runtime.uses.flush()
    used = f"last used today, {english_clock(clock.now(), seconds=False)}"
    assert used in visible(browser.get("/consents"))
    yesterday = english_day(clock.now())
    clock.advance(DAY)
    sign_in(browser, browser.get("/login"))
    assert f"last used on {yesterday}" in visible(browser.get("/consents"))


def test_db_14_each_permission_is_one_card_however_often_it_changed(platform):
    ada = ada_of(platform)
    first = decide(platform, ada, "sites.read")
    platform.runtime.clock.advance(1000)
    assert decide(platform, ada, "sites.read", "comfort.read").grant_id == first.grant_id
    cards = signed_in(platform).get("/consents").html.select("li.card")
    assert [card["id"] for card in cards] == [f"grant-{first.grant_id}"]


def test_db_10_details_and_revoke_access_are_links_side_by_side(platform):
    connect(platform)
    actions = signed_in(platform).get("/consents").html.select("li.card .actions > a")
    assert [link.get_text() for link in actions] == ["Details", "Revoke Access"]


def test_the_end_is_counted_when_it_is_near(platform):
    connect(platform)
    with platform.runtime.storage.reading() as uow:
        (grant,) = uow.grants.all()
    clock = platform.runtime.clock
    for left, said in (
        (30 * DAY + 1, f"ends on {english_day(grant.expires_at)}"),
        (30 * DAY - 1, f"ends in 29 days, on {english_day(grant.expires_at)}"),
        (DAY, f"ends in 1 day, on {english_day(grant.expires_at)}"),
        (1000, f"ends within a day, on {english_day(grant.expires_at)}"),
    ):
        clock.advance(grant.expires_at - left - clock.now())
        assert said in visible(signed_in(platform).get("/consents"))


def test_what_may_act_says_so(platform):
    platform.add_client("valo", scopes=("device.control.setpoint",), name="Valo")
    decide(platform, ada_of(platform), "device.control.setpoint", client_id="valo")
    assert "Active · can act" in visible(signed_in(platform).get("/consents"))


def test_db_12_up_to_nine_there_is_nothing_to_search(platform):
    many(platform, 9)
    assert signed_in(platform).get("/consents").html.find("form", role="search") is None


def test_db_12_from_ten_on_one_looks_for_an_application(platform):
    many(platform, 12)
    browser = signed_in(platform)
    page = browser.get("/consents")
    assert "12 applications can use your data" in visible(page)
    form = next(form for form in page.forms.values() if form.method == "get")
    form["q"] = "app 07"
    found = form.submit()
    assert names(found) == ["App 07"]
    assert "1 application matches" in found.html.find(id="found").get_text()
    assert found.html.find(id="q")["value"] == "app 07"
    assert found.html.find(id="found")["tabindex"] == "-1", "the address leads there, and the focus with it"
    assert names(found.click("Show all")) == names(page)
    form["q"] = ""
    form["data"] = "comfort.read"
    assert names(form.submit()) == [f"App {number:02}" for number in range(11, 0, -2)]
    form["data"] = ""
    form["sort"] = "name"
    assert names(form.submit()) == [f"App {number:02}" for number in range(12)]
    form["q"] = "nobody is called like this"
    nothing = form.submit()
    assert names(nothing) == []
    assert "0 applications match" in visible(nothing)


def test_db_13_pages_go_on_and_back_with_what_was_looked_for(platform):
    many(platform, 45)
    browser = signed_in(platform)
    first = browser.get("/consents?q=app&sort=name")
    assert "1 to 20 of 45" in visible(first)
    assert "Previous page" not in visible(first)
    second = first.click("Next page")
    assert names(second)[0] == "App 20"
    third = second.click("Next page")
    assert names(third) == [f"App {number:02}" for number in range(40, 45)]
    assert "Next page" not in visible(third)
    assert names(third.click("Previous page")) == names(second)


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=-1",
        "page=x",
        "page=99999",
        "page=1e9",
        "sort=nothing",
        "data=nothing",
        "q=" + "x" * 5000,
    ],
)
def test_whatever_stands_in_the_address_is_answered(platform, query):
    many(platform, 2)
    assert signed_in(platform).get(f"/consents?{query}").status_int == 200


def test_a_page_behind_the_last_one_is_the_last_one(platform):
    many(platform, 21)
    assert names(signed_in(platform).get("/consents?page=99&sort=name")) == ["App 20"]


def test_db_13_an_empty_list_says_what_will_be_here(platform):
    browser = signed_in(platform)
    assert "When you approve one, it appears here" in visible(browser.get("/consents"))
    assert "is kept here" in visible(browser.get("/consents/revoked"))
    assert "a sentence about it appears here" in visible(browser.get("/consents/history"))


def test_db_43_what_has_ended_says_who_ended_it_and_by_which_number(platform):
    ada = many(platform, 3)
    with platform.runtime.storage.reading() as uow:
        first, second, third = sorted(uow.grants.all(), key=lambda grant: grant.created_at)
    end(platform, first.grant_id)
    platform.runtime.clock.advance(1000)
    end(platform, second.grant_id, ActorType.OPERATOR)
    browser = signed_in(platform)
    page = browser.get("/consents/revoked")
    assert names(page) == ["App 01", "App 00"]
    said = visible(page)
    assert "We stopped it" in said
    assert "You revoked it" in said
    with platform.runtime.storage.reading() as uow:
        for grant in (first, second):
            assert confirmation_number(uow.ledger.of_grant(grant.grant_id)[-1].event_id) in said
        assert [one.grant_id for one in uow.grants.of_owner(ada.owner_id, {GrantState.ACTIVE})] == [
            third.grant_id
        ]
    form = next(form for form in page.forms.values() if form.method == "get")
    form["ended"] = "revoked"
    assert names(form.submit()) == ["App 01"]
    form["ended"] = "expired"
    nothing = form.submit()
    assert "Nothing has ended like this" in visible(nothing)
    assert names(nothing.click("Show all")) == ["App 01", "App 00"]
    assert names(browser.get("/consents/revoked?application=app00")) == ["App 00"]
    assert names(browser.get("/consents/revoked?application=%00&ended=x", expect_errors=True)) in (
        [],
        names(page),
    )


def test_a_long_past_goes_on_page_by_page(platform, monkeypatch):
    monkeypatch.setattr("consentcore.consent.owner_grants.PAGE", 2)
    many(platform, 5)
    with platform.runtime.storage.reading() as uow:
        grants = sorted(uow.grants.all(), key=lambda grant: grant.created_at)
    for grant in grants:
        platform.runtime.clock.advance(1000)
        end(platform, grant.grant_id)
    page = signed_in(platform).get("/consents/revoked?ended=withdrawn")
    seen = names(page)
    while "Earlier ones" in page.text:
        page = page.click("Earlier ones")
        seen += names(page)
    assert seen == [f"App {number:02}" for number in range(4, -1, -1)]


def test_db_42_all_of_it_ends_by_one_confirmation(platform):
    ada = many(platform, 3)
    browser = signed_in(platform)
    confirm = browser.get("/consents").click("Revoke all")
    assert "Stop all applications from using your data?" in visible(confirm)
    for number in range(3):
        assert f"App {number:02}" in visible(confirm)
    platform.add_client("later", name="Later")
    decide(platform, ada, client_id="later")
    form = next(form for form in confirm.forms.values() if form.action.endswith("/revoke-all"))
    done = form.submit(headers={"Origin": ISSUER}, status=303).follow()
    assert "Later" in visible(done), "whoever came meanwhile was not named, and is asked about anew"
    with platform.runtime.storage.reading() as uow:
        live = uow.grants.of_owner(ada.owner_id, {GrantState.ACTIVE})
        assert [grant.client_id for grant in live] == ["later"]
        ended = uow.grants.of_owner(ada.owner_id, {GrantState.WITHDRAWN})
        assert len(ended) == 3
    form = next(form for form in done.forms.values() if form.action.endswith("/revoke-all"))
    assert "/consents/revoked" in form.submit(headers={"Origin": ISSUER}, status=303).location
    assert browser.get("/consents/revoke-all", status=303).location == "/consents"


def test_revoke_all_needs_a_post_of_this_browser_and_touches_nobody_else(platform):
    many(platform, 2)
    grace = platform.add_owner("other@example.org", "Other")
    theirs = decide(platform, grace, client_id="app00")
    browser = signed_in(platform)
    browser.get("/consents/revoke-all")
    browser.post("/consents/revoke-all", {"grant": theirs.grant_id}, status=403)
    token = browser.get("/consents").forms[0]["csrf_token"].value
    browser.post("/consents/revoke-all", {"grant": theirs.grant_id, "csrf_token": token}, status=303)
    with platform.runtime.storage.reading() as uow:
        assert {grant.state for grant in uow.grants.all()} == {GrantState.ACTIVE}


def test_one_application_alone_is_revoked_by_its_own_link(platform):
    connect(platform)
    browser = signed_in(platform)
    page = browser.get("/consents")
    assert "Revoke all" not in visible(page)
    assert proceed(page.click("Revoke Access")).submit(status=303)


def test_a_resource_server_is_no_application_of_the_list(platform):
    platform.add_client("meterapi", kind=ClientKind.RESOURCE_SERVER, redirect_uris=(), scopes=())
    connect(platform)
    assert names(signed_in(platform).get("/consents")) == ["CoolSite"]
