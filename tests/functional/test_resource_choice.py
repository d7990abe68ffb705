"""Choosing sites, meters and devices on the consent page, without a script, as the person meets it."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace

import pytest

from consentcore.api import Resource
from consentcore.consent.ledger import seal_of
from consentcore.consent.past_decision import past_decision
from consentcore.consent.personal import disclosed, labels_in
from consentcore.consent.verify import verify_all
from tests.support import tiny_plugins as tiny
from tests.support.account import mails, signed_in
from tests.support.directories import HOMES, sites
from tests.support.platform import (
    Request,
    answer,
    exchange,
    introspect,
    refresh,
    to_consent_page,
    visible,
)
from tests.support.storages import platform_on

ADA = "ada@example.org"
OFFICE = Resource("lyon-1", "Lyon office", "12 rue Garibaldi", group=("Lyon",))
SHED = Resource("lyon-2", "Warehouse 2", "3 quai Perrache", group=("Lyon",))
HOME = Resource("home", "Home", "1 Main Street")
BOILER = Resource("boiler", "Boiler", kind="device", group=("Lyon", "Lyon office"))
PUMP = Resource("pump", "Heat pump", kind="device", group=("Lyon", "Lyon office"))


@pytest.fixture
def storage_name():
    """The storage of the platform."""
    return "memory"


@pytest.fixture
def platform(request, tmp_path, monkeypatch, storage_name):
    """A platform whose directory is ``platform.directory``: Ada has two sites."""
    place = tmp_path / "site"
    place.mkdir()
    monkeypatch.syspath_prepend(place)
    tiny.install(place, "homes", "1.0", code=HOMES, homes="tiny_homes")
    monkeypatch.setenv("CONSENTCORE_EXTENSIONS", "homes")
    platform = platform_on(storage_name, request, tmp_path)
    platform.directory = sys.modules["tiny_homes"].DIRECTORY
    platform.directory.owned[ADA] = [OFFICE, SHED]
    with platform.runtime.storage.transaction() as uow:
        client = uow.clients.get("coolsite")
        every = tuple(scope.scope_id for scope in platform.runtime.catalog)
        uow.clients.update(replace(client, scopes=every))
    yield platform
    platform.runtime.close()


def box(page, reference):
    """The control of a resource, or None."""
    for field in page.forms[0].fields.get("resource", []):
        if field._value == reference:
            return field
    return None


def tick(page, *references, ticked=True):
    for reference in references:
        box(page, reference).checked = ticked


def allow(page, scope):
    """Tick a scope that has a control of its own."""
    (control,) = [one for one in page.forms[0].fields["scope"] if one._value == scope]
    control.checked = True


def press(page, go, **fields):
    """Press a button of the list."""
    for name, value in fields.items():
        page.forms[0][name] = value
    return page.forms[0].submit("resources_go", value=go)


def refused(page):
    return page.forms[0].submit("decision", value="approve", expect_errors=True)


def approve(page, platform, request):
    return exchange(platform, request, answer(page, "approve")["code"]).json


def listed(page):
    return re.findall(r'name="resource" value="([^"]+)"', page.text)


def as_before(runtime, grant, **changes):
    """A grant as an older release has sealed it."""
    older = replace(grant, **changes)
    return replace(older, seal=seal_of(runtime.keys, older))


def grant_of(platform):
    with platform.runtime.storage.reading() as uow:
        (grant,) = [one for one in uow.grants.all() if one.scopes]
        return grant


def last_event(platform):
    with platform.runtime.storage.reading() as uow:
        grant = grant_of(platform)
        return json.loads(uow.ledger.of_grant(grant.grant_id)[-1].body)


def given(platform, token):
    return introspect(platform, token)["resources"]


def connected(platform, *references, scope="sites.read comfort.read"):
    """A consent that stands; with the browser in which it was given, and the tokens."""
    request = Request(scope=scope)
    browser, page = to_consent_page(platform, request)
    tick(page, *references)
    return browser, approve(page, platform, request)


def test_cp_08_sites_are_listed_with_name_and_address_and_each_can_be_chosen(platform):
    request = Request(scope="sites.read comfort.read")
    _, page = to_consent_page(platform, request)
    for text in ("From which sites?", "Lyon office", "12 rue Garibaldi", "Warehouse 2"):
        assert text in visible(page)
    tick(page, "site|lyon-2")
    tokens = approve(page, platform, request)
    chosen = [{"type": "site", "identifiers": ["lyon-2"]}]
    assert tokens["resources"] == chosen
    assert given(platform, tokens["access_token"]) == chosen
    assert grant_of(platform).resources == ("site|lyon-2",)


def test_cp_08_what_cannot_be_chosen_is_shown_with_the_reason(platform):
    closed = Resource("lyon-9", "Old depot", unavailable="It has no meter any more.")
    platform.directory.owned[ADA] = [OFFICE, SHED, closed]
    request = Request(scope="sites.read comfort.read")
    _, page = to_consent_page(platform, request)
    assert "It has no meter any more." in visible(page)
    assert "disabled" in box(page, "site|lyon-9").attrs
    box(page, "site|lyon-9").attrs.pop("disabled")
    tick(page, "site|lyon-9")
    assert refused(page).status_int == 400
    assert grants(platform) == []


def grants(platform):
    with platform.runtime.storage.reading() as uow:
        return uow.grants.all()


def test_cp_23_nothing_is_ticked_and_the_evidence_says_so(platform):
    request = Request(scope="sites.read comfort.read")
    _, page = to_consent_page(platform, request)
    assert [one for one in page.html.select("input[checked]") if one["name"] != "duration"] == []
    tick(page, "site|lyon-1")
    approve(page, platform, request)
    defaults = last_event(platform)["evidence"]["control_defaults"]
    assert {name: state for name, state in defaults.items() if name.startswith("resource")} == {
        "resource:site|lyon-1": False,
        "resource:site|lyon-2": False,
        "resources_all": False,
    }


def test_cp_23_the_only_site_needs_no_box(platform):
    platform.directory.owned[ADA] = [HOME]
    request = Request(scope="sites.read comfort.read")
    _, page = to_consent_page(platform, request)
    assert "the one site that we know of" in visible(page)
    assert 'type="checkbox" name="resource"' not in page.text
    assert approve(page, platform, request)["resources"] == [{"type": "site", "identifiers": ["home"]}]


def test_cp_25_approve_without_a_choice_explains_and_keeps_everything(platform):
    request = Request(scope="sites.read comfort.read")
    _, page = to_consent_page(platform, request)
    again = refused(page)
    assert again.status_int == 400
    assert "Please choose at least one site: CoolSite gets nothing from sites" in visible(again)
    (summary,) = again.html.select("[role=alert]")
    assert summary.has_attr("autofocus")
    (link,) = summary.select("a")
    (field,) = again.html.select(link["href"])
    assert field["aria-invalid"] == "true"
    assert grants(platform) == []
    tick(again, "site|lyon-1")
    assert approve(again, platform, request)["resources"] == [{"type": "site", "identifiers": ["lyon-1"]}]


def test_cp_25_what_was_ticked_is_ticked_after_an_error(platform):
    request = Request(scope="sites.read device.control.setpoint")
    platform.directory.owned[ADA] = [OFFICE, SHED, BOILER, PUMP]
    _, page = to_consent_page(platform, request)
    allow(page, "device.control.setpoint")
    tick(page, "site|lyon-1")
    again = refused(page)
    assert "Please choose at least one device" in visible(again)
    assert box(again, "site|lyon-1").checked
    assert not box(again, "site|lyon-2").checked


def test_cp_21_deny_needs_no_choice(platform):
    request = Request(scope="sites.read comfort.read")
    _, page = to_consent_page(platform, request)
    assert answer(page, "deny")["error"] == "access_denied"


def test_all_also_those_of_later_is_a_choice_of_its_own(platform):
    request = Request(scope="sites.read comfort.read")
    _, page = to_consent_page(platform, request)
    assert "All my sites, also those that I add later" in visible(page)
    assert page.forms[0]["resources_all"].checked is False
    page.forms[0]["resources_all"].checked = True
    tokens = approve(page, platform, request)
    assert tokens["resources"] == [{"type": "site", "identifiers": ["*"]}]
    assert grant_of(platform).resources == ("site|*",)


def test_all_is_not_offered_where_the_directory_does_not_allow_it(platform):
    platform.directory.allows_everything = False
    _, page = to_consent_page(platform, Request(scope="sites.read comfort.read"))
    assert "resources_all" not in page.text


def test_all_is_not_offered_for_what_acts(platform):
    platform.directory.owned[ADA] = [BOILER, PUMP]
    _, page = to_consent_page(platform, Request(scope="device.control.setpoint"))
    assert "Which devices?" in visible(page)
    assert "resources_all" not in page.text


def test_all_is_not_offered_while_the_application_may_act_already(platform):
    request = Request(scope="sites.read alarms.acknowledge")
    _, page = to_consent_page(platform, request)
    tick(page, "site|lyon-1")
    allow(page, "alarms.acknowledge")
    answer(page, "approve")
    _, page = to_consent_page(platform, Request(scope="sites.read comfort.read"))
    assert "resources_all" not in page.text
    body = [*page.forms[0].submit_fields("decision", submit_value="approve"), ("resources_all", "1")]
    page.goto(page.forms[0].action, method="post", params=body, status=303)
    assert grant_of(platform).resources == ("site|lyon-1",)


def test_all_that_nobody_offered_is_not_taken(platform):
    platform.directory.allows_everything = False
    request = Request(scope="sites.read comfort.read")
    _, page = to_consent_page(platform, request)
    form = page.forms[0]
    body = [*form.submit_fields("decision", submit_value="approve"), ("resources_all", "1")]
    told = page.goto(form.action, method="post", params=body, expect_errors=True)
    assert told.status_int == 400
    assert grants(platform) == []


@pytest.mark.parametrize("forged", ["site|paris-1", "site|*", "*", "device|lyon-1", "lyon-9", "site|", "|"])
def test_what_is_not_the_owners_is_not_taken_and_nobody_learns_whether_it_exists(platform, forged):
    platform.directory.owned["bob@example.org"] = [Resource("paris-1", "Paris")]
    request = Request(scope="sites.read comfort.read")
    _, page = to_consent_page(platform, request)
    form = page.forms[0]
    body = [*form.submit_fields("decision", submit_value="approve"), ("resource", forged)]
    told = page.goto(form.action, method="post", params=body, expect_errors=True)
    assert told.status_int == 400
    assert "is not in the list any more" in visible(told)
    assert "Paris" not in told.text
    assert grants(platform) == []


def test_owner_of_nothing_is_told_and_can_only_say_no(platform):
    platform.directory.owned[ADA] = []
    request = Request(scope="sites.read comfort.read")
    _, page = to_consent_page(platform, request)
    assert "We know of no sites of yours" in visible(page)
    assert refused(page).status_int == 400
    assert answer(page, "deny")["error"] == "access_denied"


def test_scopes_that_need_no_site_ask_for_none(platform):
    request = Request(scope="billing.summary.read")
    _, page = to_consent_page(platform, request)
    assert "From which sites?" not in visible(page)
    assert approve(page, platform, request)["resources"] == []


def test_labels_stand_on_the_page_and_never_in_the_event(platform):
    connected(platform, "site|lyon-1")
    body = json.dumps(last_event(platform))
    assert "site|lyon-1" in body
    assert "Lyon office" not in body


# what stands already


def test_rt_05_labels_stand_beside_what_was_shown_and_go_with_the_person(platform):
    """In no row of the evidence; on the page of then, while they are known; nowhere once the person is erased."""
    connected(platform, "site|lyon-1")
    grant = grant_of(platform)
    with platform.runtime.storage.reading() as uow:
        (event,) = uow.ledger.of_grant(grant.grant_id)
        found = past_decision(uow, platform.runtime.keys, event.event_id)
        content = uow.ledger.snapshot(found.snapshot_hash).content
        assert labels_in(disclosed(uow, event)) == {"site|lyon-1": OFFICE.label}
    for text in (
        OFFICE.detail,
        SHED.label,
        SHED.detail,
    ):  # the catalog has another "Lyon office", as an example
        assert text not in content
        assert text not in event.body
        assert text in found.page.strings("[erased]")
    platform.runtime.erasure.erase(grant.owner_id, by="ops", reason="asked for it")
    with platform.runtime.storage.reading() as uow:
        after = past_decision(uow, platform.runtime.keys, event.event_id).page
        assert not any(OFFICE.detail in text for text in after.strings("[erased]"))
        assert after.erased
        assert after.intact
        assert labels_in(disclosed(uow, event)) == {}
    assert verify_all(platform.runtime.storage, platform.runtime.keys).ok


def test_cr_06_what_stands_is_ticked_and_said_and_what_is_new_is_not(platform):
    browser, _ = connected(platform, "site|lyon-1")
    platform.directory.owned[ADA] = [OFFICE, SHED, HOME]
    page = browser.get(Request(scope="sites.read comfort.read alarms.read").url).follow()
    assert box(page, "site|lyon-1").checked
    assert not box(page, "site|lyon-2").checked
    assert not box(page, "site|home").checked
    assert visible(page).count("chosen so far") == 1 + visible(page).count("not chosen so far")


def test_unticking_narrows_and_the_event_says_before_and_after(platform):
    browser, tokens = connected(platform, "site|lyon-1", "site|lyon-2")
    request = Request(scope="sites.read comfort.read alarms.read")
    page = browser.get(request.url).follow()
    tick(page, "site|lyon-2", ticked=False)
    approve(page, platform, request)
    body = last_event(platform)
    assert body["resources_before"] == ["site|lyon-1", "site|lyon-2"]
    assert body["resources_after"] == ["site|lyon-1"]
    assert body["evidence"]["control_defaults"]["resource:site|lyon-2"] is True
    assert given(platform, tokens["access_token"]) == [{"type": "site", "identifiers": ["lyon-1"]}]
    assert refresh(platform, tokens["refresh_token"]).json["resources"] == [
        {"type": "site", "identifiers": ["lyon-1"]}
    ]


def test_choice_of_another_kind_leaves_what_stands(platform):
    platform.directory.owned[ADA] = [OFFICE, SHED, BOILER, PUMP]
    browser, _ = connected(platform, "site|lyon-1")
    request = Request(scope="device.control.setpoint")
    page = browser.get(request.url).follow()
    assert "Lyon office" not in [row.strip() for row in listed(page)]
    allow(page, "device.control.setpoint")
    tick(page, "device|pump")
    assert approve(page, platform, request)["resources"] == [
        {"type": "device", "identifiers": ["pump"]},
        {"type": "site", "identifiers": ["lyon-1"]},
    ]


def test_site_that_is_gone_is_said_and_ends(platform):
    browser, _ = connected(platform, "site|lyon-1", "site|lyon-2")
    platform.directory.owned[ADA] = [OFFICE, HOME]
    request = Request(scope="sites.read comfort.read alarms.read")
    page = browser.get(request.url).follow()
    assert "1 entry that you chose earlier is not in our list any more" in visible(page)
    assert approve(page, platform, request)["resources"] == [{"type": "site", "identifiers": ["lyon-1"]}]


def test_site_that_vanishes_before_approve_is_asked_about_again(platform):
    request = Request(scope="sites.read comfort.read")
    _, page = to_consent_page(platform, request)
    tick(page, "site|lyon-2")
    platform.directory.owned[ADA] = [OFFICE, HOME]
    again = page.forms[0].submit("decision", value="approve", expect_errors=True)
    assert again.status_int == 409
    assert grants(platform) == []


# many


def test_cp_08_from_ten_on_there_is_a_search_and_a_count_and_groups(platform):
    platform.directory.owned[ADA] = sites(9)
    _, page = to_consent_page(platform, Request(scope="sites.read comfort.read"))
    assert "resources_search" not in page.text
    platform.directory.owned[ADA] = [*sites(6), *sites(4, city="Nice")]
    _, page = to_consent_page(platform, Request(scope="sites.read comfort.read"))
    assert "0 of 10 chosen" in " ".join(visible(page).split())
    assert re.findall(r'<summary>(\w+) <span class="count">', page.text) == ["Lyon", "Nice"]
    found = press(page, "search", resources_search="nice 3")
    assert listed(found) == ["site|nice-0003"]


def test_what_is_ticked_stays_over_searches_and_pages(platform):
    platform.directory.owned[ADA] = [*sites(214), *sites(40, city="Nice")]
    request = Request(scope="sites.read comfort.read")
    _, page = to_consent_page(platform, request)
    assert len(listed(page)) == 100
    tick(page, "site|lyon-0007")
    page = press(page, "more")
    assert listed(page)[0] == "site|lyon-0101"
    tick(page, "site|lyon-0150")
    page = press(page, "search", resources_search="nice")
    tick(page, "site|nice-0002")
    assert "Also chosen: Lyon 7, Lyon 150" in re.sub(r"</?bdi>", "", page.text)
    page = press(page, "chosen")
    assert listed(page) == ["site|lyon-0007", "site|lyon-0150", "site|nice-0002"]
    tick(page, "site|lyon-0150", ticked=False)
    page = press(page, "every")
    assert box(page, "site|lyon-0007").checked
    tokens = approve(page, platform, request)
    assert tokens["resources"] == [{"type": "site", "identifiers": ["lyon-0007", "nice-0002"]}]


def test_pages_go_on_and_back(platform):
    platform.directory.owned[ADA] = sites(214)
    _, page = to_consent_page(platform, Request(scope="sites.read comfort.read"))
    first = listed(page)
    page = press(page, "more")
    second = listed(page)
    page = press(page, "more")
    third = listed(page)
    assert [*first, *second, *third] == [f"site|{one.resource_id}" for one in sites(214)]
    assert "Further in the list" not in page.text
    page = press(page, "back")
    assert listed(page) == second
    assert listed(press(page, "back")) == first


@pytest.mark.parametrize("go", ["search", "more", "chosen"])
def test_approve_is_taken_on_whatever_page_of_the_list(platform, go):
    platform.directory.owned[ADA] = sites(214)
    request = Request(scope="sites.read comfort.read")
    _, page = to_consent_page(platform, request)
    tick(page, "site|lyon-0007")
    page = press(page, go, resources_search="lyon 20")
    tokens = approve(page, platform, request)
    assert tokens["resources"] == [{"type": "site", "identifiers": ["lyon-0007"]}]


def test_a_search_decides_nothing(platform):
    platform.directory.owned[ADA] = sites(20)
    _, page = to_consent_page(platform, Request(scope="sites.read comfort.read"))
    assert press(page, "search", resources_search="3").status_int == 200
    assert grants(platform) == []


def test_page_of_five_thousand_sites_has_a_hundred_rows(platform):
    platform.directory.owned[ADA] = sites(5000)
    _, page = to_consent_page(platform, Request(scope="sites.read comfort.read"))
    assert len(listed(page)) == 100
    assert len(page.body) < 80_000
    assert platform.directory.calls.count("list") <= 2


def test_more_than_a_thousand_are_too_many_one_by_one(platform, monkeypatch):
    monkeypatch.setattr("consentcore.web.owner.resource_choice.MOST_CHOSEN", 3)
    platform.directory.owned[ADA] = sites(20)
    _, page = to_consent_page(platform, Request(scope="sites.read comfort.read"))
    tick(page, *(f"site|{one.resource_id}" for one in sites(4)))
    told = refused(page)
    assert told.status_int == 400
    assert "You have chosen more than 1000" in visible(told)
    assert len([one for one in told.forms[0].fields["resource"] if one.checked]) == 4


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("resources_go", "everything"),
        ("resources_after", "x" * 5000),
        ("resources_after", "9:9"),
        ("resources_query", "💡" * 500),
        ("resources_elsewhere", "  site|  "),
        ("resources_listed", "a b c"),
        ("resources_trail", "\u202e"),
        ("resources_more", "-1"),
    ],
)
def test_odd_fields_of_the_list_are_no_error_of_ours(platform, field, value):
    platform.directory.owned[ADA] = sites(214)
    _, page = to_consent_page(platform, Request(scope="sites.read comfort.read"))
    form = page.forms[0]
    for button in ({"submit_value": "approve"}, {"submit_value": None}):
        name = "decision" if button["submit_value"] else None
        fields = form.submit_fields(name, **button) if name else form.submit_fields()
        body = [pair for pair in fields if pair[0] != field]
        more = [] if field == "resources_go" or name else [("resources_go", "more")]
        told = page.goto(
            form.action, method="post", params=[*body, (field, value), *more], expect_errors=True
        )
        assert told.status_int < 500


# directories that fail


def test_directory_that_fails_is_a_clear_page_and_a_retry(platform, caplog):
    request = Request(scope="sites.read comfort.read")
    browser, page = to_consent_page(platform, request)
    platform.directory.error = ConnectionError("db7.internal refused")
    page = browser.get(page.request.url, expect_errors=True)
    assert page.status_int == 503
    assert page.headers["Retry-After"] == "5"
    assert "cannot get the list of your sites" in visible(page)
    assert "db7" not in page.text
    assert "plugin homes: its resource directory failed: ConnectionError" in caplog.text
    platform.directory.error = None
    page = page.click("Try again")
    tick(page, "site|lyon-1")
    assert approve(page, platform, request)["resources"] == [{"type": "site", "identifiers": ["lyon-1"]}]


def test_directory_that_fails_while_somebody_approves_loses_nothing(platform):
    request = Request(scope="sites.read comfort.read")
    _, page = to_consent_page(platform, request)
    tick(page, "site|lyon-1")
    platform.directory.error = TimeoutError()
    told = page.forms[0].submit("decision", value="approve", expect_errors=True)
    assert told.status_int == 503
    assert grants(platform) == []
    platform.directory.error = None
    assert answer(page, "approve")["code"]


@pytest.mark.parametrize(
    "rubbish",
    [
        [("lyon-1", "Lyon")],
        [Resource("a b", "Lyon")],
        [Resource("*", "Lyon")],
        [Resource("x", "")],
        [Resource("x", "\ud800")],
        [Resource("x", None)],
        None,
    ],
)
def test_directory_that_answers_rubbish_is_a_clear_page(platform, rubbish):
    browser, page = to_consent_page(platform, Request(scope="sites.read comfort.read"))
    platform.directory.owned[ADA] = rubbish
    assert browser.get(page.request.url, expect_errors=True).status_int == 503


def test_names_cannot_break_the_page(platform):
    odd = Resource("x", "<b>Zoë</b> \u202e\x1b[31m💡" + "y" * 5000, "<script>", group=("<i>", "", "  "))
    platform.directory.owned[ADA] = [OFFICE, odd]
    request = Request(scope="sites.read comfort.read")
    _, page = to_consent_page(platform, request)
    assert "&lt;b&gt;Zoë&lt;/b&gt;" in page.text
    assert "\u202e" not in page.text
    assert "y" * 201 not in page.text
    tick(page, "site|x")
    assert approve(page, platform, request)["resources"] == [{"type": "site", "identifiers": ["x"]}]


# grants of before


def test_grant_without_a_choice_is_asked_about_at_the_next_request(platform):
    browser, _ = connected(platform, "site|lyon-1")
    url = Request(scope="sites.read comfort.read").url
    assert "code=" in browser.get(url).location
    runtime = platform.runtime
    with runtime.storage.transaction() as uow:
        grant = grant_of(platform)
        uow.grants.update(as_before(runtime, grant, resources=()), expected_sequence=grant.sequence)
    page = browser.get(url).follow()
    assert "From which sites?" in visible(page)
    assert refused(page).status_int == 400


def test_bare_ids_of_older_releases_are_ticked_and_told_as_sites(platform):
    browser, tokens = connected(platform, "site|lyon-1")
    runtime = platform.runtime
    with runtime.storage.transaction() as uow:
        grant = grant_of(platform)
        uow.grants.update(as_before(runtime, grant, resources=("lyon-2",)), expected_sequence=grant.sequence)
    assert given(platform, tokens["access_token"]) == [{"type": "site", "identifiers": ["lyon-2"]}]
    page = browser.get(Request(scope="sites.read comfort.read alarms.read").url).follow()
    assert box(page, "site|lyon-2").checked
    assert not box(page, "site|lyon-1").checked


def test_nt_01_db_41_mail_receipt_and_table_name_what_was_chosen_and_no_address(platform):
    _, page = to_consent_page(platform, Request(scope="comfort.read"))
    tick(page, "site|lyon-1")
    answer(page, "approve")
    text = mails(platform, ADA)[-1].get_body(("plain",)).get_content()
    assert "Where:\n\n- Lyon office\n" in text.replace("\r\n", "\n")
    assert "Garibaldi" not in text
    browser = signed_in(platform)
    receipt = browser.get(re.search(r"(/receipts/[\w-]+)", text)[1])
    assert "Lyon office" in visible(receipt)
    assert "Lyon office" in browser.get("/account/data/history.csv").text
    platform.directory.owned[ADA] = []
    assert "Lyon office" in visible(browser.get(receipt.request.path)), "as it was called then"
    assert "lyon-1" in browser.get("/account/data/history.csv").text


def test_grants_without_a_choice_are_listed(platform):
    from consentcore.consent.unchosen import unchosen

    connected(platform, "site|lyon-1")
    runtime = platform.runtime
    assert list(unchosen(runtime.storage, runtime.choice_rules, runtime.clock.now())) == []
    with runtime.storage.transaction() as uow:
        grant = grant_of(platform)
        uow.grants.update(as_before(runtime, grant, resources=()), expected_sequence=grant.sequence)
    (found,) = unchosen(runtime.storage, runtime.choice_rules, runtime.clock.now())
    assert found.grant_id == grant.grant_id
    assert list(unchosen(runtime.storage, runtime.choice_rules, grant.expires_at)) == []


def test_db_21_the_page_of_a_change_names_each_site_that_is_chosen(platform):
    browser, _ = connected(platform, "site|lyon-1", "site|lyon-2")
    page = browser.get(f"/consents/{grant_of(platform).grant_id}/change")
    named = [label.get_text(strip=True) for label in page.html.select("label:has(input[name=resource])")]
    assert named == ["Lyon office", "Warehouse 2"]
