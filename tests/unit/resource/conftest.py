"""An authorization server to ask."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from stub_issuer import issuer  # noqa: F401
