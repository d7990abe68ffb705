"""Workers at work in threads of a test."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager

from consentcore.api import DeliveryState
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


def lines_of(caplog, name: str) -> list[str]:
    """Lines of the log that blame a plugin."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelno >= logging.ERROR and name in record.getMessage()
    ]


def states(scenario) -> dict[str, DeliveryState]:
    return {one.notifier: one.state for one in scenario.storage.delivery_log.deliveries()}
