"""A language that nobody speaks, made from the templates of the catalogs: each letter of a sentence is beyond ASCII.
What a page or a mail then still says in ASCII letters has not come from a catalog."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).resolve().parents[2]
TAG = "fi"
"""A language that Babel writes dates in, none of whose months is called as in English, and that has no catalog."""
OPEN, CLOSE = "⟦", "⟧"
ACCENTED = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "åƀçđéƒĝĥíĵķļɱñôþɋŕšţûṽŵẋýžÅƁÇĐÉƑĜĤÍĴĶĻṀÑÔÞɊŔŠŢÛṼŴẊÝŽ",
)
HEBREW = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", 2 * "אבגדהוזחטיכלמנסעפצקרשתךםןף"
)
"""For a language whose lines begin at the right."""
KEPT = re.compile(r"%\(\w+\)s|%%|<[^>]*>|&\w+;")
"""Placeholders and markup."""
DATE = re.compile(
    r"\d{1,2}\. \w+kuuta \d{4}(?: \d{1,2}\.\d{2} (?:UTC|CET|CEST))?|\b\w+kuu \d{4}"
    r"|\d{1,2}\.\d{2}(?:\.\d{2})? (?:UTC|CET|CEST)"
)
NAMES = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}\b"
    r"|https?://\S+|\S+@\S+\.\w+"
)
"""Ids, confirmation numbers, addresses."""
LETTERS = re.compile(r"[A-Za-z]+")
SHOWN = ("alt", "aria-label", "aria-description", "placeholder", "title")
HIDDEN = {"code", "script", "style"}
"""Commands, and details for the people who help."""


def pseudo(sentence: str, letters: dict[int, int] = ACCENTED) -> str:
    """A sentence of the language."""
    parts, end = [], 0
    for found in KEPT.finditer(sentence):
        parts += [sentence[end : found.start()].translate(letters), found[0]]
        end = found.end()
    return f"{OPEN}{''.join(parts)}{sentence[end:].translate(letters)}{CLOSE}"


def make_theme(folder: Path, tag: str = TAG, letters: dict[int, int] = ACCENTED) -> Path:
    """A theme whose catalogs are those of the language, complete.

    :param tag: the language's; one that Babel writes dates in.
    """
    for template in (*(ROOT / "consentcore").rglob("*.pot"), *(ROOT / "plugins").rglob("*.pot")):
        with template.open("rb") as file:
            found = read_po(file)
        catalog = Catalog(locale=tag, fuzzy=False)
        for entry in found:
            if isinstance(entry.id, str):
                catalog.add(entry.id, pseudo(entry.id, letters) if entry.id else None, flags=entry.flags)
            else:
                forms = [pseudo(form, letters) for form in entry.id]
                # A language may have more forms than English, and this one says the last for all of them.
                forms += forms[-1:] * (catalog.num_plurals - len(forms))
                catalog.add(entry.id, tuple(forms), flags=entry.flags)
        target = folder / "locales" / tag / "LC_MESSAGES" / f"{template.stem}.po"
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as file:
            write_po(file, catalog)
    return folder


class _Visible(HTMLParser):
    """The texts of a page, without the letter on an application's tile, which is one of its name."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._hidden = 0
        self._letter = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.texts += [value or "" for name, value in attrs if name in SHOWN]
        self._hidden += tag in HIDDEN
        self._letter = (dict(attrs).get("class") or "").startswith("tile ")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in HIDDEN
        self._letter = False

    def handle_data(self, data: str) -> None:
        if not self._hidden and not self._letter:
            self.texts.append(data)


def shown_texts(html: str) -> list[str]:
    """Every text and every attribute of a page that people see or are read."""
    parser = _Visible()
    parser.feed(html)
    return parser.texts


def untranslated(texts: Iterable[str], data: Iterable[str]) -> list[str]:
    """The words that have come from no catalog.

    :param data: what the test itself has put in, such as names; upper and lower case are the same.
    """
    known = sorted({one.strip().rstrip(".") for one in data if one.strip()}, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, known)) or "(?!)", re.IGNORECASE)
    found = []
    for text in texts:
        left = NAMES.sub(" ", pattern.sub(" ", DATE.sub(" ", " ".join(text.split()))))
        if LETTERS.search(left):
            found.append(left.strip())
    return found
