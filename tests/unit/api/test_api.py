"""The one package that a plugin imports: what it promises by name."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import consentcore.api
from consentcore.hooks.versions import CHANGES

OF_1_0 = (Path(__file__).parent / "names_of_1_0.txt").read_text().split()


def test_every_name_of_1_0_is_there_but_those_that_a_major_version_took_away():
    taken = {name for changes in CHANGES.values() for name in changes.names}
    assert set(OF_1_0) - taken - set(consentcore.api.__all__) == set()
    assert len(OF_1_0) == 143


def test_every_name_is_listed_once_and_is_something():
    assert [name for name, times in Counter(consentcore.api.__all__).items() if times > 1] == []
    assert [name for name in consentcore.api.__all__ if getattr(consentcore.api, name, None) is None] == []


def test_everything_that_can_be_called_or_made_says_what_it_is():
    named = ((name, getattr(consentcore.api, name)) for name in consentcore.api.__all__)
    assert [name for name, thing in named if callable(thing) and not (thing.__doc__ or "").strip()] == []
