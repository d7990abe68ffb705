"""The catalogs that come with consentcore are complete, and ``make translations`` says so when they are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from consentcore.i18n.catalogs import read_catalog
from scripts.translations import catalog_path, lacking, languages, main, read, templates

ROOT = Path(__file__).resolve().parents[3]
CATALOGS = [
    pytest.param(template, tag, id=f"{tag}-{template.stem}")
    for tag in languages(ROOT)
    for template in templates(ROOT)
]
HEAD = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
TWO = '"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n'
DAYS = 'msgid "%(n)s day"\nmsgid_plural "%(n)s days"\n'
TEMPLATE = f'msgid "Wait %(time)s"\nmsgstr ""\n\n{DAYS}msgstr[0] ""\nmsgstr[1] ""\n'
WAIT = 'msgid "Wait %(time)s"\nmsgstr "Warten Sie %(time)s"\n\n'
RIGHT = f'{WAIT}{DAYS}msgstr[0] "%(n)s Tag"\nmsgstr[1] "%(n)s Tage"\n'


@pytest.mark.parametrize(("template", "tag"), CATALOGS)
def test_a_catalog_has_every_sentence_and_only_those(template, tag, caplog):
    path = catalog_path(template, tag)
    assert path.is_file()
    assert list(lacking(read(template), read(path))) == []
    read_catalog(path)
    assert not caplog.records, "nothing is left out when a page is shown"


@pytest.fixture
def house(tmp_path):
    """Writes the one catalog of a small house."""
    locales = tmp_path / "consentcore" / "locales"
    (locales / "de" / "LC_MESSAGES").mkdir(parents=True)
    (locales / "consentcore.pot").write_text(HEAD + "\n" + TEMPLATE, "utf-8")

    def write(entries: str) -> Path:
        path = locales / "de" / "LC_MESSAGES" / "consentcore.po"
        path.write_text(HEAD + TWO + "\n" + entries, "utf-8")
        return path

    write.root = tmp_path
    return write


def test_a_complete_language_is_called_so(house, capsys):
    house(RIGHT)
    assert main(house.root) == 0
    assert capsys.readouterr().out == "de: complete\n"


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        (RIGHT.replace("Warten Sie %(time)s", ""), "missing: 'Wait %(time)s'"),
        (RIGHT.replace("%(n)s Tage", ""), "missing: '%(n)s day'"),
        (WAIT, "missing: '%(n)s day'"),
        (f"#, fuzzy\n{RIGHT}", "fuzzy: 'Wait %(time)s'"),
        (f'{RIGHT}\nmsgid "Stop"\nmsgstr "Halt"\n', "obsolete: 'Stop'"),
        (f'{RIGHT}\n#~ msgid "Stop"\n#~ msgstr "Halt"\n', "obsolete: 'Stop'"),
        (RIGHT.replace("Sie %(time)s", "Sie %(zeit)s"), "expected %(time)s in"),
        (RIGHT.replace("Warten", " Warten"), "other blanks at the ends"),
        (RIGHT.replace("Sie", "<b>Sie</b>"), "expected %(time)s in"),
        (RIGHT.replace("Warten", "100 % warten"), "is written %% in"),
        (
            f"{RIGHT}msgstr[2] '%(n)s Tage'\n".replace("'", '"'),
            "cannot be read: msg has more translations than num_plurals",
        ),
    ],
)
def test_whatever_is_not_right_is_told_and_counted(house, capsys, entries, said):
    path = house(entries)
    assert main(house.root) == 1
    first, line = capsys.readouterr().out.splitlines()
    assert first == "de: 1 to do"
    assert line.startswith(f"  {path.relative_to(house.root)}: ")
    assert said in line


def test_merging_brings_what_is_new_and_drops_what_is_gone(house, capsys):
    path = house(f'{WAIT}msgid "Stop"\nmsgstr "Halt"\n')
    assert main(house.root, merging=True) == 1
    assert "missing: '%(n)s day'" in capsys.readouterr().out
    assert "Warten Sie %(time)s" in path.read_text("utf-8")
    assert "Stop" not in path.read_text("utf-8")
