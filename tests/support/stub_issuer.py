"""An authorization server of which only the two documents exist that an API asks for."""

from __future__ import annotations

import json
import threading
import time
from base64 import b64decode
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from consentcore.oauth.signing_keys import SigningKeys
from consentcore.resource import Introspection
from consentcore.testing import fixed_keys

NOW = 1_795_000_000
AUDIENCE = "https://api.example"


@dataclass
class Issuer:
    """What it knows of tokens, what it answers besides, and what it was asked."""

    port: int
    tokens: dict[str, dict] = field(default_factory=dict)
    keys: dict = field(default_factory=dict)
    status: int = 200
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    hang_up: bool = False
    asked: list[tuple[str, str]] = field(default_factory=list)
    connections: int = 0
    now: float = NOW
    opened: list = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def clock(self) -> float:
        return self.now

    def give(self, token: str, **claims) -> str:
        """Know a token."""
        fixed = {"active": True, "token_type": "Bearer", "scope": "a b", "sub": "s", "client_id": "app"}
        self.tokens[token] = {**fixed, "exp": NOW + 3600, "grant_id": "g-1", **claims}
        return token

    def checker(self, **options) -> Introspection:
        defaults = {"clock": self.clock, "cache_s": 2.0}
        return self.keep(
            Introspection(self.url + "/introspect", "api", "s3cr%t é", **{**defaults, **options})
        )

    def keep(self, checker):
        """Have its connections closed in the end."""
        self.opened.append(checker)
        return checker

    def answered(self, path: str, authorization: str, form: dict) -> tuple[int, bytes]:
        if self.status != 200 or self.body is not None:
            return self.status, self.body or b"{}"
        if path == "/jwks":
            return 200, json.dumps(self.keys).encode()
        assert b64decode(authorization.removeprefix("Basic ")) == b"api:s3cr%25t+%C3%A9"
        return 200, json.dumps(self.tokens.get(form["token"][0], {"active": False})).encode()


@pytest.fixture
def issuer():
    """A server that keeps connections open, as real ones do."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self):
            super().setup()
            made.connections += 1

        def do_GET(self):
            self.respond({})

        def do_POST(self):
            length = int(self.headers["content-length"])
            self.respond(parse_qs(self.rfile.read(length).decode()))

        def respond(self, form):
            made.asked.append((self.path, form.get("token", [""])[0]))
            time.sleep(made.delay_s)
            if made.hang_up:
                self.close_connection = True
                return
            status, body = made.answered(self.path, self.headers.get("authorization", ""), form)
            self.send_response(status)
            for name, value in made.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # who hangs up in the middle is part of the tests
    made = Issuer(server.server_port)
    made.keys = SigningKeys(fixed_keys()).key_set(0)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield made
    for checker in made.opened:
        checker.close()
    server.shutdown()
    server.server_close()
    thread.join(5)
