"""Pages for whoever reads them otherwise: enlarged, with wider text, from right to left, without colours."""

from __future__ import annotations

import pytest

from tests.browser.browsing import DESKTOP

pytestmark = pytest.mark.browser

WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
SPACING = """* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }
p { margin-bottom: 2em !important; }"""
"""WCAG 2.2, 1.4.12."""
CUT_OFF = """() => [...document.querySelectorAll('main *, header *, footer *')].filter(one => {
    const style = getComputedStyle(one);
    return !one.closest('.hidden, .skip') && one.innerText && style.overflow !== 'visible'
        && style.overflow !== 'auto' && one.scrollHeight > one.clientHeight + 1;
}).map(one => one.outerHTML.slice(0, 80))"""
TARGETS = """() => [...document.querySelectorAll('a[href], button, input, select, summary')].filter(one => {
    const box = one.getBoundingClientRect(), style = getComputedStyle(one);
    // A link in a sentence is as high as its line (2.5.8, inline); what a label makes larger is as large as that.
    const inline = style.display === 'inline' && one.closest('p, li, dd');
    const target = one.closest('label') || one, size = target.getBoundingClientRect();
    return !inline && box.width && one.type !== 'hidden' && !one.closest('.skip')
        && Math.min(size.width, size.height) < 24;
}).map(one => one.outerHTML.slice(0, 90))"""
UNSEEN = """() => [...document.querySelectorAll('main .tile, main .state, main .mark')]
    .filter(one => !(one.matches('.tile') ? one.closest('li, div, form').parentElement : one).innerText.trim())
    .map(one => one.outerHTML.slice(0, 90))"""


def walk(person):
    """The pages of a consent, each while it is shown."""
    page, issuer = person.page, person.demo.issuer
    person.connect()
    yield "login"
    person.sign_in()
    page.get_by_role("button", name="Approve").wait_for()
    yield "consent"
    person.press("Approve")
    page.get_by_text("Connected.").wait_for()
    (grant,) = person.grants()
    for path in ("", "/history", f"/{grant.grant_id}", f"/{grant.grant_id}/revoke"):
        page.goto(f"{issuer}/consents{path}")
        yield path
    person.press("Proceed")
    yield "after Proceed"
    for path in ("/consents/revoked", "/account", "/account/password", "/nothing-here"):
        page.goto(issuer + path)
        yield path


def test_cp_45_pages_hold_at_400_percent(person):
    """1280 by 1024 pixels at 400 % are 320 by 256."""
    someone = person(viewport={"width": 320, "height": 256})
    assert [name for name in walk(someone) if someone.page.evaluate(WIDER) > 0] == []


def test_cp_45_pages_hold_with_wider_text_spacing(person):
    someone = person(viewport={"width": 390, "height": 844}, bypass_csp=True)
    wrong = []
    for name in walk(someone):
        someone.page.add_style_tag(content=SPACING)
        if someone.page.evaluate(WIDER) > 0 or someone.page.evaluate(CUT_OFF):
            wrong.append((name, someone.page.evaluate(CUT_OFF)))
    assert wrong == []


def test_cp_42_targets_are_large_enough(person):
    someone = person(viewport={"width": 390, "height": 844})
    assert [(name, small) for name in walk(someone) if (small := someone.page.evaluate(TARGETS))] == []


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


def test_cp_44_no_state_is_told_by_its_colour_or_shape_alone(person):
    someone = person()
    assert [(name, bare) for name in walk(someone) if (bare := someone.page.evaluate(UNSEEN))] == []


def test_cp_64_lines_that_begin_at_the_right_hold(person):
    """Every page as it is, turned: nothing sticks out, and Approve is still the first of the two."""
    someone = person(viewport={"width": 320, "height": 800})
    wrong = []
    for name in walk(someone):
        someone.page.evaluate("document.documentElement.dir = 'rtl'")
        if someone.page.evaluate(WIDER) > 0:
            wrong.append(name)
        if name == "consent":
            boxes = [
                someone.page.get_by_role("button", name=word, exact=True).bounding_box()
                for word in ("Approve", "Deny")
            ]
            assert boxes[0]["x"] > boxes[1]["x"]
            assert boxes[0]["width"] == boxes[1]["width"]
    assert wrong == []
