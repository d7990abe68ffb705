"""A real HTTP server on loopback that keeps what it is sent and answers as told."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.support.patience import PATIENCE_S
from tests.support.webhook_contract import violations


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: bytes
    at: float


@dataclass
class Answer:
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay_s: float = 0.0
    raw: Callable[[BaseHTTPRequestHandler], None] | None = None


@dataclass
class Sink:
    """:ivar answer: for every path without one of its own in ``answers``."""

    port: int
    received: list[Received] = field(default_factory=list)
    answer: Answer = field(default_factory=Answer)
    answers: dict[str, Answer] = field(default_factory=dict)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def url(self, path: str = "/hook", scheme: str = "http", host: str = "127.0.0.1") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def wait_for(self, count: int) -> list[Received]:
        """What has come, once there are so many."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.received) >= count, PATIENCE_S), self.received
            return list(self.received)


@contextmanager
def http_sink(tls: ssl.SSLContext | None = None, *, contract: bool = True) -> Iterator[Sink]:
    """Serve until the block ends; then every webhook that came has to be as openapi.json says.

    :param contract: False where a test sends bodies of its own.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", "0"))
            body = self.rfile.read(length)
            headers = {name.lower(): value for name, value in self.headers.items()}
            with sink.arrived:
                sink.received.append(Received(self.path, headers, body, time.monotonic()))
                sink.arrived.notify_all()
            self._reply(sink.answers.get(self.path, sink.answer))

        do_GET = do_POST  # noqa: N815 - the base class looks for it

        def _reply(self, answer: Answer) -> None:
            closing.wait(answer.delay_s)
            if answer.raw is not None:
                answer.raw(self)
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """Clients that hang up are what some tests are about."""

    closing = threading.Event()
    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    sink = Sink(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield sink
    finally:
        closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
    if contract:
        wrong = [one for got in sink.received for one in violations(got.headers, got.body)]
        assert wrong == [], wrong
