"""The face of an application: which colour, which letter."""

from __future__ import annotations

from collections import Counter

import pytest

from consentcore.markup import TILES, monogram, tile_number


@pytest.mark.parametrize(
    ("name", "letter"),
    [
        ("CoolSite", "C"),
        ("  einstein energy", "E"),
        ("«Éclair»", "É"),
        ("E\u0301clair", "É"),
        ("שמש 24", "ש"),
        ("3D Power", "3"),
        ("ßtraße", "ß"),
        ("नमस्ते", "न"),
        ("हिन्दी", "हि"),
        ("★", "★"),
        ("", ""),
    ],
)
def test_the_letter_is_the_first_of_the_name_with_its_marks(name, letter):
    assert monogram(name) == letter


def test_the_colour_follows_from_the_id_alone_and_every_colour_is_used():
    numbers = [tile_number(f"client-{number}") for number in range(400)]
    assert numbers == [tile_number(f"client-{number}") for number in range(400)]
    assert sorted(Counter(numbers)) == list(range(1, TILES + 1))
    assert min(Counter(numbers).values()) > 20
