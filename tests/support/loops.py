"""Coroutines in tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def run(make: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run what ``make`` gives to its end, in a thread of its own: in this one Playwright's loop runs for as long as
    there is a browser, and that is until the last test.

    :raises BaseException: what it raises.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(make())).result()
