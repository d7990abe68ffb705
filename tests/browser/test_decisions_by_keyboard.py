"""Each decision with Tab, Space, Enter and letters alone; and none takes more steps to take back than to make."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from consentcore.domain.grant_states import GrantState
from tests.browser.browsing import PASSWORD
from tests.browser.test_keyboard import FOCUS
from tests.browser.visiting import READS

pytestmark = pytest.mark.browser

AT = "selector => document.activeElement.matches(selector)"
APPROVE, DENY = "button[name=decision][value=approve]", "button[name=decision][value=deny]"


class Keys:
    """Somebody without a mouse; counts what they do: a key, or a word that they type, is one."""

    def __init__(self, visitor):
        self.page = visitor.page
        self.pressed = 0

    def to(self, selector, most=150):
        """Tab until what is meant has the focus, which can be seen each time."""
        for _ in range(most):
            self.page.keyboard.press("Tab")
            focus = self.page.evaluate(FOCUS)
            assert focus["outlined"], f"one cannot see that {focus['name']!r} has the focus"
            if self.page.evaluate(AT, selector):
                return
        raise AssertionError(f"Tab never came to {selector}")

    def press(self, selector, key="Enter"):
        """Go there and press a key."""
        self.to(selector)
        self.pressed += 1
        self.page.keyboard.press(key)

    def press_and_go(self, selector):
        with self.page.expect_navigation():
            self.press(selector)

    def write(self, selector, text):
        self.to(selector)
        self.pressed += 1
        self.page.keyboard.type(text)


@pytest.fixture
def someone(visitor):
    """Signed in, with the application's question before them."""
    one = visitor()
    one.ask(*READS)
    keys = Keys(one)
    keys.write("[name=email]", one.owner.email)
    keys.write("[name=password]", PASSWORD)
    keys.press_and_go("main button")
    keys.pressed = 0
    return one, keys


def allowed(someone, keys):
    keys.press("input[name=resource]", "Space")
    keys.press_and_go(APPROVE)
    assert [one.resources for one in someone.grants(GrantState.ACTIVE)] == [("site|uk-bristol-001",)]


def test_cp_46_a_site_is_searched_chosen_and_approved_by_keyboard(someone):
    visitor, keys = someone
    keys.write("[name=resources_search]", "Bristol branch 2")
    keys.press_and_go("[name=resources_go][value=search]")
    keys.press('input[name=resource][value="site|uk-bristol-002"]', "Space")
    expect(visitor.page.locator("[data-chosen]")).to_have_text("1")
    keys.press_and_go(APPROVE)
    assert [one.resources for one in visitor.grants(GrantState.ACTIVE)] == [("site|uk-bristol-002",)]


def test_cp_46_what_is_missing_has_the_focus_and_leads_to_its_place(someone):
    visitor, keys = someone
    keys.press_and_go(APPROVE)
    expect(visitor.page.get_by_role("alert")).to_be_focused()
    keys.press("[role=alert] a")
    expect(visitor.page.locator("#resources")).to_be_focused()
    keys.press("input[name=resource]", "Space")
    keys.press_and_go(APPROVE)
    assert len(visitor.grants(GrantState.ACTIVE)) == 1


def test_cp_46_deny_needs_one_key(someone):
    visitor, keys = someone
    keys.press_and_go(DENY)
    assert keys.pressed == 1
    assert visitor.events() == ["denied"]


@pytest.mark.parametrize("way", ["dashboard", "details", "receipt"])
def test_cp_46_cp_40_revoking_takes_no_more_keys_than_granting(someone, way):
    visitor, keys = someone
    allowed(visitor, keys)
    granting, grant = keys.pressed, visitor.grant
    visitor.open("/consents" if way == "dashboard" else f"/consents/{grant.grant_id}")
    if way == "receipt":
        keys.press_and_go('a[href^="/receipts/"]')
    keys.pressed = 0
    if way == "receipt":
        keys.press_and_go('main a[href$="/revoke"]')
    else:
        keys.press("a[data-dialog]")
        expect(visitor.page.get_by_role("dialog")).to_be_visible()
    keys.press_and_go("form[action$=revoke] button")
    assert keys.pressed <= granting
    assert visitor.events() == ["granted", "withdrawn"]


def test_cp_46_a_site_is_taken_away_by_keyboard(someone):
    visitor, keys = someone
    keys.press("input[name=resource]", "Space")
    keys.press("input[name=resource]", "Space")
    keys.press_and_go(APPROVE)
    visitor.open(f"/consents/{visitor.grant.grant_id}/change")
    keys.press("input[name=resource]", "Space")
    keys.press_and_go("main form button")
    assert visitor.events() == ["granted", "narrowed"]
    assert len(visitor.grant.resources) == 1


def test_cp_46_everything_is_revoked_at_once_by_keyboard(someone):
    visitor, _ = someone
    visitor.settle_in()
    visitor.open("/consents/revoke-all")
    Keys(visitor).press_and_go("main form button")
    assert visitor.grants(GrantState.ACTIVE) == []


def test_cp_50_what_was_given_once_is_not_asked_again(visitor):
    one = visitor()
    one.ask(*READS)
    one.fill(email=one.owner.email, password="wrong")
    one.send()
    assert one.page.locator("[name=email]").input_value() == one.owner.email
    one.fill(password=PASSWORD)
    one.send()
    one.tick("resource", 2)
    one.fill(resources_search="Harbour")
    one.go("search")
    one.go("every")
    assert one.page.locator("input[name=resource]:checked").count() == 1
    one.decide("approve")
    one.ask(*READS, "alarms.read")
    assert one.page.locator("[name=password]").count() == 0
    assert one.page.locator("input[name=resource]:checked").count() == 1
