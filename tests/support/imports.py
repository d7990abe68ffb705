"""Packages that a test wrote, or put beside the product, and imported."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType


def _is_of(module: ModuleType, folder: Path) -> bool:
    places = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
    return any(place and Path(place).is_relative_to(folder) for place in places)


@contextmanager
def forgetting(folder: Path) -> Iterator[None]:
    """Let nothing that is imported meanwhile from ``folder``, or from below it, be found by those who come after."""
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if _is_of(sys.modules[name], folder):
            del sys.modules[name]
