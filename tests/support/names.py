"""Names of a test's cases."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def case_name(value: object) -> str:
    """What a value is called among the cases of a test: ``repr``, without where it lies in memory, which differs from
    process to process and keeps the tests' processes from agreeing on what there is to do."""
    return _ADDRESS.sub("", repr(value))[:80]


def has_address(name: str) -> bool:
    """Whether a test's name says where something lies in memory."""
    return _ADDRESS.search(name) is not None
