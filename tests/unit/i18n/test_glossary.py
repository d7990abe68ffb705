"""One word for one thing: catalogs and texts of scopes against docs/glossary.md."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[3]
LANGUAGES = ("de", "fr", "es")
MARKUP = re.compile(r"<[^>]*>|%\(\w+\)s")


def tables() -> tuple[list[list[str]], list[list[str]]]:
    """The rows of both tables, without their heads."""
    text = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    _, words, never, *_ = re.split(r"(?m)^## ", text)
    return tuple(
        [
            [cell.strip() for cell in line.strip("|").split("|")]
            for line in part.splitlines()
            if line[:1] == "|"
        ][2:]
        for part in (words, never)
    )  # type: ignore[return-value]


@cache
def sentences(tag: str) -> dict[str, tuple[str, ...]]:
    """What the catalogs of a language say, by the English sentence, and the texts of the scopes."""
    said: dict[str, tuple[str, ...]] = {}
    for path in ROOT.glob(f"*/**/locales/{tag}/LC_MESSAGES/consentcore*.po"):
        with path.open("rb") as file:
            for entry in read_po(file):
                if entry.id:
                    first = entry.id if isinstance(entry.id, str) else entry.id[0]
                    said[first] = (entry.string,) if isinstance(entry.string, str) else tuple(entry.string)
    scopes = tomllib.loads((ROOT / f"plugins/consentcore_scopes_file/energy.{tag}.toml").read_text("utf-8"))
    for scope in scopes["scope"]:
        said |= {f"{scope['id']} {name}": (text,) for name, text in scope.items() if name != "id"}
    return said


@pytest.mark.parametrize("tag", LANGUAGES)
def test_cp_63_what_can_be_pressed_and_opened_is_called_as_in_the_glossary(tag):
    words, _ = tables()
    labels = {
        found[1]: row[1 + LANGUAGES.index(tag)]
        for row in words
        if (found := re.match(r"\*\*(.+?)\*\*", row[0]))
    }
    assert len(labels) == 13
    assert {name: sentences(tag)[name][0] for name in labels} == labels


@pytest.mark.parametrize("tag", LANGUAGES)
def test_cp_63_no_other_word_stands_for_the_same_thing(tag):
    _, never = tables()
    avoided = [word.strip() for row in never if row[0] == tag for word in row[1].split(",")]
    assert len(avoided) > 3
    pattern = re.compile(rf"(?<![\w.-])({'|'.join(map(re.escape, avoided))})(?![\w-])", re.IGNORECASE)
    assert [
        (found[1], form)
        for forms in sentences(tag).values()
        for form in forms
        for found in pattern.finditer(MARKUP.sub(" ", form))
    ] == []


def test_cp_62_french_marks_are_kept_with_their_words():
    """Lexique des règles typographiques of the Imprimerie nationale: no line begins with one of them."""
    loose = re.compile(r"(?:[ \u00a0]|(?<=\w))[;?!»](?!\w)|[ \u00a0]:|«[^\u202f]|'")
    assert [
        form for forms in sentences("fr").values() for form in forms if loose.search(MARKUP.sub("x", form))
    ] == []


@pytest.mark.parametrize(
    ("tag", "unlike"),
    [("de", re.compile('["«»]|“[^“”„]*”')), ("es", re.compile('["„“”]|« | »|^[^¿]*[?]|^[^¡]*!'))],
)
def test_quotations_and_questions_are_marked_as_the_language_does(tag, unlike):
    assert [
        form for forms in sentences(tag).values() for form in forms if unlike.search(MARKUP.sub("x", form))
    ] == []


@pytest.mark.parametrize(
    ("tag", "familiar"),
    [
        ("de", r"\b(du|dich|dir|deine?[nrsm]?)\b"),
        ("fr", r"\b(tu|toi|ton|tes)\b"),
        ("es", r"\b(tú|tus?|contigo|vosotros)\b"),
    ],
)
def test_people_are_addressed_formally(tag, familiar):
    pattern = re.compile(familiar, re.IGNORECASE)
    assert [form for forms in sentences(tag).values() for form in forms if pattern.search(form)] == []
