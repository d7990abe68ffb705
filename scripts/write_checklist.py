"""Write docs/checklist.md out of docs/checklist.toml and the names of the tests: ``make reference``.

A test belongs to requirement N when it is called ``test_NN_…`` (several numbers may follow one another), to gap N of
oauthlib when it is called ``test_gap_NN_…``, to an incident when it is called ``test_<id>_…``, with or without numbers
before, and to every vulnerability that its name names. ``tests/test_checklist.py`` holds the page against :func:`page`
and fails on what :func:`problems` finds.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "docs" / "checklist.toml"
FILE = ROOT / "docs" / "checklist.md"
SECTIONS = {
    1: "The authorization endpoint",
    19: "PKCE",
    25: "The authorization code",
    32: "The token endpoint",
    45: "Refresh tokens",
    54: "Revocation, introspection, metadata",
    61: "Consent and the owner's application",
    71: "The browser",
    87: "HTTP",
    91: "Notices",
    98: "FAPI 2.0",
}
INTRODUCTION = """\
# Security checklist

What an authorization server has to do, where in the code it is done, and which tests hold it there. This page is
made by `make reference` from `docs/checklist.toml` and the names of the tests, and the gate fails when a requirement
that applies has no test, a place does not exist, or the page is out of date. `make test` and `make test-rest` run them.
"""
GAPS = """\
## What oauthlib gets wrong

oauthlib 4.0.1 judges the requests, behind a strict front and with these mended around it. Each test fails without the
mending.
"""
INCIDENTS = """\
## What went wrong elsewhere

Real vulnerabilities and bugs of other servers and libraries, and the test that shows that this one does not have them.
"""
_NUMBERED = re.compile(r"test_((?:(?:\d\d|100)_)+)[a-z]")
_GAP = re.compile(r"test_gap_(\d{2})_")
_CVE = re.compile(r"cve_\d{4}_\d{4,}")
_INCIDENT = re.compile(r"test_(incident_[a-z0-9_]+)")

Tests = dict[str, list[str]]


@cache
def data() -> dict[str, list[dict[str, Any]]]:
    """What stands in the file."""
    return tomllib.loads(SOURCE.read_text(encoding="utf-8"))


@cache
def tests() -> Tests:
    """``path::name`` by what it proves: ``"1"``, ``"gap 1"``, or the id of an incident."""
    found: Tests = defaultdict(list)
    for _, entry, key in _entries():
        found[key] += [test for test in entry.get("tests", []) if _is_there(test)]
    ids = sorted((entry["id"] for entry in data()["incident"]), key=len, reverse=True)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for name in sorted(_test_names(path)):
            for key in _proves(name, ids):
                found[key].append(f"{path.relative_to(ROOT)}::{name}")
    return found


def problems() -> list[str]:
    """What is not in order, in words."""
    said = []
    for kind, entry, key in _entries():
        title = f"{kind} {key}"
        if "absent" in entry:
            said += [f"{title}: has tests, so it does apply"] if tests().get(key) else []
            continue
        if "later" in entry:
            continue
        if not tests().get(key):
            said.append(f"{title} has no test: {entry['text']}")
        if kind != "incident" and not entry.get("code"):
            said.append(f"{title} names no place in the code")
        said += [f"{title}: {place} does not exist" for place in entry.get("code", []) if not exists(place)]
        said += [f"{title}: {test} does not exist" for test in entry.get("tests", []) if not _is_there(test)]
    known = {key for _, _, key in _entries()}
    said += [
        f"{names[0]} belongs to nothing in the list" for key, names in tests().items() if key not in known
    ]
    return said


def exists(place: str) -> bool:
    """Whether ``file`` or ``file:name`` is there."""
    path, _, name = place.partition(":")
    if not (ROOT / path).is_file():
        return False
    return not name or name in _names(ROOT / path)


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    rows: list[str] = []
    for entry in data()["requirement"]:
        if entry["number"] in SECTIONS:
            rows = [f"## {SECTIONS[entry['number']]}\n", *_head("requirement", "source")]
            parts.append("")
        rows.append(_row(str(entry["number"]), entry, entry["source"]))
        parts[-1] = "\n".join(rows) + "\n"
    rows = [GAPS, *_head("gap")]
    rows += [_row(f"gap {entry['number']}", entry) for entry in data()["gap"]]
    parts.append("\n".join(rows) + "\n")
    rows = [INCIDENTS, "| where | what | tests |", "|---|---|---|"]
    for entry in data()["incident"]:
        rows.append(f"| {entry['name']} | {entry['text']} | {_tests_cell(entry, entry['id'])} |")
    parts.append("\n".join(rows) + "\n")
    return "\n".join(parts)


def _head(*columns: str) -> list[str]:
    names = ["no.", *columns, "where", "tests"]
    return ["| " + " | ".join(names) + " |", "|---" * len(names) + "|"]


def _row(key: str, entry: dict[str, Any], *more: str) -> str:
    where = "<br>".join(f"`{place}`" for place in entry.get("code", [])) or "–"
    cells = [str(entry["number"]), entry["text"], *more, where, _tests_cell(entry, key)]
    return "| " + " | ".join(cells) + " |"


def _tests_cell(entry: dict[str, Any], key: str) -> str:
    if "absent" in entry:
        return f"does not apply: {entry['absent']}"
    by_file: Tests = defaultdict(list)
    for test in tests().get(key, []):
        path, _, name = test.partition("::")
        by_file[path].append(f"`{name}`")
    later = [entry["later"]] if "later" in entry else []
    return "<br>".join([*later, *(f"{path}: {', '.join(names)}" for path, names in by_file.items())])


def _entries() -> Iterator[tuple[str, dict[str, Any], str]]:
    for entry in data()["requirement"]:
        yield "requirement", entry, str(entry["number"])
    for entry in data()["gap"]:
        yield "gap", entry, f"gap {entry['number']}"
    for entry in data()["incident"]:
        yield "incident", entry, entry["id"]


def _proves(name: str, incidents: list[str]) -> Iterator[str]:
    if numbered := _NUMBERED.match(name):
        yield from (str(int(number)) for number in numbered[1].rstrip("_").split("_"))
        name = f"test_{name[numbered.end() - 1 :]}"
    if gap := _GAP.match(name):
        yield f"gap {int(gap[1])}"
    elif cves := _CVE.findall(name):
        yield from cves
    elif incident := _INCIDENT.match(name):
        yield next((known for known in incidents if f"{incident[1]}_".startswith(f"{known}_")), incident[1])


def _is_there(test: str) -> bool:
    path, _, name = test.partition("::")
    return (ROOT / path).is_file() and name in _test_names(ROOT / path)


def _test_names(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {function.name for function in functions if function.name.startswith("test_")}


@cache
def _names(path: Path) -> set[str]:
    """What a module defines."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return found


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
