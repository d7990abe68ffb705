"""Where a worker tells its numbers, and how it is: a small HTTP server in a thread of its own."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from consentcore.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from consentcore.metrics.meters import Meters

SETTING = "consentcore.worker.metrics_listen"

Health = Callable[[], tuple[bool, str | list[str]]]
"""Whether the worker delivers, and what there is to say about it."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _ServerSix(_Server):
    address_family = socket.AF_INET6


class _Quiet(WSGIRequestHandler):
    timeout = 15

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Say nothing."""


@contextmanager
def listening(meters: Meters, host: str, port: int, health: Health = lambda: (True, "ok")) -> Iterator[int]:
    """Answer for the time of the block; gives the port, which the system chooses when it is 0.

    ``/livez`` and ``/readyz`` tell how the worker is, every other path the numbers.

    :raises ConfigurationError: when the address cannot be used.
    """
    try:
        server = make_server(
            host,
            port,
            _app(meters, health),
            server_class=_ServerSix if _family(host, port) is socket.AF_INET6 else _Server,
            handler_class=_Quiet,
        )
    except OSError as error:
        raise ConfigurationError([f"{SETTING}: cannot listen on {host}:{port} ({error.strerror})"]) from error
    thread = threading.Thread(target=server.serve_forever, name="consentcore-metrics", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def _family(host: str, port: int) -> socket.AddressFamily:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]


def _app(meters: Meters, health: Health) -> WSGIApplication:
    from prometheus_client import make_wsgi_app

    numbers = make_wsgi_app(meters.registry())

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> object:
        path = environ["PATH_INFO"]
        if path == "/livez":
            start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
            return [b"ok\n"]
        if path == "/readyz":
            ready, said = health()
            body = json.dumps({"ready": ready, "checks": {"worker": said}}) + "\n"
            status = "200 OK" if ready else "503 Service Unavailable"
            start_response(status, [("Content-Type", "application/json; charset=utf-8")])
            return [body.encode()]
        return numbers(environ, start_response)

    return app  # type: ignore[return-value]  # the library's own type of what an application returns
