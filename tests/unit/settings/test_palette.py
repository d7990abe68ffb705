"""The colours of an operator: what follows from them, and which cannot be read."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from pathlib import Path

import pytest

from consentcore.markup import TILES
from consentcore.settings import ThemeSettings
from consentcore.settings.palette import (
    DARK,
    LIGHT,
    TILE_COLOURS,
    contrast,
    css,
    nearest,
    palette,
    unreadable,
)

TOKENS = Path(__file__).parents[3] / "templates" / "static" / "tokens.css"


def test_ours_are_those_of_the_stylesheet():
    light, _, rest = TOKENS.read_text("utf-8").partition("prefers-color-scheme: dark")
    dark = rest.partition("prefers-contrast")[0]
    for text, ours in ((light, LIGHT), (dark, DARK)):
        tokens = dict(re.findall(r"--([\w-]+): (#\w+);", text))
        assert {one.name: tokens[one.name.replace("_", "-")] for one in fields(ours)} == {
            one.name: getattr(ours, one.name) for one in fields(ours)
        }


def test_the_tiles_of_mails_are_those_of_the_pages():
    tokens = dict(re.findall(r"--([\w-]+): (#\w+);", TOKENS.read_text("utf-8").partition("@media")[0]))
    assert {
        number: (tokens[f"tile-{number}"], tokens[f"on-tile-{number}"]) for number in range(1, TILES + 1)
    } == (TILE_COLOURS)


def test_ours_can_be_read():
    assert [*unreadable(ThemeSettings()), *unreadable(ThemeSettings(), dark=True)] == []
    assert css(ThemeSettings()) == ""


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#000000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.48), ("#0b5a78", "#0b5a78", 1.0)],
)
def test_contrast_is_that_of_wcag(one, other, ratio):
    assert contrast(one, other) == contrast(other, one) == pytest.approx(ratio, abs=0.005)


@pytest.mark.parametrize(
    ("theme", "dark", "setting", "needed", "better"),
    [
        ({"accent": "#ffcc00"}, False, "accent", 4.5, "accent"),
        ({"accent_dark": "#333333"}, True, "accent_dark", 4.5, "accent_dark"),
        ({"control": "#f0e8d8", "control_text": "#1d1b18"}, False, "control", 3.0, "control"),
        ({"control": "#00aa55", "control_text": "#ffffff"}, False, "control_text", 4.5, "control_text"),
        ({"paper": "#8a8a8a"}, False, "paper", 4.5, "paper"),
        ({"ink": "#a8a8a8"}, False, "ink", 4.5, "ink"),
    ],
)
def test_what_cannot_be_read_names_its_setting_and_what_would_do(theme, dark, setting, needed, better):
    wrong = next(one for one in unreadable(ThemeSettings(**theme), dark=dark) if one.setting == setting)
    assert wrong.needed == needed
    assert wrong.ratio < needed
    assert f"{wrong.ratio:.1f}:1 ({wrong.value} on {wrong.on}), expected at least {needed:g}:1" in str(wrong)
    mended = replace(ThemeSettings(**theme), **{better: wrong.better})
    assert wrong.what not in {one.what for one in unreadable(mended, dark=dark)}


def test_buttons_and_secondary_ink_follow_from_what_is_set():
    made = palette(ThemeSettings(ink="#10233f", paper="#ffffff"))
    assert (made.control, made.control_text) == ("#10233f", "#ffffff")
    assert contrast(made.ink_soft, made.note) >= 4.5
    assert palette(ThemeSettings(control="#ffd400")).control_text == LIGHT.ink


def test_an_accent_is_light_enough_in_the_dark_by_itself():
    made = palette(ThemeSettings(accent="#7a1f2b"), dark=True)
    assert contrast(made.accent, DARK.paper) >= 5.5
    assert list(unreadable(ThemeSettings(accent="#7a1f2b"), dark=True)) == []
    assert palette(ThemeSettings(accent="#7a1f2b", accent_dark="#ffc0c8"), dark=True).accent == "#ffc0c8"


def test_whoever_asks_for_more_contrast_keeps_ours():
    text = css(ThemeSettings(accent="#7a1f2b"))
    assert text.count("prefers-contrast: more") == text.count("@media") == 2
    assert "--accent: #7a1f2b;" in text


def test_headings_can_be_without_serifs():
    assert css(ThemeSettings(headings="sans")) == ":root { --font-head: var(--font); }\n"


def test_the_nearest_colour_is_the_same_where_it_does_already():
    assert nearest("#0b5a78", "#fbf9f5", 4.5) == "#0b5a78"
