"""A receiver of webhooks for developers: verifies what comes in and says what is wrong with it."""

from __future__ import annotations

import hmac
import json
import threading
import time
from base64 import b64decode, b64encode
from binascii import Error as BinasciiError
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from consentcore.domain.errors import InvalidInput
from consentcore.outbox.signing import SECRET_PREFIX

TOLERANCE_S = 300
MAX_BODY = 64 * 1024
NEEDED = ("webhook-id", "webhook-timestamp", "webhook-signature")


@dataclass(frozen=True)
class Received:
    """One request: whether its signature holds, and why not or what is noteworthy.

    :ivar problem: "" when it is in order. :ivar hint: what to do. :ivar event: the parsed body, if it is JSON.
    """

    notice_id: str
    problem: str = ""
    hint: str = ""
    event: object = None

    @property
    def ok(self) -> bool:
        """Whether a receiver may believe it."""
        return not self.problem


def read_secret(text: str) -> bytes:
    """The bytes of a ``whsec_…`` secret. :raises InvalidInput: when it is none."""
    try:
        key = b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except (BinasciiError, ValueError):
        key = b""
    if not text.startswith(SECRET_PREFIX) or len(key) < 16:
        raise InvalidInput(
            "--secret", "expected whsec_ and base64, as it was shown when the endpoint was made"
        )
    return key


def examine(headers: Mapping[str, str], body: bytes, secrets: Sequence[bytes], now: float) -> Received:
    """Verify a request by Standard Webhooks.

    :param headers: with names in lower case. :param secrets: the current one first, then older ones.
    :param now: seconds since the epoch.
    """
    notice_id = headers.get("webhook-id", "")
    missing = [name for name in NEEDED if not headers.get(name)]
    if missing:
        hint = "a proxy may drop headers that it does not know, or this did not come from consentcore"
        return Received(notice_id, f"missing headers: {', '.join(missing)}", hint)
    event = _parsed(body)
    timestamp = headers["webhook-timestamp"]
    if not (timestamp.isascii() and timestamp.isdecimal()):
        return Received(
            notice_id, f"webhook-timestamp is {timestamp[:40]!r}", "expected whole seconds", event
        )
    signed = f"{notice_id}.{timestamp}.".encode()
    presented = [
        word.removeprefix("v1,") for word in headers["webhook-signature"].split() if word.startswith("v1,")
    ]
    if not presented:
        return Received(notice_id, "webhook-signature holds no v1 signature", "expected v1,BASE64", event)
    number = _matching(signed + body, presented, secrets)
    if number is None:
        return Received(notice_id, *_why_not(signed, body, presented, secrets), event)
    off = round(now - int(timestamp))
    if abs(off) > TOLERANCE_S:
        direction = "ahead of" if off > 0 else "behind"
        hint = f"set the time of this machine; more than {TOLERANCE_S} s may also mean that an old request was replayed"
        return Received(
            notice_id, f"clock off by {abs(off)} s: this machine is {direction} the sender", hint, event
        )
    note = (
        f"signed with older secret number {number + 1}; take it out once the new one is in use"
        if number
        else ""
    )
    return Received(notice_id, "", note, event)


def _matching(signed: bytes, presented: Sequence[str], secrets: Sequence[bytes]) -> int | None:
    for number, secret in enumerate(secrets):
        expected = b64encode(hmac.digest(secret, signed, "sha256")).decode()
        if any(hmac.compare_digest(expected.encode(), given.encode()) for given in presented):
            return number
    return None


def _why_not(
    signed: bytes, body: bytes, presented: Sequence[str], secrets: Sequence[bytes]
) -> tuple[str, str]:
    for text in _other_forms(body):
        if _matching(signed + text, presented, secrets) is not None:
            return (
                "the body was re-serialised on its way",
                "verify the bytes as they were received, before any JSON parser or proxy touches them",
            )
    return (
        "no signature matches the secret",
        "wrong secret: that of another endpoint or application, or one that was rotated away; or the body was changed",
    )


def _other_forms(body: bytes) -> Iterator[bytes]:
    """The body as the sender may have written it, if something on the way parsed and wrote it again."""
    yield body.strip()
    try:
        data = json.loads(body)
    except ValueError:
        return
    for ascii_only in (False, True):
        for separators in ((",", ":"), (", ", ": ")):
            yield json.dumps(data, ensure_ascii=ascii_only, separators=separators).encode()


def _parsed(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError:
        return None


class Listener:
    """An HTTP server on one address that examines every POST and answers 204, or 400 with what is wrong.

    :param report: called with each request, one at a time. :param answer: status instead of 204, to try retries.
    """

    def __init__(
        self,
        address: tuple[str, int],
        secrets: Sequence[bytes],
        report: Callable[[Received], None],
        *,
        answer: int = 204,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._secrets = secrets
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

    def receive(self, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """Examine a request; the status and body of the answer."""
        found = examine(headers, body, self._secrets, self._now())
        with self._lock:
            self._report(found)
        if found.ok:
            return self._answer, b""
        return 400, json.dumps({"problem": found.problem, "hint": found.hint}).encode()


def _handler_for(listener: Listener) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 15
        server_version = "consentcore-webhooks-listen"

        def do_POST(self) -> None:
            length = self.headers.get("content-length", "")
            if not length.isdecimal() or int(length) > MAX_BODY:
                self._reply(413, b"")
                return
            body = self.rfile.read(int(length))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._reply(*listener.receive(headers, body))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
            """Say nothing: what is received is reported."""

        def _reply(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
