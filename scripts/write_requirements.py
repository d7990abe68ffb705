"""Write docs/requirements.md out of docs/requirements.toml and the names of the tests: ``make reference``.

A test belongs to requirement CP-05 when it is called ``test_cp_05_…``; several may follow one another.
``tests/test_requirements.py`` holds the page against :func:`page` and fails on what :func:`problems` finds.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections import defaultdict
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "docs" / "requirements.toml"
FILE = ROOT / "docs" / "requirements.md"
SECTIONS = {
    "CP": "The consent page",
    "DB": "The owner's application",
    "NT": "Notices",
    "SC": "The scope catalog",
    "CR": "The consent record",
    "WD": "Withdrawal",
    "RT": "Retention and proof",
}
INTRODUCTION = """\
# Consent requirements

What a consent application owes to the people whose data it is about, and which tests hold it. This page is made by
`make reference` from `docs/requirements.toml` and the names of the tests; the gate fails when one that applies
has no test, or when the page is out of date. The requirements follow GDPR, ISO/IEC TS 27560 and the Data Privacy
Vocabulary, the Australian Consumer Data Standards, the LF Energy Customer Data Specifications and WCAG 2.2.
What the protocol owes is in the [security checklist](checklist.md).
"""
_IDS = re.compile(r"test_((?:(?:cp|db|nt|sc|cr|wd|rt)_\d\d_)+)")


@cache
def data() -> list[dict[str, Any]]:
    """What stands in the file."""
    found: list[dict[str, Any]] = tomllib.loads(SOURCE.read_text(encoding="utf-8"))["requirement"]
    return found


@cache
def tests() -> dict[str, list[str]]:
    """``path::name`` of the tests by the id that they prove."""
    found: dict[str, list[str]] = defaultdict(list)
    for entry in data():
        found[entry["id"]] += entry.get("tests", [])
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for name in sorted(_test_names(path)):
            for requirement in ids_of(name):
                found[requirement].append(f"{path.relative_to(ROOT)}::{name}")
    return found


def ids_of(name: str) -> list[str]:
    """The requirements that a test's name names, such as ``["CP-05", "DB-12"]``."""
    match = _IDS.match(name)
    words = match.group(1).strip("_").upper().split("_") if match else []
    return [f"{kind}-{number}" for kind, number in zip(words[::2], words[1::2], strict=True)]


def problems() -> list[str]:
    """What is not in order, in words."""
    said = []
    for entry in data():
        proved = tests().get(entry["id"])
        if "absent" in entry:
            said += [f"{entry['id']}: has tests, so it does apply"] if proved else []
        elif not proved and not entry.get("open"):
            said.append(f"{entry['id']} has no test: {entry['text']}")
        elif proved and entry.get("open"):
            said.append(f"{entry['id']} has tests: take out `open`")
        named = entry.get("tests", [])
        said += [f"{entry['id']}: {test} does not exist" for test in named if not _is_there(test)]
    known = {entry["id"] for entry in data()}
    said += [
        f"{names[0]} belongs to nothing in the list" for key, names in tests().items() if key not in known
    ]
    return said


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    for kind, entries in groupby(data(), key=lambda entry: entry["id"][:2]):
        parts.append(f"\n## {SECTIONS[kind]}\n\n| id | requirement | tests |\n|---|---|---|\n")
        parts += [f"| {entry['id']} | {entry['text']} | {_proof(entry)} |\n" for entry in entries]
    return "".join(parts)


def _proof(entry: dict[str, Any]) -> str:
    if "absent" in entry:
        return f"does not apply: {entry['absent']}"
    by_file = groupby(sorted(tests().get(entry["id"], [])), key=lambda test: test.partition("::")[0])
    lines = (
        f"{path}: " + ", ".join(f"`{test.partition('::')[2]}`" for test in named) for path, named in by_file
    )
    return "<br>".join(lines) or "none yet"


def _is_there(test: str) -> bool:
    path, _, name = test.partition("::")
    return (ROOT / path).is_file() and name in _test_names(ROOT / path)


@cache
def _test_names(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(node.name for node in functions if node.name.startswith("test_"))


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
