"""Taking sites away on the page for less: of all that there are, and of hundreds."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from consentcore.consent.verify import verify_all
from tests.functional.test_resource_choice import (
    ADA,
    BOILER,
    HOME,
    OFFICE,
    PUMP,
    SHED,
    allow,
    given,
    grant_of,
    last_event,
    platform,
)
from tests.support.client_api import EVENTS, GRANTS, call
from tests.support.directories import sites
from tests.support.platform import Request, exchange, to_consent_page, visible
from tests.support.storages import EVERY_STORAGE

__all__ = ["platform"]
ACTING = "device.control.setpoint"


@pytest.fixture(params=EVERY_STORAGE)
def storage_name(request):
    return request.param


@pytest.fixture
def chosen(platform):
    """Makes a grant with these references and opens the page for less."""

    def made(*references, scope="sites.read comfort.read"):
        request = Request(scope=scope)
        browser, page = to_consent_page(platform, request)
        if scope == ACTING:
            allow(page, ACTING)
        fields = page.forms[0].submit_fields("decision", submit_value="approve")
        if "site|*" in references:
            fields.append(("resources_all", "1"))
        named = [one for one in references if one != "site|*"]
        if named:
            fields.append(("resources_elsewhere", " ".join(named)))
        allowed = page.test_app.post("/consent", fields, status=303)
        code = parse_qs(urlsplit(allowed.location).query)["code"][0]
        token = exchange(platform, request, code).json["access_token"]
        return browser.get(f"/consents/{grant_of(platform).grant_id}/change"), token

    return made


def form_of(page):
    return next(form for form in page.forms.values() if form.action.endswith("/change"))


def box(page, name, value):
    return next(one for one in form_of(page).fields[name] if one._value == value)


def kept(platform):
    return grant_of(platform).resources


def ticked(page):
    return [one["value"] for one in page.html.select("input[name=resource][checked]")]


def press(page, go, **fields):
    form = form_of(page)
    for name, value in fields.items():
        form[name] = value
    return form.submit("resources_go", value=go)


def test_db_21_of_everything_some_are_named_to_stay(platform, chosen):
    page, token = chosen("site|*")
    everything = page.html.select_one("input[name=resources_all]")
    assert everything.has_attr("checked")
    assert ticked(page) == []
    assert "not chosen so far" not in visible(page)
    box(page, "resources_all", "1").checked = False
    box(page, "resource", "site|lyon-2").checked = True
    form_of(page).submit(status=303)
    assert kept(platform) == ("site|lyon-2",)
    assert given(platform, token) == [{"type": "site", "identifiers": ["lyon-2"]}]
    event = last_event(platform)
    assert (event["type"], event["resources_before"]) == ("narrowed", ["site|*"])
    assert event["resources_after"] == ["site|lyon-2"]
    assert "Warehouse" not in str(event)


def test_db_21_everything_stays_where_only_something_else_is_taken_away(platform, chosen):
    page, _ = chosen("site|*")
    box(page, "scope", "comfort.read").checked = False
    form_of(page).submit(status=303)
    assert (kept(platform), grant_of(platform).scope_ids) == (("site|*",), ("sites.read",))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ([], "One site or device has to stay"),
        ([("resource", "site|paris-9")], "not in the list any more"),
        ([("resource", "device|boiler")], "Here you can only take away"),
        ([("resources_all", "1")], "Nothing would be different"),
    ],
)
def test_cr_05_of_everything_nothing_else_is_taken_from_a_forged_form(platform, chosen, fields, words):
    platform.directory.owned[ADA] = [OFFICE, SHED, BOILER]
    page, _ = chosen("site|*")
    posted = [one for one in form_of(page).submit_fields() if one[0] not in {"resource", "resources_all"}]
    refused = page.test_app.post(page.request.path, [*posted, *fields], status=400)
    assert words in refused.html.select_one("[role=alert]").get_text()
    assert refused.html.find(id=refused.html.select_one("[role=alert] a")["href"].removeprefix("#"))
    assert kept(platform) == ("site|*",)


def test_everything_of_one_kind_and_some_of_another_are_taken_away_apart(platform, chosen):
    platform.directory.owned[ADA] = [OFFICE, SHED, BOILER, PUMP]
    chosen("site|*")
    page, _ = chosen("device|boiler", "device|pump", scope=ACTING)
    assert kept(platform) == ("device|boiler", "device|pump", "site|*")
    box(page, "resource", "device|pump").checked = False
    done = form_of(page).submit(status=303)
    assert kept(platform) == ("device|boiler", "site|*")
    page = page.test_app.get(page.request.path)
    box(page, "resources_all", "1").checked = False
    box(page, "resource", "site|lyon-1").checked = True
    form_of(page).submit(status=303)
    assert kept(platform) == ("device|boiler", "site|lyon-1")
    assert done.location.endswith("?changed=1")


def test_db_21_of_hundreds_those_on_other_pages_and_behind_a_search_stay(platform, chosen):
    owned = sites(450)
    platform.directory.owned[ADA] = [OFFICE, HOME, *owned]
    held = [f"site|{one.resource_id}" for one in owned]
    page, _ = chosen(*held)
    assert len(ticked(page)) == 100
    assert "450" in page.html.select_one(".resources-count").get_text()
    assert "site|home" not in page.text
    first = ticked(page)[0]
    box(page, "resource", first).checked = False
    later = press(page, "more")
    second = ticked(later)[0]
    assert second not in ticked(page)
    box(later, "resource", second).checked = False
    found = press(later, "search", resources_search="Lyon 444")
    assert ticked(found) == ["site|lyon-0444"]
    box(found, "resource", "site|lyon-0444").checked = False
    only = press(found, "chosen")
    assert not {first, second}.intersection(ticked(only))
    form_of(only).submit(status=303)
    assert kept(platform) == tuple(sorted({*held} - {first, second, "site|lyon-0444"}))
    assert not verify_all(platform.runtime.storage, platform.runtime.keys).problems


def test_cr_05_of_hundreds_none_is_added_by_a_forged_form(platform, chosen):
    platform.directory.owned[ADA] = [HOME, *sites(450)]
    held = tuple(sorted(f"site|{one.resource_id}" for one in sites(450)))
    page, _ = chosen(*held)
    posted = [*form_of(page).submit_fields(), ("resource", "site|home")]
    refused = page.test_app.post(page.request.path, posted, status=400)
    assert "Here you can only take away" in refused.html.select_one("[role=alert]").get_text()
    assert kept(platform) == held


def test_without_the_directory_scopes_and_time_can_still_be_taken_away(platform, chosen):
    page, _ = chosen("site|*")
    box(page, "resources_all", "1").checked = False
    platform.directory.error = RuntimeError("down")
    unread = form_of(page).submit(status=503)
    assert "Try again" in visible(unread)
    assert kept(platform) == ("site|*",)
    shown = page.test_app.get(page.request.path)
    assert "We cannot list your sites and devices just now" in visible(shown)
    box(shown, "scope", "comfort.read").checked = False
    form_of(shown).submit(status=303)
    assert (kept(platform), grant_of(platform).scope_ids) == (("site|*",), ("sites.read",))


def test_few_sites_are_listed_by_name_each_with_a_tick(platform, chosen):
    page, _ = chosen("site|lyon-1", "site|lyon-2")
    assert page.html.select_one("input[name=resources_query]") is None
    assert "Warehouse 2" in visible(page)
    box(page, "resource", "site|lyon-1").checked = False
    form_of(page).submit(status=303)
    assert kept(platform) == ("site|lyon-2",)


class TestFromTheApplication:
    def patch(self, platform, resources, status=200):
        path = f"{GRANTS}/{grant_of(platform).grant_id}"
        return call(platform, path, "PATCH", json={"resources": resources}, status=status).json

    @pytest.mark.parametrize("before", [("site|*",), ("site|lyon-1", "site|lyon-2")])
    def test_cr_05_it_gives_sites_back_and_says_before_and_after(self, platform, chosen, before):
        _, token = chosen(*before)
        was = call(platform, f"{GRANTS}/{grant_of(platform).grant_id}").json["resources"]
        stays = [{"type": "site", "identifiers": ["lyon-2"]}]
        answered = self.patch(platform, stays)
        assert answered["resources"] == given(platform, token) == stays
        assert self.patch(platform, stays) == answered
        data = call(platform, EVENTS).json["data"][-1]["data"]
        assert (data["previous_resources"], data["resources"], data["change"]) == (was, stays, "narrowed")
        assert last_event(platform)["type"] == "reduced"

    @pytest.mark.parametrize(
        "resources",
        [
            [],
            "site",
            ["site"],
            [{"type": "site"}],
            [{"type": "site", "identifiers": "lyon-1"}],
            [{"type": "site", "identifiers": [1]}],
            [{"type": "site", "identifiers": ["a b"]}],
            [{"type": "SITE", "identifiers": ["lyon-1"]}],
            [{"type": "site", "identifiers": ["lyon-1"], "more": 1}],
            [{"type": "site", "identifiers": ["paris-9"]}],
            [{"type": "device", "identifiers": ["*"]}],
            [{"type": "site", "identifiers": [f"s{number}" for number in range(1001)]}],
        ],
    )
    def test_cr_05_more_than_stands_and_what_is_nobodys_is_refused(self, platform, chosen, resources):
        chosen("site|*")
        assert self.patch(platform, resources, 400)["error_description"].startswith("resources")
        assert kept(platform) == ("site|*",)

    def test_a_directory_that_fails_is_asked_again_later(self, platform, chosen):
        chosen("site|*")
        platform.directory.error = RuntimeError("down")
        self.patch(platform, [{"type": "site", "identifiers": ["lyon-2"]}], 503)
        assert kept(platform) == ("site|*",)
