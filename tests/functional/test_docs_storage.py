"""docs/storage.md, typed as it stands: a storage of one's own is begun, passes the kit, and serves the product."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from consentcore.worker.worker import Worker
from tests.support import tiny_plugins as tiny
from tests.support.command_line import Cli
from tests.support.platform import connect, make_platform

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "storage.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)


def block(*holds: str) -> str:
    """The one block of the page that holds these words."""
    (found,) = [text for _, text in BLOCKS if all(word in text for word in holds)]
    return found


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """The package of the page: begun by its command, with its manifest and its capabilities."""
    command = block("plugins new").splitlines()[0].split()
    assert command[:3] == ["consentcore", "plugins", "new"]
    package = tmp_path / "package"
    assert Cli(tmp_path)(*command[1:], "--folder", str(package), ini=False).code == 0
    source = package / "src" / "consentcore_shelf"
    (source / "capabilities.py").write_text(block("CAPABILITIES = "))
    (source / "__init__.py").write_text(block("def consentcore_plugin"))
    (package / "tests" / "test_shelf.py").write_text(block("StorageConformance)"))
    project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    tiny.install(package / "src", "shelf", "1.0", **project["entry-points"]["consentcore.plugins"])
    monkeypatch.syspath_prepend(package / "src")
    return package


@pytest.mark.slow
def test_storage_of_the_page_passes_the_kit(shelf):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    done = subprocess.run(command, cwd=shelf, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) > 300


def test_storage_of_the_page_keeps_a_consent_of_the_product(shelf, tmp_path, monkeypatch):
    (setting,) = block("consentcore.storage = shelf").splitlines()
    monkeypatch.setenv("CONSENTCORE_STORAGE", setting.partition(" = ")[2])
    platform = make_platform(tmp_path, storage="shelf")
    assert connect(platform)
    Worker(platform.runtime).run_once()
    with platform.runtime.storage.reading() as uow:
        (grant,) = uow.grants.all()
        assert [event.sequence for event in uow.ledger.of_grant(grant.grant_id)] == [1]
    platform.runtime.close()
