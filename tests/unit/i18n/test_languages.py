"""Which languages are offered, and which of them fits."""

from __future__ import annotations

import copy
import importlib
import logging
import time

import pytest

from consentcore.domain.errors import InvalidInput
from consentcore.domain.message import message, plural_message
from consentcore.i18n import Catalogs, Language, Languages

HEAD = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n"Plural-Forms: {}\\n"\n'
TWO = "nplurals=2; plural=(n != 1);"
POLISH = "nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);"


@pytest.fixture
def theme(tmp_path):
    def catalog(tag: str, entries: str = "", plural: str = TWO) -> None:
        folder = tmp_path / "locales" / tag / "LC_MESSAGES"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "consentcore.po").write_text(HEAD.format(plural) + entries, "utf-8")

    catalog.folder = tmp_path
    return catalog


def languages(theme, default="en"):
    return Languages(default, theme.folder, core=theme.folder / "core")


def test_a_language_is_its_catalog_and_english_needs_none(theme):
    assert languages(theme).offered == ("en",)
    theme("de")
    theme("pt_BR")
    assert languages(theme).offered == ("de", "en", "pt-BR")


@pytest.mark.parametrize(
    ("ranges", "found"),
    [
        (["de"], "de"),
        (["de-CH-1996"], "de"),
        (["DE-ch"], "de"),
        (["fr", "de"], "de"),
        (["pt-BR-x-mine"], "pt-BR"),
        (["pt"], None),
        (["fr-FR", "*"], None),
        (["en-GB"], "en"),
        (["", "-", "d"], None),
        ([], None),
    ],
)
def test_lookup_shortens_each_range_in_turn_rfc_4647(theme, ranges, found):
    theme("de")
    theme("pt_BR")
    hit = languages(theme).lookup(ranges)
    assert (hit and hit.tag) == found


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("de", "de"),
        ("fr, de;q=0.5, en;q=0.7", "en"),
        ("fr, de-AT, en", "de"),
        ("de;q=0, *", None),
        ("de;q=0.000", None),
        ("de;q=2", None),
        ("de;q=x, en;q=0.1", "en"),
        ("", None),
        ("\x00;;;,,,q=", None),
        ("xx," * 60 + "de", None),
    ],
)
def test_accept_language_goes_by_quality_and_nonsense_is_left_out(theme, header, found):
    theme("de")
    hit = languages(theme).accepted(header)
    assert (hit and hit.tag) == found


def test_whoever_asks_for_nothing_gets_the_default(theme):
    theme("de")
    assert languages(theme).default.tag == "en"
    assert languages(theme, "DE").default.tag == "de"
    assert languages(theme, "fr").default.tag == "en"


def test_a_message_is_english_text_until_it_is_translated(theme):
    theme("de", 'msgid "Wait %(time)s"\nmsgstr "Warten Sie %(time)s"\n')
    said = message("Wait %(time)s", time="long")
    assert said == "Wait long"
    assert f"{said}!" == "Wait long!"
    german = languages(theme).lookup(["de"])
    assert german.translate(said) == "Warten Sie long"
    assert german.translate("Wait long") == "Wait long"


def test_messages_in_messages_and_numbers_are_written_as_the_language_does(theme):
    entries = (
        'msgid "Wait %(time)s"\nmsgstr "Warten Sie %(time)s"\n\n'
        'msgid "%(n)s second"\nmsgid_plural "%(n)s seconds"\n'
        'msgstr[0] "%(n)s Sekunde"\nmsgstr[1] "%(n)s Sekunden"\n'
    )
    theme("de", entries)
    german = languages(theme).lookup(["de"])
    time = plural_message("%(n)s second", "%(n)s seconds", n=1200)
    assert message("Wait %(time)s", time=time) == "Wait 1200 seconds"
    assert german.translate(message("Wait %(time)s", time=time)) == "Warten Sie 1.200 Sekunden"
    assert german.translate(plural_message("%(n)s second", "%(n)s seconds", n=1)) == "1 Sekunde"


def test_a_language_may_have_more_plurals_than_english(theme):
    entries = (
        'msgid "%(n)s day"\nmsgid_plural "%(n)s days"\n'
        'msgstr[0] "%(n)s dzień"\nmsgstr[1] "%(n)s dni (2-4)"\nmsgstr[2] "%(n)s dni"\n'
    )
    theme("pl", entries, POLISH)
    polish = languages(theme).lookup(["pl"])
    said = [polish.translate(plural_message("%(n)s day", "%(n)s days", n=n)) for n in (1, 3, 5)]
    assert said == ["1 dzień", "3 dni (2-4)", "5 dni"]


def test_what_a_catalog_does_not_say_comes_from_the_wider_language_and_then_in_english(theme):
    theme("de", 'msgid "Yes"\nmsgstr "Ja"\n\nmsgid "No"\nmsgstr "Nein"\n')
    theme("de_CH", 'msgid "Yes"\nmsgstr "Jo"\n\nmsgid "Late"\nmsgstr ""\n')
    swiss = languages(theme).lookup(["de-CH"])
    assert [swiss.gettext(text) for text in ("Yes", "No", "Late")] == ["Jo", "Nein", "Late"]


def test_a_theme_may_reword_english(theme):
    theme("en", 'msgid "Yes"\nmsgstr "Yea"\n')
    assert languages(theme).default.gettext("Yes") == "Yea"
    assert languages(theme).default.day(0) == "1 January 1970"


def test_another_placeholder_than_the_originals_is_left_out_and_logged(theme, caplog):
    entries = 'msgid "Wait %(time)s"\nmsgstr "Warten Sie %(zeit)s"\n\nmsgid "Yes"\nmsgstr "Ja"\n'
    theme("de", entries)
    german = languages(theme).lookup(["de"])
    with caplog.at_level(logging.ERROR):
        assert german.translate(message("Wait %(time)s", time="long")) == "Wait long"
    assert german.gettext("Yes") == "Ja"
    assert "consentcore.po" in caplog.text
    assert "is left out" in caplog.text


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"<html>", b"\x7fELF"])
def test_a_catalog_that_cannot_be_read_leaves_english(theme, caplog, content):
    theme("de")
    (theme.folder / "locales" / "de" / "LC_MESSAGES" / "consentcore.po").write_bytes(content)
    with caplog.at_level(logging.ERROR):
        assert languages(theme).lookup(["de"]).gettext("Yes") == "Yes"
    assert "cannot be read" in caplog.text


def test_a_plugin_has_a_catalog_of_its_own(theme):
    folder = theme.folder / "locales" / "de" / "LC_MESSAGES"
    theme("de", 'msgid "Yes"\nmsgstr "Ja"\n')
    (folder / "consentcore_acme.po").write_text(HEAD.format(TWO) + 'msgid "Yes"\nmsgstr "Jawohl"\n', "utf-8")
    german = languages(theme).lookup(["de"])
    assert german.translate(message("Yes")) == "Ja"
    assert german.translate(message("Yes", domain="consentcore_acme")) == "Jawohl"
    assert german.translate(message("Yes", domain="consentcore_none")) == "Yes"


def test_a_catalog_of_ours_is_offered_as_soon_as_it_is_there_and_the_theme_goes_before_it(
    theme, tmp_path_factory
):
    entries = 'msgid "Yes"\nmsgstr "Ja"\n\nmsgid "No"\nmsgstr "Nein"\n'
    ours = tmp_path_factory.mktemp("ours")
    folder = ours / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    assert Catalogs(theme.folder, ours).tags() == ()
    (folder / "consentcore.po").write_text(HEAD.format(TWO) + entries, "utf-8")
    assert Catalogs(None, ours).tags() == ("de",)
    theme("de", 'msgid "Yes"\nmsgstr "Jawohl"\n')
    german = Language("de", Catalogs(theme.folder, ours))
    assert [german.gettext("Yes"), german.gettext("No")] == ["Jawohl", "Nein"]


def test_a_plugin_brings_its_catalogs_in_its_package(tmp_path, monkeypatch):
    folder = tmp_path / "consentcore_brings" / "locales" / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (tmp_path / "consentcore_brings" / "__init__.py").write_text("")
    (folder / "consentcore_brings.po").write_text(HEAD.format(TWO) + 'msgid "Yes"\nmsgstr "Ja"\n', "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("consentcore_brings")
    german = Language("de", Catalogs())
    assert german.translate(message("Yes", domain="consentcore_brings")) == "Ja"


def test_a_message_survives_being_copied():
    said = copy.deepcopy(message("Wait %(time)s", time="long"))
    assert (said, said.msgid, said.values) == ("Wait long", "Wait %(time)s", {"time": "long"})


def test_every_choice_of_an_owner_is_found_again(theme):
    for tag in ("de", "pt_BR", "tlh"):
        theme(tag)
    offered = languages(theme)
    assert offered.own_names == {
        "de": "Deutsch",
        "en": "English",
        "pt-BR": "Português (Brasil)",
        "tlh": "Tlh",
    }
    for tag in offered.offered:
        assert offered.of_owner(offered.locale_of(tag)).tag == tag
    assert offered.of_owner(offered.locale_of("*")) is None
    with pytest.raises(InvalidInput, match="language: expected one of de, en, pt-BR, tlh, or \\*"):
        offered.locale_of("fr")


def test_a_header_full_of_one_endless_range_costs_no_more_than_any_other(theme):
    theme("pt_BR")
    known = languages(theme)
    endless = "-".join(["pt", "BR", *["aa"] * 20_000])
    began = time.process_time()
    assert known.accepted(endless).tag == "pt-BR"
    assert known.lookup([endless.replace("BR", "PT")]) is None
    assert time.process_time() - began < 0.3  # it was 1.5 s each


@pytest.mark.parametrize("said", ["100% ja", "Ja zu 100%", "%s", "%(name)s sagt ja", "%(name"])
def test_a_translation_that_cannot_be_filled_is_left_out_also_where_the_original_has_no_placeholder(
    theme, caplog, said
):
    theme("de", f'msgid "Yes"\nmsgstr "{said}"\n\nmsgid "All of it"\nmsgstr "100 %% davon"\n')
    german = languages(theme).lookup(["de"])
    with caplog.at_level(logging.ERROR):
        assert german.translate(message("Yes")) == "Yes"
    assert german.translate(message("All of it")) == "100 % davon"
    assert "is left out" in caplog.text


def test_a_lone_per_cent_sign_beside_the_right_placeholders_leaves_a_translation_out(theme):
    theme("de", 'msgid "%(n)s of all"\nmsgstr "%(n)s von 100%"\n')
    german = languages(theme).lookup(["de"])
    assert german.translate(message("%(n)s of all", n=7)) == "7 of all"


@pytest.mark.parametrize("plural", ["nplurals=2; plural=(n != 1", "nplurals=2; plural=n ? m : 1;"])
def test_a_catalog_whose_plural_forms_are_no_formula_leaves_english(theme, caplog, plural):
    theme("de", 'msgid "Yes"\nmsgstr "Ja"\n', plural)
    with caplog.at_level(logging.ERROR):
        assert languages(theme).lookup(["de"]).gettext("Yes") == "Yes"
    assert "cannot be read" in caplog.text
