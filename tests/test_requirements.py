"""What consent asks for, held against the tests that prove it."""

from __future__ import annotations

import pytest

from scripts import write_requirements


def test_everything_that_applies_has_a_test():
    assert write_requirements.problems() == []


def test_page_is_up_to_date():
    assert write_requirements.FILE.read_text(encoding="utf-8") == write_requirements.page(), (
        "run: make reference"
    )


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("test_cp_05_words_of_the_application", ["CP-05"]),
        ("test_cp_05_db_12_two_at_once", ["CP-05", "DB-12"]),
        ("test_cp_shorter", []),
        ("test_01_the_checklist_has_its_own_numbers", []),
    ],
)
def test_a_name_says_what_it_proves(name, ids):
    assert write_requirements.ids_of(name) == ids
