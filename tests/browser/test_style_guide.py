"""Every part that pages are made of, on one page: in both themes, with more contrast, and in forced colours."""

from __future__ import annotations

import pytest

from tests.browser.inspector import Inspector
from tests.support.style_guide import show_style_guide

pytestmark = pytest.mark.browser

BORDERS = """() => [...document.querySelectorAll('.tile, .site-mark, main button:not(.quiet), .button')].map(one => {
    const style = getComputedStyle(one), paper = getComputedStyle(document.body).backgroundColor;
    return [one.className, parseFloat(style.borderTopWidth) > 0 && style.borderTopColor !== paper];
})"""


def test_every_part_is_accessible_in_both_themes_and_on_a_phone(person):
    someone = person()
    show_style_guide(someone.page, someone.demo.issuer)
    inspector = Inspector(someone)
    inspector.look("style guide")
    assert inspector.wrong == []
    assert someone.complaints == []


def test_every_part_is_accessible_with_more_contrast(person):
    someone = person(contrast="more")
    show_style_guide(someone.page, someone.demo.issuer)
    inspector = Inspector(someone)
    inspector.look("style guide with more contrast")
    assert inspector.wrong == []


def test_edges_of_tiles_and_buttons_show_in_forced_colours(person):
    """Backgrounds are gone there: what was told apart by one needs an edge."""
    someone = person(forced_colors="active")
    show_style_guide(someone.page, someone.demo.issuer)
    edges = someone.page.evaluate(BORDERS)
    assert len(edges) > 10
    assert [name for name, shown in edges if not shown] == []
