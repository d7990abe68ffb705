"""Sites on the dashboard: counted, called by their names, and looked for ("who sees my Lyon office?")."""

from __future__ import annotations

import sys

import pytest

from consentcore.api import Resource
from consentcore.testing.scenario import Scenario
from tests.support import tiny_plugins as tiny
from tests.support.directories import HOMES, sites
from tests.support.platform import make_platform, sign_in, visible

ADA = "ada@example.org"


@pytest.fixture
def platform(tmp_path, monkeypatch):
    """A platform with ten applications, whose directory is ``platform.directory``."""
    place = tmp_path / "site"
    place.mkdir()
    monkeypatch.syspath_prepend(place)
    tiny.install(place, "homes", "1.0", code=HOMES, homes="tiny_homes")
    monkeypatch.setenv("CONSENTCORE_EXTENSIONS", "homes")
    platform = make_platform(tmp_path)
    platform.directory = sys.modules["tiny_homes"].DIRECTORY
    platform.directory.owned[ADA] = [Resource("lyon", "Lyon office"), Resource("store", "Warehouse 2")]
    for number in range(10):
        platform.add_client(f"app{number}", name=f"App {number}")
    yield platform
    platform.runtime.close()


def allow(platform, client_id: str, *references: str):
    runtime = platform.runtime
    with runtime.storage.reading() as uow:
        client, owner = uow.clients.get(client_id), uow.owners.by_email(ADA)
    scenario = Scenario(
        runtime.storage, client, owner, clock=runtime.clock, keys=runtime.keys, catalog=runtime.catalog
    )
    scenario.service = runtime.service
    return scenario.approve("comfort.read", resources=references).grant


def signed_in(platform):
    browser = platform.browser()
    sign_in(browser, browser.get("/login"), ADA)
    return browser


def names(page) -> set[str]:
    return {heading.get_text() for heading in page.html.select("li.card h2")}


def test_db_12_who_sees_my_lyon_office(platform):
    allow(platform, "app0", "site|lyon")
    allow(platform, "app1", "site|store")
    allow(platform, "app2", "site|*")
    for number in range(3, 10):
        allow(platform, f"app{number}", "site|store")
    page = signed_in(platform).get("/consents")
    form = next(form for form in page.forms.values() if form.method == "get")
    form["site"] = "lyon office"
    assert names(form.submit()) == {"App 0", "App 2"}, "whoever sees all sites sees this one"
    form["site"] = "no such site"
    assert names(form.submit()) == set()
    platform.directory.error = OSError("gone fishing")
    nobody = form.submit(status=200)
    assert "Your sites cannot be looked up just now" in visible(nobody)
    assert names(nobody) == {f"App {number}" for number in range(10)}


def test_sites_are_counted_on_the_card_and_named_on_the_page(platform):
    allow(platform, "app0", "site|lyon", "site|store")
    browser = signed_in(platform)
    page = browser.get("/consents")
    assert "Room climate · 2 sites" in visible(page)
    details = page.click("Details")
    assert "2 sites: Lyon office, Warehouse 2" in visible(details)
    assert "site|" not in visible(details), "never an id"
    french = browser.get(details.request.path, headers={"Accept-Language": "fr"})
    assert "2 sites : Lyon office, Warehouse 2" in visible(french), "with the blank that French has there"


def test_a_directory_that_fails_leaves_the_page_with_a_number(platform):
    allow(platform, "app0", "site|lyon", "site|store")
    platform.directory.error = OSError("gone fishing")
    page = signed_in(platform).get("/consents").click("Details")
    assert "2 sites" in visible(page)
    assert "site|" not in visible(page)


def test_of_thousands_of_sites_some_are_named_and_the_rest_is_counted(platform):
    many = sites(1000)
    platform.directory.owned[ADA] = many
    allow(platform, "app0", *(f"site|{one.resource_id}" for one in many))
    page = signed_in(platform).get("/consents").click("Details")
    assert "1000 sites" in visible(page)
    assert "900 of them are not named here." in visible(page)
    assert platform.directory.calls.count("list") == 0
