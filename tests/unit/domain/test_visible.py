"""What is written out on its way to a terminal, and what is left as people write it."""

from __future__ import annotations

import json
import unicodedata

import pytest

from consentcore.cli.output import machine
from consentcore.domain.visible import visible

ORDINARY = [
    "Zoë, Łódź, ß, ﬁ",
    "10\u00a0% «\u202f…\u202f»",  # French no-break spaces
    "می\u200cخواهم",  # Persian with its zero-width non-joiner
    "שלום \u200fעולם\u200e, مرحبا",  # Hebrew and Arabic with their marks
    "👩\u200d👩\u200d👧 🏴\U000e0067\U000e0062\U000e007f ❤\ufe0f",
    "日本\u3000語 한국어 हिन्दी",
    r"C:\new\x1b and a \u202e that was typed",
]


@pytest.mark.parametrize("text", ORDINARY)
def test_words_of_people_stay_as_they_are(text):
    assert visible(text) == text
    assert machine(text) == json.dumps(text, ensure_ascii=False)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]52;c;ZQ==\x07", r"\x1b]52;c;ZQ==\x07"),
        ("\x9b31m\x85", r"\x9b31m\x85"),
        ("a\r\nb\tc", r"a\r\nb\tc"),
        ("\x00\x7f", r"\x00\x7f"),
        ("\u202egnp.exe\u2066\u2069", r"\u202egnp.exe\u2066\u2069"),
        ("a\u2028b\u2029c", r"a\u2028b\u2029c"),
        ("\ud800 \udcff", r"\ud800 \udcff"),
    ],
)
def test_what_a_terminal_obeys_is_written_out(text, shown):
    assert visible(text) == shown == visible(shown)
    assert json.loads(machine(text)) == text
    assert machine(text).isascii()


def test_numbers_that_json_has_no_word_for_are_null():
    assert json.loads(machine({"a": [1e400, -1e400, float("nan"), 1.5, 10**30]})) == {
        "a": [None, None, None, 1.5, 10**30]
    }


def test_every_control_character_of_unicode_is_written_out():
    controls = [
        chr(number) for number in range(0x110000) if unicodedata.category(chr(number)) in ("Cc", "Zl", "Zp")
    ]
    assert [one for one in controls if visible(one) == one] == []
    overrides = [
        chr(number)
        for number in range(0x110000)
        if unicodedata.bidirectional(chr(number))
        in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    ]
    assert [one for one in overrides if visible(one) == one] == []
    assert visible("\n", "\n") == "\n"
