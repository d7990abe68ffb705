"""Where a worker tells its numbers: a small HTTP server in a thread of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from consentcore.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from consentcore.metrics.meters import Meters

SETTING = "consentcore.worker.metrics_listen"


@contextmanager
def listening(meters: Meters, host: str, port: int) -> Iterator[int]:
    """Answer for the time of the block; gives the port, which the system chooses when it is 0.

    :raises ConfigurationError: when the address cannot be used.
    """
    from prometheus_client import start_http_server

    try:
        server, thread = start_http_server(port, host, meters.registry())
    except OSError as error:
        raise ConfigurationError([f"{SETTING}: cannot listen on {host}:{port} ({error.strerror})"]) from error
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
