"""References of chosen resources, as a grant keeps them."""

from __future__ import annotations

import pytest

from consentcore.domain.resource import (
    by_kind,
    chosen_of,
    everything,
    is_everything,
    kind_of,
    normal,
    reference,
    split,
)


def test_reference_says_kind_and_id():
    assert split(reference("site", "fr-lyon-1")) == ("site", "fr-lyon-1")


@pytest.mark.parametrize("old", ["house-1", "urn:site:1", "site:1", "Site|1", "a b|1", "*", "|x"])
def test_bare_id_of_an_older_release_is_what_it_was(old):
    assert split(old) == ("", old)


def test_id_may_hold_what_joins():
    assert split("meter|a|b") == ("meter", "a|b")


def test_what_an_api_is_told_is_sorted_by_kind_and_by_id():
    told = by_kind(("site|b", "meter|m1", "site|a", "house-1"))
    assert told == [
        {"type": "meter", "identifiers": ["m1"]},
        {"type": "site", "identifiers": ["a", "b", "house-1"]},
    ]
    assert by_kind(()) == []
    assert by_kind(everything(["site"])) == [{"type": "site", "identifiers": ["*"]}]


def test_everything_of_a_kind_needs_no_single_one_beside():
    assert normal(["site|b", "site|*", "device|d", "device|d"]) == ("device|d", "site|*")
    assert is_everything("site|*")
    assert not is_everything("site|b")


def test_choice_of_some_kinds_has_the_bare_ids_of_older_releases_too():
    assert chosen_of(("site|a", "meter|m", "house-1"), ["meter"]) == ("meter|m", "house-1")
    assert kind_of("house-1") == ""
