"""The security checklist, held against the code and the tests that it names."""

from __future__ import annotations

import pytest

from scripts import write_checklist


@pytest.fixture(scope="module")
def checklist():
    return write_checklist


def test_everything_that_applies_has_a_test_and_a_place(checklist):
    assert checklist.problems() == []


def test_numbers_are_those_of_the_list(checklist):
    data = checklist.data()
    assert [entry["number"] for entry in data["requirement"]] == list(range(1, 101))
    assert [entry["number"] for entry in data["gap"]] == list(range(1, 25))


def test_page_is_up_to_date(checklist):
    assert checklist.FILE.read_text(encoding="utf-8") == checklist.page(), "run: make reference"


@pytest.mark.parametrize(
    "place",
    [
        "consentcore/nowhere.py",
        "consentcore/oauth/parameters.py:nothing",
        "consentcore/oauth/parameters.py:json",
    ],
)
def test_places_that_do_not_exist_are_noticed(checklist, place):
    assert not checklist.exists(place)
    assert checklist.exists("consentcore/oauth/parameters.py:AUTHORIZE")
