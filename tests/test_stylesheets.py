"""What holds for the stylesheets: their size, that values are tokens, and that what they paint can be read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from consentcore.markup import TILES

STATIC = Path(__file__).parents[1] / "templates" / "static"
SHEETS = sorted(STATIC.glob("*.css"))
TOKEN = re.compile(r"(--[\w-]+):\s*([^;]+);")
RULE = re.compile(r"(@media[^{]*\{\s*)?:root\s*\{(.*?)\}", re.DOTALL)
COLOUR = re.compile(r"#[0-9a-f]{3,8}\b")
THEMES = ("light", "dark", "more, light", "more, dark")
TEXT, SHAPE = 4.5, 3.0
"""WCAG 2.2, 1.4.3 and 1.4.11."""


def themes() -> dict[str, dict[str, str]]:
    """The tokens as each kind of reader has them."""
    text = re.sub(r"/\*.*?\*/", "", (STATIC / "tokens.css").read_text("utf-8"), flags=re.DOTALL)
    found: dict[str, dict[str, str]] = {theme: {} for theme in THEMES}
    for media, body in RULE.findall(text):
        for theme in THEMES:
            wants_more, dark = "contrast" in media, "dark" in media
            if (not wants_more or "more" in theme) and (not dark or "dark" in theme):
                found[theme].update(TOKEN.findall(body))
    return found


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


PAIRS = [
    *(
        (ink, paper, TEXT)
        for ink in ("--ink", "--ink-soft", "--accent", "--danger")
        for paper in ("--paper", "--note")
    ),
    ("--control-text", "--control", TEXT),
    ("--paper", "--accent", TEXT),
    ("--control", "--paper", SHAPE),
    ("--edge", "--paper", SHAPE),
    *((f"--on-tile-{number}", f"--tile-{number}", TEXT) for number in range(1, TILES + 1)),
]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("ink", "paper", "needed"), PAIRS, ids=str)
def test_cp_44_what_is_painted_can_be_read(theme, ink, paper, needed):
    tokens = themes()[theme]
    assert contrast(tokens[ink], tokens[paper]) >= needed


def test_whoever_asks_for_more_contrast_gets_more():
    found = themes()
    for scheme in ("light", "dark"):
        plain, more = found[scheme], found[f"more, {scheme}"]
        for ink in ("--ink", "--ink-soft", "--line", "--accent"):
            assert contrast(more[ink], more["--paper"]) > contrast(plain[ink], plain["--paper"])


def test_the_stylesheets_are_small():
    assert sum(len(sheet.read_bytes()) for sheet in SHEETS) < 30_000


def test_values_are_tokens():
    """Colours stand in one place, so that a theme changes them there."""
    text = (STATIC / "consentcore.css").read_text("utf-8")
    assert set(COLOUR.findall(text)) <= {"#fff", "#000"}  # what is printed
    assert set(re.findall(r"var\((--[\w-]+)", text)) <= set(themes()["light"]) | {"--rail"}


def test_nothing_is_fetched_from_elsewhere():
    for sheet in SHEETS:
        assert not re.search(r"url\(|@import|@font-face", sheet.read_text("utf-8"))


def test_the_layout_turns_with_the_direction_of_the_language():
    """Logical properties only: left and right would stay where they are under ``dir=rtl``."""
    for sheet in SHEETS:
        text = sheet.read_text("utf-8")
        assert re.findall(r"(?:(?:margin|padding|border|inset)-)?\b(?:left|right)\b\s*:", text) == []
        assert re.findall(r"(?:text-align|float):\s*(?:left|right)", text) == []
