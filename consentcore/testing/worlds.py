"""The name that :mod:`consentcore.testing.scenario` had before."""

from __future__ import annotations

from consentcore.testing.scenario import Issued, populate
from consentcore.testing.scenario import Scenario as World

__all__ = ["Issued", "World", "populate"]
