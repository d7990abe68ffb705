"""Catalog text inside sentences of ours."""

from __future__ import annotations

import pytest

from consentcore.i18n.wording import within


@pytest.mark.parametrize(
    ("text", "tag", "inside"),
    [
        ("See any readings.", "en", "see any readings"),
        ("CO₂ scores", "en", "CO₂ scores"),
        ("Voir des mesures.", "fr-CA", "voir des mesures"),
        ("Messwerte sehen.", "de", "Messwerte sehen"),
        ("Messwerte sehen.", "de-AT", "Messwerte sehen"),
    ],
)
def test_a_first_word_loses_its_capital_but_where_it_may_be_a_noun(text, tag, inside):
    assert within(text, tag) == inside
