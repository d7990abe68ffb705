"""What the kit does not ask of this storage is little, and docs/dynamodb.md names it with the capability that lacks."""

from __future__ import annotations

import re
from collections import defaultdict
from math import prod
from pathlib import Path

from consentcore.testing import StorageConformance
from consentcore_dynamodb.capabilities import CAPABILITIES

DOCS = Path(__file__).parents[3] / "docs" / "dynamodb.md"
MOST = 10


def not_asked():
    """Tests of the kit that need what is not declared, by that capability, each with how many cases it has."""
    found = defaultdict(dict)
    for name in dir(StorageConformance):
        test = getattr(StorageConformance, name)
        needed = getattr(test, "needs", None)
        if needed and not getattr(CAPABILITIES, needed):
            cases = (mark for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize")
            found[needed][name] = prod(len(list(mark.args[1])) for mark in cases)
    return found


def documented():
    """The tests in the last column of each row that begins with a capability."""
    rows = re.findall(r"^\| `(\w+)`[^|]*\|.*\| ([^|]*) \|$", DOCS.read_text(), flags=re.MULTILINE)
    return {word: set(re.findall(r"`(test_\w+)`", tests)) for word, tests in rows if "`test_" in tests}


def test_at_most_ten_tests_of_the_kit_are_skipped_and_the_docs_name_each():
    skipped = not_asked()
    count = sum(sum(tests.values()) for tests in skipped.values())
    assert count <= MOST
    assert f"The conformance kit skips {count} of its tests here" in DOCS.read_text()
    assert documented() == {word: set(tests) for word, tests in skipped.items()}
