"""What may stand in a text that a person wrote."""

from __future__ import annotations

import pytest

from consentcore.api import InvalidInput, check_text, one_line, refused
from consentcore.domain.text import held, is_visible, isolated
from consentcore.text_fields import line, named

WRITTEN = {
    "French": "10\u00a0% d’énergie, «\u202fété\u202f»\u00a0!",
    "Persian": "می\u200cخواهم",
    "Hindi": "क्\u200dष",
    "ideographic space": "電力\u3000会社",
    "soft hyphen": "Strom\u00adzähler",
    "marks of direction": "a\u200eb\u200fc\u061cd",
    "emoji of several": "👩\u200d🔧 ❤\ufe0f 🏴\U000e0067\U000e0062\U000e007f",
    "zero width space": "ไฟฟ้า\u200bดี",
    "word joiner": "a\u2060b",
    "byte order mark": "a\ufeffb",
    "thin space": "1\u2009000",
    "private use": "\ue000",
    "newer than this Python": "\U0001fae9\u088f",
    "no character": "\ufffe",
    "deprecated": "\u206a",
}
REFUSED = [
    *(chr(point) for point in (*range(0x20), *range(0x7F, 0xA0))),
    *("\u2028", "\u2029"),
    *(chr(point) for point in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))),
    *("\ud800", "\udbff", "\udc80", "\udfff"),
]


@pytest.mark.parametrize("text", WRITTEN.values(), ids=list(WRITTEN))
def test_what_languages_need_may_stand_in_a_text(text):
    assert refused(text) == ""
    check_text("purpose", text)
    assert one_line(text) == text


@pytest.mark.parametrize("character", REFUSED, ids=ascii)
def test_controls_separators_overrides_and_surrogates_may_not_and_are_named(character):
    with pytest.raises(InvalidInput) as caught:
        check_text("purpose", f"a{character}b")
    assert caught.value.field == "purpose"
    assert f"U+{ord(character):04X} (" in caught.value.expected
    assert caught.value.expected.isprintable()
    assert one_line(f"a{character}b") == "a b"


def test_every_other_character_may_stand_in_a_text():
    every = (chr(point) for point in range(0x110000))
    assert {sign for sign in every if refused(sign)} == set(REFUSED) | {chr(n) for n in range(0xD800, 0xE000)}


def test_name_that_nobody_can_see_is_none():
    for name in ("\u200b", "\u200d\u00a0", "\ufeff", "\u00ad"):
        assert not is_visible(name)
        with pytest.raises(InvalidInput, match="name: expected 1 to 100 characters"):
            line("name", name, 100, needed=True)
    assert line("name", "\ue000", 100, needed=True) == "\ue000"
    assert line("purpose", "", 100) == ""


def test_field_is_the_one_that_was_typed():
    with pytest.raises(InvalidInput, match=r"--purpose: .*U\+202E"), named("--purpose"):
        line("purpose", "a\u202eb", 100)


def test_isolated_text_stays_isolated_on_every_line_that_it_is_folded_into():
    assert isolated("CoolSite 24") == "CoolSite 24"
    assert isolated("שמש 24") == "\u2068שמש 24\u2069"
    assert held(["by \u2068שמש", "ירח", "24\u2069 and \u2068a", "b\u2069."]) == [
        "by \u2068שמש\u2069",
        "\u2068ירח\u2069",
        "\u206824\u2069 and \u2068a\u2069",
        "\u2068b\u2069.",
    ]
