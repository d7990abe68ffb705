"""The plugins of examples/, as a stranger would make them: their own tests, and their wheels in the product."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted(one.parent for one in (ROOT / "examples").glob("*/pyproject.toml"))
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_example_passes_its_own_tests(example):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=example, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


def test_wheels_of_the_examples_are_chosen_by_an_ini_alone(tmp_path):
    command = [sys.executable, "scripts/play_examples.py", str(tmp_path / "played")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) == len(EXAMPLES)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_example_imports_the_plugin_api_and_nothing_deeper(example):
    names = set()
    for file in (example / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom):
                names.add(node.module)
            elif isinstance(node, ast.Import):
                names |= {one.name for one in node.names}
    assert {name for name in names if name.partition(".")[0].startswith("consentcore")} == {"consentcore.api"}
