"""The colours of the pages: those of consentcore, those of an operator, and whether what is painted can be read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

from consentcore.settings.theme import COLOURS, ThemeSettings

HEX = re.compile(r"#[0-9a-f]{6}")
TEXT, SHAPE = 4.5, 3.0
"""Contrast that text needs, and what else has to be seen (WCAG 2.2, 1.4.3 and 1.4.11)."""
_SOFT, _EDGE, _LINE, _NOTE = 0.72, 0.5, 0.14, 0.06
"""How much ink there is in secondary ink, edges of fields, hairlines and the ground of notes."""


@dataclass(frozen=True)
class Palette:
    """Colours as ``#rrggbb``, by the names of the tokens."""

    paper: str
    ink: str
    ink_soft: str
    line: str
    edge: str
    accent: str
    danger: str
    control: str
    control_text: str
    note: str


LIGHT = Palette(
    paper="#fbf9f5",
    ink="#1d1b18",
    ink_soft="#58534b",
    line="#ddd7cc",
    edge="#84807a",
    accent="#0b5a78",
    danger="#97281f",
    control="#1d1b18",
    control_text="#fbf9f5",
    note="#f1ecdf",
)
DARK = Palette(
    paper="#171614",
    ink="#ece8e0",
    ink_soft="#b3ada2",
    line="#3a3732",
    edge="#858078",
    accent="#84c7e3",
    danger="#f0a198",
    control="#ece8e0",
    control_text="#171614",
    note="#25231f",
)
"""Those of ``tokens.css``; tests hold the two together."""
TILE_COLOURS = {
    1: ("#f6ceca", "#612e2b"),
    2: ("#f0d3bc", "#5c3510"),
    3: ("#e2d9b8", "#4c3f02"),
    4: ("#cae1c5", "#294922"),
    5: ("#bae3da", "#004c41"),
    6: ("#bae0f0", "#00475d"),
    7: ("#d0d7f8", "#343c67"),
    8: ("#edcfe5", "#582f4f"),
}
"""The quiet colours of the applications' tiles in the light, ground and letter, for mails, which have no stylesheet."""


@dataclass(frozen=True)
class Unreadable:
    """A colour that cannot be told from the one it is painted on.

    :ivar setting: the one to be changed, under ``consentcore.theme``.
    :ivar better: the nearest colour with which it would do; "" where the colour follows from that of the setting.
    """

    setting: str
    value: str
    on: str
    ratio: float
    needed: float
    what: str
    better: str

    def __str__(self) -> str:
        return (
            f"{self.what} would have a contrast of {self.ratio:.1f}:1 ({self.value} on {self.on}), expected at least "
            f"{self.needed:g}:1 (WCAG 2.2){f'; {self.better} would do' if self.better else ''}"
        )


def palette(theme: ThemeSettings, *, dark: bool = False) -> Palette:
    """The colours that a theme makes of ours; what it leaves open follows from what it says."""
    ours, end = (DARK, "_dark") if dark else (LIGHT, "")
    given = {name: getattr(theme, name + end) for name in COLOURS if getattr(theme, name + end)}
    made = replace(ours, **given)
    if "control" not in given and "ink" in given:
        made = replace(made, control=made.ink)
    if "control_text" not in given and {"control", "ink", "paper"} & given.keys():
        made = replace(made, control_text=_readable(made.control, made.paper, made.ink))
    if {"ink", "paper"} & given.keys():
        made = replace(
            made,
            ink_soft=mixed(made.ink, made.paper, _SOFT),
            edge=mixed(made.ink, made.paper, _EDGE),
            line=mixed(made.ink, made.paper, _LINE),
            note=mixed(made.ink, made.paper, _NOTE),
        )
    if dark and "accent" not in given and theme.accent:
        made = replace(made, accent=nearest(theme.accent, made.paper, TEXT + 1))
    return made


def unreadable(theme: ThemeSettings, *, dark: bool = False) -> Iterator[Unreadable]:
    """What could not be read, each with the setting that it follows from."""
    made, end = palette(theme, dark=dark), "_dark" if dark else ""
    for name, on, needed, what in (
        ("ink", "paper", TEXT, "text"),
        ("ink_soft", "note", TEXT, "secondary text"),
        ("accent", "paper", TEXT, "a link"),
        ("accent", "note", TEXT, "a link in a note"),
        ("danger", "paper", TEXT, "Revoke Access"),
        ("control_text", "control", TEXT, "the text of a button"),
        ("control", "paper", SHAPE, "a button"),
        ("edge", "paper", SHAPE, "the edge of a field"),
    ):
        value, ground = getattr(made, name), getattr(made, on)
        ratio = contrast(value, ground)
        if ratio < needed:
            settings = [f"{one}{end}" for one in (name, on, *_FOLLOWS.get(name, ()), *_FOLLOWS.get(on, ()))]
            blamed = next((one for one in settings if getattr(theme, one, "")), settings[0])
            moved = {name: (value, ground), on: (ground, value)}.get(blamed.removesuffix("_dark"))
            better = nearest(*moved, needed) if moved else ""
            yield Unreadable(blamed, value, ground, ratio, needed, what, better)


_FOLLOWS = {
    "ink_soft": ("ink", "paper"),
    "note": ("paper", "ink"),
    "edge": ("ink", "paper"),
    "control": ("ink",),
    "control_text": ("control", "paper", "ink"),
}
"""Of which colours those are made that nobody has set."""


def css(theme: ThemeSettings) -> str:
    """The stylesheet of a theme: what differs from ``tokens.css``. Whoever asks for more contrast keeps ours."""
    parts = []
    for dark, ours, media in (
        (False, LIGHT, "not all and (prefers-contrast: more)"),
        (True, DARK, "screen and (prefers-color-scheme: dark) and (not (prefers-contrast: more))"),
    ):
        made = palette(theme, dark=dark)
        values = {one.name: getattr(made, one.name) for one in fields(made)}
        changed = {name: value for name, value in values.items() if value != getattr(ours, name)}
        # In the dark the light theme's colours would stay where only that one was changed.
        written = {name: values[name] for name in values if name in changed or (dark and theme.coloured)}
        if written:
            lines = "".join(f"    --{name.replace('_', '-')}: {value};\n" for name, value in written.items())
            parts.append(f"@media {media} {{\n  :root {{\n{lines}  }}\n}}\n")
    if theme.headings == "sans":
        parts.append(":root { --font-head: var(--font); }\n")
    return "".join(parts)


def luminance(colour: str) -> float:
    """Relative luminance of ``#rrggbb`` (WCAG 2.2, glossary), 0 to 1."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours (WCAG 2.2, glossary), 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def mixed(ink: str, paper: str, share: float) -> str:
    """A colour with so much ink in it, 0 to 1."""
    pairs = ((int(ink[at : at + 2], 16), int(paper[at : at + 2], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{round(mine * share + other * (1 - share)):02x}" for mine, other in pairs)


def nearest(colour: str, ground: str, needed: float) -> str:
    """The colour that is most like it and can be told from its ground: darker or lighter, whichever is nearer."""
    candidates = (mixed(end, colour, step / 100) for step in range(101) for end in ("#000000", "#ffffff"))
    return next(one for one in candidates if contrast(one, ground) >= needed)


def _readable(ground: str, *texts: str) -> str:
    return max(texts, key=lambda text: contrast(text, ground))
