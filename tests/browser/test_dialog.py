"""Revoke Access as a modal dialog: the words and the form of its page, which stays underneath."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from consentcore.domain.grant_states import GrantState
from tests.browser.browsing import PHONE
from tests.browser.inspector import Inspector

pytestmark = pytest.mark.browser

QUESTION = "Stop CoolSite from using your data?"
WORDS = "element => element.innerText.replace(/\\s+/g, ' ').trim()"
FORM = "form => [form.method, form.action, [...new FormData(form).keys()].sort()]"


@pytest.fixture(params=["dashboard", "details"])
def start(request, ada):
    """Ada before Revoke Access, on each page that has it; the control."""
    ada.connected()
    if request.param == "details":
        ada.follow("Details")
    return ada.page.get_by_role("link", name="Revoke Access")


def opened(page, name=QUESTION):
    """The dialog, by the name that it has for screen readers."""
    dialog = page.get_by_role("dialog", name=name, exact=True)
    expect(dialog).to_be_visible()
    return dialog


def test_the_dialog_says_and_sends_what_the_page_does(ada, start):
    page = ada.page
    start.click()
    dialog, target = opened(page), start.get_attribute("href")
    said, sent = dialog.evaluate(WORDS), dialog.locator("form").evaluate(FORM)
    for name in ("csrf_token", "shown"):  # each page has its own
        assert dialog.locator(f"[name={name}]").input_value()
    page.goto(ada.demo.issuer + target)
    assert page.get_by_role("main").evaluate(WORDS) == said
    assert (
        page.locator("main form").evaluate(FORM)
        == sent
        == ["post", ada.demo.issuer + target, ["csrf_token", "shown"]]
    )


@pytest.mark.parametrize("leave", ["Escape", "Keep access"])
def test_cp_46_the_focus_goes_in_stays_in_and_comes_back(ada, start, leave):
    page, address = ada.page, ada.page.url
    assert start.get_attribute("aria-haspopup") == "dialog"
    start.focus()
    page.keyboard.press("Enter")
    dialog = opened(page)
    expect(dialog.get_by_role("heading", level=1)).to_be_focused()
    page.keyboard.press("Enter")  # decides nothing there
    for _ in range(6):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        )
    if leave == "Escape":
        page.keyboard.press("Escape")
    else:
        dialog.get_by_role("button", name=leave, exact=True).press("Space")
    expect(page.locator("dialog")).to_have_count(0)
    expect(start).to_be_focused()
    assert page.url == address
    assert ada.events() == ["granted"]
    start.click()
    opened(page)


def test_proceed_revokes_and_the_way_back_asks_nothing(ada, start):
    page = ada.page
    start.click()
    opened(page).get_by_role("button", name="Proceed", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("CoolSite can no longer see your data")
    assert ada.events() == ["granted", "withdrawn"]
    page.go_back()
    expect(page.locator("dialog")).to_have_count(0)


def test_what_lies_behind_cannot_be_used(ada, start):
    start.click()
    opened(ada.page)
    history = ada.page.get_by_role("link", name="History", exact=True)
    history.focus()
    assert not history.evaluate("element => element === document.activeElement")
    box = history.bounding_box()
    hit = ada.page.evaluate("({x, y}) => document.elementFromPoint(x, y).tagName", box)
    assert hit == "DIALOG"


def test_revoking_takes_no_more_than_granting(ada):
    page, done = ada.page, []
    page.goto(f"{ada.demo.issuer}/login")
    ada.sign_in()
    page.wait_for_url("**/consents")
    ada.context.expose_function("noted", lambda: done.append(1))
    ada.context.add_init_script("addEventListener('click', event => event.isTrusted && noted(), true)")
    ada.connect()
    ada.press("Approve")
    expect(page.get_by_role("status")).to_have_text("Connected.")
    page.goto(f"{ada.demo.issuer}/consents")
    granting = len(done)
    page.get_by_role("link", name="Revoke Access").click()
    opened(page).get_by_role("button", name="Proceed", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("CoolSite can no longer see your data")
    assert 2 <= len(done) - granting <= granting


def test_a_double_click_on_revoke_access_only_asks(person):
    """On a phone Proceed may come to lie where the link was."""
    ada = person(viewport=PHONE)
    ada.connected()
    link = ada.page.get_by_role("link", name="Revoke Access")
    link.dblclick()
    dialog = opened(ada.page)
    expect(ada.page.locator("dialog")).to_have_count(1)
    for button in ("Proceed", "Keep access"):
        dialog.get_by_role("button", name=button).dispatch_event("click", {"detail": 2})
    link.dispatch_event("click", {"ctrlKey": True})
    ada.page.wait_for_timeout(300)
    assert ada.events() == ["granted"]


@pytest.mark.parametrize("forced", ["none", "active"])
def test_the_dialog_is_whole_on_narrow_screens_and_without_findings(ada, forced):
    ada.connected()
    page, inspector = ada.page, Inspector(ada)
    page.emulate_media(forced_colors=forced)
    page.get_by_role("link", name="Revoke Access").click()
    dialog = opened(page)
    # Forced colours are the person's own; axe reads those that were written.
    inspector.look("dialog", rules=("color-contrast",) if forced == "active" else ())
    assert inspector.wrong == []
    for size in ({"width": 320, "height": 256}, PHONE):  # 320 x 256 is 1280 x 1024 at 400 %
        page.set_viewport_size(size)
        expect(dialog).to_be_in_viewport(ratio=1)
        for button in ("Proceed", "Keep access"):
            dialog.get_by_role("button", name=button).scroll_into_view_if_needed()
            expect(dialog.get_by_role("button", name=button)).to_be_in_viewport(ratio=1)
    assert dialog.evaluate("element => getComputedStyle(element).borderTopStyle") == "solid"


def test_what_cannot_be_fetched_is_the_page(ada):
    ada.connected()
    page = ada.page
    page.route(
        "**/revoke",
        lambda route: route.abort() if route.request.resource_type == "fetch" else route.continue_(),
    )
    page.get_by_role("link", name="Revoke Access").click()
    page.wait_for_url("**/revoke")
    expect(page.get_by_role("main").get_by_role("heading", level=1)).to_have_text(QUESTION)
    assert page.locator("dialog").count() == 0
    assert ada.complaints == []


@pytest.mark.parametrize("meanwhile", ["revoked", "signed out"])
def test_when_there_is_nothing_to_ask_any_more_the_link_is_followed(ada, meanwhile):
    ada.connected()
    page, (grant,) = ada.page, ada.grants(GrantState.ACTIVE)
    if meanwhile == "revoked":
        other = ada.context.new_page()
        other.goto(f"{ada.demo.issuer}/consents/{grant.grant_id}/revoke")
        other.get_by_role("button", name="Proceed").click()
        expect(other.get_by_role("heading", level=1)).to_have_text("CoolSite can no longer see your data")
    else:
        ada.context.clear_cookies()
    page.get_by_role("link", name="Revoke Access").click()
    there = f"/consents/{grant.grant_id}"
    page.wait_for_url(ada.demo.issuer + (there if meanwhile == "revoked" else f"/login?next={there}/revoke"))


def test_without_script_it_is_a_page(person):
    ada = person(java_script_enabled=False)
    ada.connected()
    ada.follow("Revoke Access")
    expect(ada.page.get_by_role("main").get_by_role("heading", level=1)).to_have_text(QUESTION)
    assert ada.page.url.endswith("/revoke")
