"""After Proceed, with and without script: the lines fill in, and nothing moves that nobody asked for."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

LINES = "ul.checklist > li"


def revoked(person) -> None:
    person.connected()
    person.follow("Revoke Access")
    person.press("Proceed")
    expect(person.page.get_by_role("heading", level=1)).to_have_text("CoolSite can no longer see your data")


def test_cp_47_the_lines_fill_in_by_themselves_and_are_read_out_where_they_stand(ada):
    revoked(ada)
    page, address = ada.page, ada.page.url
    details = page.get_by_role("link", name="History", exact=True)
    details.focus()
    region = page.locator("#progress")
    assert region.get_attribute("aria-live") == "polite"
    expect(region.locator("li", has_text="CoolSite has confirmed it")).to_be_visible()
    expect(region.locator("li", has_text="An e-mail was sent to")).to_be_visible()
    expect(region.locator("[data-waiting]")).to_have_count(0)
    expect(page.get_by_role("link", name="Look again")).to_be_hidden()
    expect(details).to_be_focused()
    assert page.url == address


def test_what_was_read_out_is_left_alone(ada):
    """Only a line that says something else is another one."""
    page, asked = ada.page, []

    def answer(route):
        if not asked:
            asked.append(page.evaluate("document.querySelector('ul.checklist li').dataset.same = 'yes'"))
        route.continue_()

    # The page as it would be if nobody had been told yet: it asks for its lines.
    def unfinished(route):
        body = route.fetch().text()
        region = '<div id="progress" aria-live="polite"'
        address = route.request.url.partition("127.0.0.1")[2].partition("/")[2]
        body = body.replace(
            f"{region}>", f'{region} data-progress="/{address}/progress"><p data-look-again></p>'
        )
        body = body.replace('<ul class="checklist">', '<ul class="checklist" data-waiting>')
        body = body.replace("CoolSite was told", "CoolSite is being told")
        route.fulfill(body=body, content_type="text/html; charset=utf-8")

    revoked(ada)
    expect(page.locator("[data-waiting]")).to_have_count(0)
    page.route("**/progress", answer)
    page.route(page.url, unfinished)
    page.reload()
    expect(page.locator(LINES).nth(1)).to_contain_text("CoolSite was told")
    assert asked == ["yes"]
    assert page.locator(LINES).nth(0).get_attribute("data-same") == "yes"


def test_without_a_script_a_link_looks_again(person):
    ada = person(java_script_enabled=False)
    revoked(ada)
    for _ in range(50):
        if not ada.page.get_by_role("link", name="Look again").count():
            break
        ada.follow("Look again")
        ada.page.wait_for_timeout(200)
    expect(ada.page.locator(LINES).filter(has_text="CoolSite has confirmed it")).to_be_visible()
