"""A webhook receiver and an SMTP server that misbehave as they are told."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from standardwebhooks import Webhook, WebhookVerificationError

SLOW_S = 2.0
MODES = ("refusing", "slow", "resetting", "500", "429", "endless")
MAIL_MODES = ("down", "slow", "451")


@dataclass
class Hooks:
    """What the receiver has said yes to.

    :ivar mode: "" for a good one, else one of ``MODES``.

    :ivar taken: by event id how often.
    :ivar sequences: by grant.
    :ivar state: by grant the last state by sequence.
    """

    mode: str = ""
    port: int = 0
    secret: str = ""
    refused: int = 0
    forged: int = 0
    taken: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    sequences: dict[str, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))
    gone: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, headers: dict[str, str], body: bytes) -> None:
        """Keep what an application would keep."""
        try:
            Webhook(self.secret).verify(body, headers)
        except WebhookVerificationError:
            self.forged += 1
            return
        told = json.loads(body)
        with self.lock:
            self.taken[headers["webhook-id"]] += 1
            if told["type"] != "webhook.test":
                self.sequences[told["data"]["grant_id"]][told["data"]["sequence"]] = told["type"]


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        if self.path == "/gone":
            self.server.hooks.gone += 1
            self._say(410)
            return
        mode = self.server.hooks.mode
        if mode:
            self.server.hooks.refused += 1
            self._misbehave(mode)
            return
        self.server.hooks.take({name.lower(): value for name, value in self.headers.items()}, body)
        self._say(204)

    def do_GET(self) -> None:
        """The application's redirect URI."""
        self._say(200)

    def _misbehave(self, mode: str) -> None:
        self.close_connection = True
        if mode in {"refusing", "resetting"}:
            option = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, option)
            self.connection.close()
        elif mode == "slow":
            time.sleep(SLOW_S)
        elif mode == "endless":
            with suppress(OSError):
                self.wfile.write(b"HTTP/1.1 500 Oops\r\n\r\n")
                while self.server.hooks.mode == mode:
                    self.wfile.write(b"x" * 10000)
                    time.sleep(0.01)
        else:
            self._say(int(mode), *([("Retry-After", "1")] if mode == "429" else []))

    def _say(self, status: int, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (*headers, ("Content-Length", "0")):
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, hooks: Hooks) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.hooks = hooks

    def handle_error(self, *_: object) -> None:
        pass

    def verify_request(self, *_: Any) -> bool:
        if self.hooks.mode == "refusing":
            self.hooks.refused += 1
            return False
        return True


@contextmanager
def receiver() -> Iterator[Hooks]:
    """Serve ``/hooks``, which misbehaves, ``/gone``, which answers 410 always, and a redirect URI."""
    hooks = Hooks()
    server = _Server(hooks)
    hooks.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield hooks
    finally:
        hooks.mode = ""
        server.shutdown()
        server.server_close()


@dataclass
class Mails:
    """:ivar mode: "" for a good server, else one of ``MAIL_MODES``.

    :ivar taken: by event id and address how often.
    """

    mode: str = ""
    port: int = 0
    refused: int = 0
    taken: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))

    async def handle_MAIL(
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        """Misbehave at the first word about a mail."""
        if self.mode:
            self.refused += 1
        if self.mode == "slow":
            await asyncio.sleep(SLOW_S)
        if self.mode == "down":
            return "421 going down"
        if self.mode == "451":
            return "451 not now"
        envelope.mail_from = address
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        """Keep a mail."""
        mail = message_from_bytes(envelope.content, policy=policy.default)
        self.taken[str(mail["X-Consentcore-Event"]), str(mail["To"])] += 1
        return "250 kept"


@contextmanager
def mail_server() -> Iterator[Mails]:
    """An SMTP server on loopback."""
    mails = Mails()
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        mails.port = sock.getsockname()[1]
    controller = Controller(mails, hostname="127.0.0.1", port=mails.port)
    controller.start()
    try:
        yield mails
    finally:
        controller.stop()
