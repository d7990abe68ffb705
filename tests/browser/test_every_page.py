"""Every page in every state (``states.py``), held to each rule in turn: a browser profile for a rule, not a page."""

from __future__ import annotations

import pytest

from tests.browser.browsing import DESKTOP, PHONE
from tests.browser.inspector import Inspector
from tests.browser.measures import (
    CUT_OFF,
    EDGELESS,
    NUMERIC_DATES,
    SPACING,
    TARGETS,
    UNEQUAL,
    UNNAMED,
    UNSEEN,
    WIDER,
)
from tests.browser.states import STATES, visits
from tests.browser.visiting import READS

pytestmark = pytest.mark.browser

ZOOMED = {"width": 320, "height": 256}
"""1280 by 1024 pixels at 400 %."""
WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamten"
LONG = {
    "application": WORD,
    "publisher": f"{WORD}gesellschaft",
    "purpose": f"{'X' * 200} {WORD}",
    "website": f"https://{'w' * 60}.example/",
    "privacy_url": f"https://{'p' * 60}.example/{'q' * 60}",
}


def findings(someone, look, **options):
    """What a look at each state found, with the state's name."""
    return [f"{name}: {found}" for name in visits(someone, **options) for found in look(someone.page)]


def sideways(page):
    return [f"{over} px stick out"] if (over := page.evaluate(WIDER)) > 0 else []


def test_every_state_is_there_once():
    names = [state.name for state in STATES]
    assert len(names) == len(set(names)) > 50


def test_cp_44_cp_41_axe_finds_nothing_in_either_theme(visitor):
    inspector = Inspector(someone := visitor())
    for name in visits(someone):
        inspector.look(name, widths=())
    assert inspector.wrong == []


def test_cp_53_every_page_is_reached_and_whole_without_script_at_400_percent(visitor):
    someone = visitor(java_script_enabled=False, viewport=ZOOMED)
    assert findings(someone, sideways, scripts=False) == []


def test_cp_45_nothing_sticks_out_or_is_cut_off_with_wider_text_spacing(visitor):
    def look(page):
        page.add_style_tag(content=SPACING)
        return sideways(page) + page.evaluate(CUT_OFF)

    assert findings(visitor(viewport={"width": 320, "height": 800}, bypass_csp=True), look) == []


def test_cp_44_without_colours_whatever_can_be_pressed_has_an_edge_and_every_state_a_word(visitor):
    def look(page):
        return page.evaluate(EDGELESS) + page.evaluate(UNSEEN)

    assert findings(visitor(forced_colors="active"), look) == []


@pytest.mark.parametrize("locale", ["de", "fr", "es", "en"])
def test_cp_45_cp_41_cp_62_every_language_holds_on_a_narrow_screen_with_names_and_months(visitor, locale):
    def look(page):
        own = page.url.startswith(someone.demo.issuer) and "/_dev/" not in page.url
        told = [] if not own or page.evaluate("document.documentElement.lang") == locale else ["its language"]
        return told + sideways(page) + page.evaluate(UNNAMED) + page.evaluate(NUMERIC_DATES)

    someone = visitor(locale=locale, viewport={"width": 320, "height": 800})
    assert findings(someone, look) == []


def test_cp_64_a_language_whose_lines_begin_at_the_right_holds(visitor):
    def look(page):
        own = page.url.startswith(someone.demo.issuer) and "/_dev/" not in page.url
        turned = [] if not own or page.evaluate("document.documentElement.dir") == "rtl" else ["not turned"]
        return turned + sideways(page)

    someone = visitor(locale="he", viewport={"width": 320, "height": 800})
    assert findings(someone, look) == []


def test_cp_64_approve_is_the_first_of_the_two_where_lines_begin_at_the_right(visitor):
    someone = visitor(locale="he")
    someone.ask(*READS)
    someone.sign_in()
    approve, deny = (one.bounding_box() for one in someone.main.locator("button[name=decision]").all())
    assert approve["x"] > deny["x"]
    assert approve["y"] == deny["y"]


def test_cp_45_words_of_sixty_letters_break(visitor):
    someone = visitor(WORD, LONG, viewport={"width": 320, "height": 800})
    assert findings(someone, sideways) == []


@pytest.mark.parametrize("options", [{"viewport": PHONE}, {"viewport": DESKTOP, "color_scheme": "dark"}])
def test_cp_20_cp_42_two_ways_to_decide_are_equal_and_targets_large_enough(visitor, options):
    def look(page):
        return page.evaluate(UNEQUAL) + page.evaluate(TARGETS)

    assert findings(visitor(**options), look) == []
