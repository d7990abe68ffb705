"""What a machine lacks: a loud skip for people, a failure where it has to be there."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(message: str, variable: str) -> NoReturn:
    """End the test that needs it.

    :param message: what is missing, and what puts it there.
    :param variable: the variable of the environment that says, as ``CI`` does, that it has to be there.
    """
    if os.environ.get("CI") or os.environ.get(variable):
        pytest.fail(f"missing: {message}")
    pytest.skip(f"NOT TESTED: {message}")
