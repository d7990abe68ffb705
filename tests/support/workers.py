"""Workers at work in threads of a test."""

from __future__ import annotations

import threading
from contextlib import contextmanager

from tests.support.patience import PATIENCE_S


@contextmanager
def working(scenario, workers: int = 1):
    """Run workers in threads; they must have ended soon after the block."""
    stop = threading.Event()
    threads = [
        threading.Thread(target=scenario.worker().run, args=(stop,), daemon=True) for _ in range(workers)
    ]
    for thread in threads:
        thread.start()
    try:
        yield stop
    finally:
        stop.set()
        for thread in threads:
            thread.join(PATIENCE_S)
            assert not thread.is_alive()
