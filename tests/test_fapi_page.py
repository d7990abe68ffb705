"""The tables of docs/fapi.md, held against the code and the tests that they name."""

from __future__ import annotations

import re

import pytest

from scripts import write_checklist

PAGE = write_checklist.ROOT / "docs" / "fapi.md"
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in PAGE.read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and "`" in line
]
NAMED = re.compile(r"`([a-z_./0-9-]+(?:::?[A-Za-z_0-9]+)?)`")


def is_test(named):
    path, _, name = named.partition("::")
    file = write_checklist.ROOT / path
    return file.is_file() and (not name or f"def {name}(" in file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} {row[1][:40]}")
def test_98_99_100_each_requirement_names_a_place_and_a_test_that_are_there(row):
    places = NAMED.findall(row[-2]) if len(row) == 4 else []
    tests = NAMED.findall(row[-1])
    assert tests
    assert len(row) == 2 or places
    missing = [place for place in places if not write_checklist.exists(place)]
    missing += [test for test in tests if not test.startswith("tests/") or not is_test(test)]
    assert missing == []


def test_98_99_100_no_clause_is_left_out():
    """Sections 5.3.2.1, 5.3.2.2, 5.3.4 and 5.4 of the profile."""
    text = PAGE.read_text(encoding="utf-8")
    for heading, most in (("5.3.2.1", 14), ("5.3.2.2", 13), ("5.3.4", 5)):
        table = text.split(f"(section {heading})")[1].split("\n#")[0]
        clauses = [row.split(" | ")[0].strip("| ") for row in table.splitlines() if row.startswith("| ")][1:]
        numbers = sorted(int(one) for clause in clauses for one in clause.split(","))
        assert numbers == list(range(1, most + 1)), heading
