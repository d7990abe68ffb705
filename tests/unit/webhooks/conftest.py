"""The place of the worker's tests."""

from __future__ import annotations

from tests.unit.worker.conftest import place

__all__ = ["place"]
