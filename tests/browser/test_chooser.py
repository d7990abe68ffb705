"""The list of sites and devices with its script: it filters and counts while somebody types and ticks."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from consentcore.domain.grant_states import GrantState
from tests.browser.visiting import ACTS, READS

pytestmark = pytest.mark.browser

EMPTY = "groups => groups.filter(group => !group.querySelector('.choice:not([hidden])')).length"
ROWS = "input[name=resource]"


@pytest.fixture
def devices(visitor):
    """Somebody before a list that stands on the page whole."""
    one = visitor()
    one.ask(*ACTS)
    one.sign_in()
    one.main.locator("input[name=scope]").check()
    assert one.page.locator(f"[data-whole] {ROWS}").count() == 27
    return one


def seen(one):
    return one.page.locator(f"{ROWS}:visible").count()


def test_cp_08_the_list_is_filtered_while_somebody_types(devices):
    page, search = devices.page, devices.page.locator("[name=resources_search]")
    search.press_sequentially("BRÍSTOL branch 1 ")  # capitals and accents are the same here
    expect(page.locator(f"{ROWS}:visible").first).to_be_visible()
    assert 0 < seen(devices) < 27
    empty = page.locator("details.group:visible").evaluate_all(EMPTY)
    assert empty == 0
    search.press("Enter")  # sends nothing
    search.fill("nothing is called that")
    expect(page.locator(f"{ROWS}:visible")).to_have_count(0)
    search.fill("")
    expect(page.locator(f"{ROWS}:visible")).to_have_count(27)
    assert "/consent?i=" in page.url


def test_cp_08_what_is_ticked_is_counted_and_can_be_looked_at_alone(devices):
    page = devices.page
    for number in (0, 3, 5):
        devices.tick("resource", number)
    expect(page.locator("[data-chosen]")).to_have_text("3")
    only = page.locator("[data-only]")
    expect(only).to_have_attribute("aria-pressed", "false")
    only.click()
    expect(only).to_have_attribute("aria-pressed", "true")
    expect(page.locator(f"{ROWS}:visible")).to_have_count(3)
    page.locator(f"{ROWS}:visible").first.uncheck()
    expect(page.locator("[data-chosen]")).to_have_text("2")
    only.click()
    expect(page.locator(f"{ROWS}:visible")).to_have_count(27)


def test_cp_08_what_the_filter_hides_stays_chosen(devices):
    devices.tick("resource")
    devices.tick("resource", 26)
    devices.fill(resources_search="nothing is called that")
    devices.decide("approve")
    (grant,) = devices.grants(GrantState.ACTIVE)
    assert len(grant.resources) == 2


def test_cp_08_without_script_what_is_ticked_stays_over_searches_and_pages(visitor):
    one = visitor(java_script_enabled=False)
    one.ask(*READS)
    one.sign_in()
    one.tick("resource")
    one.go("more")
    one.tick("resource", 1)
    one.fill(resources_search="Bristol branch 2")
    one.go("search")
    one.page.locator(f'{ROWS}[value="site|uk-bristol-002"]').check()
    one.go("chosen")
    assert one.page.locator(f"{ROWS}:checked").count() == 3
    one.decide("approve")
    assert len(one.grant.resources) == 3
