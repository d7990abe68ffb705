"""Use ``consentcore.resource`` the way an API does, in whatever environment runs this: against a small issuer.

Run by scripts/smoke_wheel.py in an environment that has the wheel ``consentcore-resource`` and what it asks for.
Prints the names of the distributions that are installed, one a line.
"""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import distributions
from typing import Any
from urllib.parse import parse_qs

from joserfc import jws
from joserfc.jwk import ECKey

from consentcore.resource import BearerMiddleware, Checker, Introspection, JwtVerifier

AUDIENCE = "https://api.example/rooms"
KEY = ECKey.generate_key("P-256", {"kid": "k", "alg": "ES256", "use": "sig"})


class Issuer(BaseHTTPRequestHandler):
    """Publishes one key, and knows one token."""

    def do_GET(self) -> None:
        """The key set."""
        self.answer({"keys": [KEY.as_dict(private=False)]})

    def do_POST(self) -> None:
        """Introspection."""
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        good = form["token"] == ["good"]
        self.answer({"active": good, **({"scope": "read", "sub": "ada"} if good else {})})

    def answer(self, document: object) -> None:
        """Send JSON."""
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def signed() -> str:
    """An access token (RFC 9068)."""
    now = int(time.time())
    claims = {"iss": "https://issuer.example", "aud": AUDIENCE, "sub": "ada", "client_id": "app", "jti": "1"}
    times = {"iat": now, "exp": now + 60, "scope": "read"}
    header = {"alg": "ES256", "typ": "at+jwt", "kid": "k"}
    return jws.serialize_compact(header, json.dumps({**claims, **times}), KEY, ["ES256"])


def status_of(checker: Checker, token: str, scope: str = "read") -> str:
    """What an application behind the middleware answers."""
    seen: list[str] = []

    def start_response(status: str, _: object) -> None:
        seen.append(status)

    def application(environ: dict[str, Any], start: Any) -> list[bytes]:
        start(f"200 {environ['consentcore.token'].subject}", [])
        return []

    list(
        BearerMiddleware(application, checker, scopes=[scope])(
            {"HTTP_AUTHORIZATION": f"Bearer {token}"}, start_response
        )
    )
    return seen[0]


def main() -> None:
    """End without a word but the list, or with the first thing that is wrong."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Issuer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    asking = Introspection(url + "/introspect", "api", "secret")
    verifying = JwtVerifier("https://issuer.example", AUDIENCE, jwks_uri=url + "/jwks")
    token = signed()
    found = [
        *(status_of(asking, text) for text in ("good", "bad")),
        *(status_of(verifying, text) for text in (token, token[:-8] + "AAAAAAAA")),
        status_of(asking, "good", "write"),
    ]
    expected = ["200 ada", "401 Unauthorized", "200 ada", "401 Unauthorized", "403 Forbidden"]
    if found != expected:
        raise SystemExit(f"expected {expected}, not {found}")
    for checker in (asking, verifying):
        checker.close()
    server.shutdown()
    print(*sorted({one.metadata["Name"] for one in distributions()}), sep="\n")


if __name__ == "__main__":
    main()
