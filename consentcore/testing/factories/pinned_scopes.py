"""What entries of the scope catalog said."""

from __future__ import annotations

from typing import Any

from consentcore.api import PinnedScope
from consentcore.testing.factories.base import NOW, made


def pinned_scope(scope_id: str, **overrides: Any) -> PinnedScope:
    """Make the first words of a scope."""
    defaults = {
        "scope_id": scope_id,
        "version": "1",
        "revision": 1,
        "content": '{"label":"Room climate"}',
        "pinned_at": NOW,
    }
    return made(PinnedScope, defaults, overrides)
