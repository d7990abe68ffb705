"""The plugins of examples/, as a stranger would make them: their own tests, and their wheels in the product."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted(one.parent for one in (ROOT / "examples").glob("*/pyproject.toml"))
sys.path.insert(0, str(ROOT / "scripts"))

from play_examples import PLUGINS, build_examples, play  # noqa: E402 - scripts are run by path

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_example_passes_its_own_tests(example):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=example, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


def test_wheels_of_the_examples_are_chosen_by_an_ini_alone(tmp_path):
    site, work = tmp_path / "site", tmp_path / "work"
    work.mkdir()
    wheels = build_examples(work)
    assert len(wheels) == len(PLUGINS) == len(EXAMPLES)
    for wheel in wheels:
        zipfile.ZipFile(wheel).extractall(site)
    play(
        [sys.executable, "-m", "consentcore.cli.main"],
        tmp_path / "acme",
        {**os.environ, "PYTHONPATH": str(site)},
    )


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
