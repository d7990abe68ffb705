"""Fixtures for every test."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from amazon import aws  # noqa: F401 - pytest finds fixtures by their names here
from postgres import empty_postgres_url, postgres_server, postgres_url  # noqa: F401 - likewise
