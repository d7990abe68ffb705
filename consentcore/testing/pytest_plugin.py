"""What pytest loads by itself where consentcore is installed (entry point ``pytest11``).

Kept small: it is imported in every test run of the environment, whether or not consentcore is tested there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from consentcore.testing.fakes import ManualClock


@pytest.fixture
def consentcore_clock() -> ManualClock:
    """Return a clock that stands still until it is told to advance."""
    from consentcore.testing.fakes import ManualClock

    return ManualClock()
