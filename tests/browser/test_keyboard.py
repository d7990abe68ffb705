"""Everything can be done with Tab, Enter and Space, and it can always be seen where one is."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.browsing import PASSWORD

pytestmark = pytest.mark.browser

FOCUS = """() => {
    const element = document.activeElement, style = getComputedStyle(element);
    return {
        name: element.innerText || element.name || element.tagName,
        outlined: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    };
}"""
ON_SCREEN = """() => {
    const box = document.activeElement.getBoundingClientRect();
    return box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
}"""


class Keyboard:
    """Presses Tab until something has the focus, and notes what was passed."""

    def __init__(self, page):
        self.page = page
        self.passed = []

    def tab_to(self, name, most=40):
        for _ in range(most):
            self.page.keyboard.press("Tab")
            focus = self.page.evaluate(FOCUS)
            assert focus["outlined"], f"one cannot see that {focus['name']!r} has the focus"
            self.page.wait_for_function(ON_SCREEN)  # scrolling is smooth, and so takes a moment
            self.passed.append(focus["name"].strip())
            if focus["name"].strip().startswith(name):
                return
        raise AssertionError(f"Tab never came to {name!r}, only to {self.passed}")

    def enter(self, name):
        with self.page.expect_navigation():
            self.tab_to(name)
            self.page.keyboard.press("Enter")


def test_consent_and_revocation_without_a_mouse(ada):
    page, keys = ada.page, Keyboard(ada.page)
    ada.connect()
    keys.tab_to("email")
    page.keyboard.type(ada.owner.email)
    keys.tab_to("password")
    page.keyboard.type(PASSWORD)
    keys.enter("Sign in")
    expect(page.get_by_role("heading", level=1)).to_have_text("CoolSite asks to see your data")

    keys.tab_to("An example")
    page.keyboard.press("Space")
    expect(page.get_by_text("12 rue Centrale")).to_be_visible()
    keys.passed.clear()
    keys.enter("Approve")
    expect(page.get_by_role("status")).to_have_text("Connected.")

    page.goto(f"{ada.demo.issuer}/consents")
    keys.tab_to("Revoke Access")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_role("heading")).to_be_focused()
    keys.enter("Proceed")
    expect(page.get_by_role("heading", level=1)).to_have_text("CoolSite can no longer see your data")
    keys.enter("History")
    expect(page.locator(".event")).to_have_count(2)
    assert ada.events() == ["granted", "withdrawn"]


def test_the_first_tab_skips_to_the_content(ada):
    ada.to_consent_page()
    page, keys = ada.page, Keyboard(ada.page)
    keys.tab_to("Skip to the content", most=1)
    page.keyboard.press("Enter")
    keys.passed.clear()
    keys.tab_to("Its website", most=1)


def test_deny_comes_right_after_approve(ada):
    ada.to_consent_page()
    keys = Keyboard(ada.page)
    keys.tab_to("Approve")
    keys.tab_to("Deny", most=1)
    ada.page.keyboard.press("Enter")
    expect(ada.page.get_by_role("status")).to_have_text("You said no. CoolSite sees nothing.")


def test_enter_in_a_field_of_the_login_signs_in_and_enter_on_the_consent_page_decides_nothing(ada):
    ada.connect()
    ada.page.get_by_label("E-mail address").fill(ada.owner.email)
    ada.page.get_by_label("Password").fill(PASSWORD)
    with ada.page.expect_navigation():
        ada.page.keyboard.press("Enter")
    expect(ada.page.get_by_role("button", name="Approve")).to_be_visible()
    ada.page.keyboard.press("Enter")
    ada.page.keyboard.press("Space")
    ada.page.wait_for_timeout(300)
    assert ada.events() == []
