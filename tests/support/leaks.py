"""A master key leaks, and the operator rotates."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from consentcore.keys import rotate_key_file


def rotated_at_once(file: Path) -> None:
    """What ``keys rotate --now`` does, as if it had been two minutes ago: the log states it a minute after."""
    rotate_key_file(file, 0, revoke=True)
    date_back(file)


def date_back(file: Path) -> None:
    """Let what was revoked in a key file have been revoked two minutes ago."""
    ago = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=2)
    file.write_text(re.sub(r"revoked=\S+", f"revoked={ago:%Y-%m-%dT%H:%M:%SZ}", file.read_text()))
