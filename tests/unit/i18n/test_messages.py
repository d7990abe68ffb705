"""The templates of the catalogs are those of the sources."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_templates_of_catalogs_are_up_to_date(tmp_path):
    subprocess.run([sys.executable, ROOT / "scripts" / "write_messages.py", tmp_path], check=True)
    written = {path.relative_to(tmp_path): path.read_text("utf-8") for path in tmp_path.rglob("*.pot")}
    kept = {
        path.relative_to(ROOT): path.read_text("utf-8")
        for folder in ("consentcore", "plugins")
        for path in (ROOT / folder).rglob("*.pot")
    }
    assert kept == written, "run `make messages`"
