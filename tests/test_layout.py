"""Where tests lie: unit/ mirrors the packages, plugins/ the plugins, and a file is named after what it tests. And that
the map of the packages in CONTRIBUTING is whole."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
ROOT = TESTS.parent
SUBJECTS = {
    "unit/i18n/test_messages.py": "every sentence of templates and code",
    "unit/i18n/test_glossary.py": "every word of the catalogs and of the scopes",
    "unit/oauth/client_auth/test_private_key_jwt.py": "a method over several modules",
    "unit/oauth/test_costs_and_faults.py": "the whole server",
    "unit/oauth/test_flow.py": "the whole server",
    "unit/oauth/test_incidents.py": "the whole server",
    "unit/oauth/test_oauthlib_gaps.py": "what stands around oauthlib",
    "unit/resource/test_odd_values.py": "every check of a token",
    "unit/testing/test_small_kits.py": "the kits that fit into one file",
}
"""Tests of no single module; a new one is named here with what it is of."""
FILES = [
    path.relative_to(TESTS)
    for folder in ("unit", "plugins")
    for path in sorted((TESTS / folder).rglob("test_*.py"))
]


def package_of(test: Path) -> Path:
    """The folder whose modules a test is about."""
    first, *rest = test.parent.parts
    if first == "plugins":
        return ROOT.joinpath("plugins", *rest)
    beside = rest and rest[0] in {"bench", "chaos", "scripts"}
    return ROOT.joinpath(*rest) if beside else ROOT.joinpath("consentcore", *rest)


@pytest.mark.parametrize("test", FILES, ids=str)
def test_a_test_lies_where_its_subject_lies(test):
    package = package_of(test)
    assert package.is_dir(), f"{test.parent} mirrors no package"
    names = {path.stem for path in package.iterdir() if path.suffix == ".py" or path.is_dir()}
    names.add(package.name.removeprefix("consentcore_"))  # the package as a whole
    subject = test.stem.removeprefix("test_")
    named = any(subject == name or subject.startswith(f"{name}_") for name in names - {"__init__"})
    assert named != (str(test) in SUBJECTS), (
        f"{test}: named after a module of {package.relative_to(ROOT)}, or listed in SUBJECTS"
    )


def test_no_subject_is_listed_that_has_no_test():
    assert [name for name in SUBJECTS if not (TESTS / name).is_file()] == []


def test_helpers_are_imported_by_their_full_names():
    """No test changes where Python looks for modules: two helpers of one name would be one module."""
    changing = [
        str(path.relative_to(TESTS))
        for path in sorted(TESTS.rglob("*.py"))
        if path.parts[len(TESTS.parts) : -1][:2] != ("upgrade", "from_26e6d57") and path != Path(__file__)
        if "sys.path.insert(" in path.read_text(encoding="utf-8")
    ]
    assert changing == []


def unordered(values):
    """Whether an expression is a set, whose order is another in each process."""
    if isinstance(values, ast.BinOp):
        return unordered(values.left) or unordered(values.right)
    named = isinstance(values, ast.Call) and getattr(values.func, "id", "") in {"set", "frozenset"}
    return named or isinstance(values, ast.Set | ast.SetComp)


def test_every_process_finds_the_same_tests_in_the_same_order():
    """Tests run in several processes, which begin by comparing their lists."""
    folders = (ROOT / "tests", ROOT / "consentcore" / "testing")
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for folder in folders
        for path in folder.rglob("*.py")
        if "from_26e6d57" not in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("mark.parametrize")
        if any(unordered(values) for values in node.args[1:2])
    ]
    assert found == []


def unnamed(layout: str) -> list[str]:
    """Packages and modules of the core that a map of it leaves out: packages at any depth, modules of the top."""
    core = ROOT / "consentcore"
    packages = [init.parent for init in sorted(core.rglob("__init__.py")) if init.parent != core]
    named = set(re.findall(r"[\w./]+", layout))
    wanted = [f"{path.name}/" for path in packages]
    wanted += [path.name for path in sorted(core.glob("*.py")) if path.name != "__init__.py"]
    return [name for name in wanted if name not in named]


def test_the_map_of_the_layout_names_every_package():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    layout = text.partition("## The layout")[2].split("```")[1].partition("\nplugins/")[0]
    assert unnamed(layout) == []
    assert unnamed(layout.replace("egress/", "").replace("markup.py", "")) == ["egress/", "markup.py"]


@pytest.mark.slow
def test_every_process_collects_the_same_tests():
    """Else a parallel run ends before it begins: a parameter that chance makes, or the order of a set, is in a name."""
    collected = []
    for seed in ("1", "2"):
        command = [
            sys.executable,
            "-m",
            "pytest",
            "--collect-only",
            "-q",
            "-p",
            "no:cacheprovider",
            str(TESTS),
        ]
        environ = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environ, check=False)
        assert done.returncode == 0, done.stdout[-2000:]
        collected.append([line for line in done.stdout.splitlines() if "::" in line])
    assert collected[0] == collected[1]
    assert len(collected[0]) > 1000
