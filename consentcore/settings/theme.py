"""What can be set about the look of pages and mails: a mark and colours. Templates in a folder go further."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from consentcore.settings.schema import setting

COLOURS = ("paper", "ink", "accent", "control", "control_text")
"""Names of colours; each has a setting for light and, with ``_dark``, one for dark."""


@dataclass(frozen=True)
class ThemeSettings:
    """``consentcore.theme.*``: the look. Colours are ``#rrggbb``; their contrast is checked at start (WCAG 2.2).
    The name is ``consentcore.web.operator_name``, templates stand in the folder ``consentcore.web.theme``."""

    logo: Path | None = setting(
        "Your mark in the header instead of name and letter: SVG, PNG, JPEG or WebP, at most 200 kB; shown 36 px high.",
        default=None,
    )
    logo_dark: Path | None = setting("The same on dark paper; empty: the one above.", default=None)
    accent: str = setting("Links, focus and your letter.", default="")
    accent_dark: str = setting("The same on dark paper; empty: lighter, as far as it takes.", default="")
    paper: str = setting("The ground of the pages.", default="")
    paper_dark: str = setting("The same in the dark.", default="")
    ink: str = setting("Text; secondary text and lines follow from it and from the paper.", default="")
    ink_dark: str = setting("The same in the dark.", default="")
    control: str = setting("Buttons, all of them: Approve and Deny look the same.", default="")
    control_dark: str = setting("The same in the dark.", default="")
    control_text: str = setting("Text on buttons; empty: paper or ink, whichever is read better.", default="")
    control_text_dark: str = setting("The same in the dark.", default="")
    headings: str = setting("Letters of headings.", default="serif", choices=("serif", "sans"))

    def __post_init__(self) -> None:
        for name in COLOURS:
            for one in (name, f"{name}_dark"):
                object.__setattr__(self, one, getattr(self, one).lower())

    @property
    def coloured(self) -> bool:
        """Whether any colour is set."""
        return any(getattr(self, name) or getattr(self, f"{name}_dark") for name in COLOURS)
