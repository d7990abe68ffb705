"""The consent page for whoever goes through it by keyboard: it can always be seen where one is."""

from __future__ import annotations

import pytest

from tests.browser.browsing import DESKTOP

pytestmark = pytest.mark.browser


def test_cp_43_the_focus_is_visible_and_nothing_lies_over_it(person):
    someone = person(viewport=DESKTOP, reduced_motion="reduce")
    someone.to_consent_page()
    page, hidden, seen = someone.page, [], set()
    for _ in range(40):
        page.keyboard.press("Tab")
        found = page.evaluate("""() => {
            const one = document.activeElement, box = one.getBoundingClientRect(), style = getComputedStyle(one);
            const over = document.elementFromPoint(box.x + box.width / 2, box.y + Math.min(box.height / 2, 9));
            return {what: one.outerHTML.slice(0, 80), outline: parseFloat(style.outlineWidth), at: one.tagName,
                free: one === document.body || one.contains(over) || !!over && over.contains(one)};
        }""")
        if found["at"] == "BODY" or found["what"] in seen:
            break
        seen.add(found["what"])
        if found["outline"] < 2 or not found["free"]:
            hidden.append(found)
    assert hidden == []
    assert any('value="approve"' in what for what in seen)
