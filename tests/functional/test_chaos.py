"""The short form of `make chaos`: at least six consents and revocations, and until everything has gone wrong once."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.postgres import OwnServer

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def test_16_nothing_is_lost_while_everything_fails(tmp_path, postgres_server):
    """On PostgreSQL, with its restarts; `make chaos` does the same on SQLite, with a full disk."""
    if not isinstance(postgres_server, OwnServer):
        pytest.skip("NOT TESTED: the server that CONSENTCORE_TEST_PG_URL names cannot be restarted from here")
    command = [sys.executable, "-m", "chaos", "--database", "postgresql", "--rounds", "6", "--people", "2"]
    done = subprocess.run(
        [*command, "--pause", "0.1", "--dir", tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "every promise was kept" in done.stdout
    confirmed = re.search(r"(\d+) consents and (\d+) revocations confirmed", done.stdout)
    consents, revocations = map(int, confirmed.groups())
    assert consents == revocations >= 6
    for fault in ("kill server", "kill worker", "receiver endless", "SMTP slow", "database restarted"):
        assert fault in done.stdout
    assert "NOT TESTED" not in done.stdout
