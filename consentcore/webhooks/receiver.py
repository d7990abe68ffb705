"""A receiver of webhooks for developers: verifies what comes in and says what is wrong with it."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from consentcore.webhooks.verification import Examination, Trust, examine

MAX_BODY = 64 * 1024
_NUMBER = re.compile(r"[0-9]{1,15}", re.ASCII)


class Listener:
    """An HTTP server on one address that examines every POST and answers 204, or 400 with what is wrong.

    :param report: called with each request after it was answered, one at a time.
    :param answer: status instead of 204, to try retries.
    """

    def __init__(
        self,
        address: tuple[str, int],
        trust: Trust,
        report: Callable[[Examination], None],
        *,
        answer: int = 204,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._trust = trust
        self._report = report
        self._answer = answer
        self._now = now
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(address, _handler_for(self))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """Where it listens."""
        host, port = self._server.server_address[:2]
        name = host.decode() if isinstance(host, bytes) else str(host)
        return f"http://{f'[{name}]' if ':' in name else name}:{port}/"

    def run(self) -> None:
        """Serve until :meth:`stop` is called from another thread."""
        try:
            self._server.serve_forever(0.1)
        finally:
            self._server.server_close()

    def stop(self) -> None:
        """End :meth:`run`."""
        self._server.shutdown()

    def examine(self, headers: Mapping[str, str], body: bytes) -> Examination:
        """Verify a request."""
        return examine(headers, body, self._trust, self._now())

    def finish(self, found: Examination, reply: Callable[[int, bytes], None]) -> None:
        """Answer, then tell: whoever hears of the last one may end the process.

        Both under one lock, so that what a sender sends one after the other is told in that order.
        """
        with self._lock:
            with suppress(OSError):  # a sender that has hung up has sent it all the same
                reply(*self._answered(found))
            self._report(found)

    def _answered(self, found: Examination) -> tuple[int, bytes]:
        if found.ok:
            return self._answer, b""
        return 400, json.dumps({"problem": found.problem, "hint": found.hint}).encode()


def _handler_for(listener: Listener) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 15
        server_version = "consentcore-webhooks-listen"

        def do_POST(self) -> None:
            length = self.headers.get("content-length", "")
            if not _NUMBER.fullmatch(length) or int(length) > MAX_BODY:
                self._reply(413, b"")
                return
            body = self.rfile.read(int(length))
            headers = {name.lower(): value for name, value in self.headers.items()}
            found = listener.examine(headers, body)
            listener.finish(found, self._reply)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
            """Say nothing: what is received is reported."""

        def _reply(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
