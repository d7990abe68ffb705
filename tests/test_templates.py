"""What holds for every template."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.pseudo_locale import shown_texts

TEMPLATES = Path(__file__).parents[1] / "templates"
NAMES = re.compile(
    r"\{\{ *((?:page\.)?client\.(?:name|publisher)|card\.(?:client_name|publisher)|line\.client_name|app|publisher"
    r"|operator_name|label|back\[0\]|(?:line\.)?scope\.\w+|item\.(?:label|detail)|new_email"
    r"|\(?viewer\.(?:name|email)[^|}]*)"
    r"((?: *\| *\w+)*) *\}\}"
)
SENTENCE = re.compile(r"\{% trans ([^%]*)%\}.*?\{% endtrans \+?%\}", re.DOTALL)
VALUE = re.compile(r"\w+=([^,]+?)(?:, | $)")
OURS = {
    ("dashboard.jinja2", "label"),
    ("scope_entry.jinja2", "line.scope.locale"),
    ("scopes.jinja2", "scope.access_max_days"),
    ("scopes.jinja2", "scope.level"),
    ("scopes.jinja2", "scope.revision"),
    ("scopes.jinja2", "scope.scope_id"),
}
"""Words of our own under a name that elsewhere is a stranger's; numbers, scopes and languages, which are ASCII."""


@pytest.mark.parametrize(
    "path", sorted(TEMPLATES.rglob("*.*")), ids=lambda path: str(path.relative_to(TEMPLATES))
)
def test_names_of_people_and_applications_move_nothing_around_them(path):
    """UAX 9: one in Arabic or Hebrew takes signs and digits beside it along, unless ``bdi`` or ``isolated`` keeps it
    to itself. Values of fields hold a name alone, and a tile one letter of it."""
    if path.suffix not in {".jinja2", ".html", ".txt"} or "demo" in path.parts:
        return
    text = re.sub(r'(?:value|data-letter)="\{\{[^}]*\}\}"', "", path.read_text("utf-8"))
    # A sentence for translation names its values where it begins: there they are held.
    text = re.sub(SENTENCE, lambda found: re.sub(VALUE, r"{{ \1 }}", found[1]), text)
    loose = [
        found[0]
        for found in NAMES.finditer(text)
        if not re.search(r"\b(bdi|isolated)$", found[2]) and (path.name, found[1]) not in OURS
    ]
    assert loose == []


MARKS = re.compile(r"\{#.*?#\}|\{%-? trans .*?endtrans \+?%\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
"""What is not written as it stands."""
COMMAND = re.compile(r"(?m)^consentcore .*$|^ */\S+$")
LITERAL = re.compile(r"""\{\{[^}]*?(?<![(_\w|])["'][A-Z a-z]*["'] (?:if|else)\b""")


@pytest.mark.parametrize(
    "path", sorted(TEMPLATES.rglob("*.*")), ids=lambda path: str(path.relative_to(TEMPLATES))
)
def test_every_word_of_every_branch_goes_through_the_catalogs(path):
    if path.suffix not in {".jinja2", ".html", ".txt"} or "demo" in path.parts:
        return
    text = path.read_text("utf-8")
    assert path.name == "icons.jinja2" or LITERAL.findall(text) == [], "a word in an expression"
    bare = MARKS.sub(" ", text)
    texts = [COMMAND.sub("", bare)] if path.suffix == ".txt" else shown_texts(bare)
    assert [words for words in map(str.strip, texts) if re.search(r"[A-Za-z]", words)] == []
