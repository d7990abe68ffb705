"""The front of a web process: whole requests only reach the application, however slowly they arrive.

granian parses HTTP in Rust and calls the front in one of ``threads`` Python threads. A request without a
body runs there and then. For one with a body the front asks for it and gives the thread back; when the last
byte is there, granian calls again and the application runs. So slow clients cost memory but no thread, and
the path of a request is nearly as short as with granian's own WSGI interface.
"""

from __future__ import annotations

import itertools
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from consentcore.server.environ import (
    Answer,
    BadRequest,
    Environ,
    Environs,
    Scope,
    WSGIApp,
    attach_body,
    call,
)
from consentcore.server.lane import SlowLane

log = logging.getLogger("consentcore.server")
access = logging.getLogger("consentcore.access")

_MAX_CHUNKS = 4096
_MAX_DIGITS = 15
_LOGGED_PATH = 256


class Future(Protocol):
    """granian's awaitable, used without an event loop: its callback runs in a granian thread."""

    def add_done_callback(self, callback: Callable[[Any], None]) -> None: ...
    def cancel(self) -> bool: ...
    def done(self) -> bool: ...
    def exception(self) -> BaseException | None: ...
    def result(self) -> bytes: ...


class Exchange(Protocol):
    """granian's RSGI protocol object: one request's body and the one answer to it. Thread-safe."""

    def __call__(self) -> Future: ...
    def __aiter__(self) -> object: ...
    def __anext__(self) -> Future: ...
    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None: ...


@dataclass(slots=True, eq=False)
class _Pending:
    """A request whose body is on its way."""

    deadline: float
    environ: Environ
    exchange: Exchange
    future: Future | None = None
    length: int = 0
    parts: list[bytes] = field(default_factory=list)
    ends: int = 0


class Front:
    """Takes requests from granian and answers them from a WSGI application.

    :param app: the application; called in granian's threads.
    :param environs: how to build an environ for this listener.
    :param max_body_bytes: a body that is larger, declared or chunked, is answered with 413.
    :param body_timeout_s: seconds from the end of the head to the end of the body; ``expire`` enforces it.
    :param access_log: write a JSON line for each request: method, beginning of the path, status, time, bytes,
        address. Never the query string or a body, which carry codes and tokens.
    :param lane: where requests wait that take long, so that they never take all threads.
    """

    def __init__(
        self,
        app: WSGIApp,
        environs: Environs,
        *,
        max_body_bytes: int,
        body_timeout_s: float,
        access_log: bool = False,
        lane: SlowLane | None = None,
    ) -> None:
        self._app = app
        self._environs = environs
        self._cap = max_body_bytes
        self._patience = body_timeout_s
        self._access_log = access_log
        self._lane = lane or SlowLane(frozenset(), 0)
        self._numbers = itertools.count()
        # Single dict operations are atomic, so whoever pops an entry owns it: a request needs no lock.
        self._pending: dict[int, _Pending] = {}
        self._running: dict[int, None] = {}

    @property
    def idle(self) -> bool:
        """Whether no request is being worked on or waited for."""
        return not self._pending and not self._running and self._lane.idle

    def take(self, scope: Scope, exchange: Exchange) -> None:
        """Accept one request; never raises, the answer goes to ``exchange`` now or later."""
        try:
            environ = self._environs.build(scope)
            if "HTTP_TRANSFER_ENCODING" in environ:
                self._take_chunked(environ, exchange)
            elif environ.get("CONTENT_LENGTH", "0") != "0":
                self._take_sized(environ, exchange)
            else:
                self._start(environ, exchange, b"")
        except BadRequest as error:
            refuse(exchange, 400, str(error))
        except Exception:
            log.exception("a request could not be taken")
            refuse(exchange, 500, "Internal server error")

    def expire(self, now: float) -> None:
        """Answer 408 to every request whose body should have been here by ``now`` (``time.monotonic``)."""
        for number, pending in list(self._pending.items()):
            if pending.deadline <= now and self._pending.pop(number, None) is not None:
                refuse(pending.exchange, 408, "The request body took too long")
                if pending.future is not None:
                    pending.future.cancel()

    def _take_sized(self, environ: Environ, exchange: Exchange) -> None:
        length = _declared(environ["CONTENT_LENGTH"])
        if length > self._cap:
            refuse(exchange, 413, f"The request body is larger than {self._cap} bytes")
            return
        number, pending = self._await_body(environ, exchange)
        pending.length = length
        pending.future = exchange()
        pending.future.add_done_callback(lambda future: self._sized(number, future))

    def _sized(self, number: int, future: Future) -> None:
        pending = self._pending.pop(number, None)
        if pending is None:
            return
        # Not by catching what result() raises: the traceback would refer to this frame and the frame to the
        # future, which holds the exception; a circle through granian's objects is never collected.
        body = future.result() if future.exception() is None else b""
        if len(body) != pending.length:
            refuse(pending.exchange, 400, "The request body ended before its Content-Length")
            return
        self._start(pending.environ, pending.exchange, body)

    def _take_chunked(self, environ: Environ, exchange: Exchange) -> None:
        if "CONTENT_LENGTH" in environ or environ["HTTP_TRANSFER_ENCODING"].strip().lower() != "chunked":
            raise BadRequest("Transfer-Encoding: expected chunked alone, without Content-Length")
        number, _ = self._await_body(environ, exchange)
        exchange.__aiter__()
        self._read_on(number)

    def _read_on(self, number: int) -> None:
        """Ask for chunks until one has to be waited for; its arrival calls ``_chunk``."""
        while (pending := self._pending.get(number)) is not None:
            try:
                future = pending.future = pending.exchange.__anext__()
            except StopAsyncIteration:
                self._chunks_ended(number)
                return
            if not future.done():
                # The number, not the record, which holds the future: no circle here either.
                future.add_done_callback(lambda future: self._chunk(number, future))
                return
            self._keep(number, future)

    def _chunk(self, number: int, future: Future) -> None:
        self._keep(number, future)
        self._read_on(number)

    def _keep(self, number: int, future: Future) -> None:
        """Store one chunk, or refuse the request over it."""
        pending = self._pending.get(number)
        if pending is None:
            return
        data = future.result()
        if data and not pending.ends:
            pending.parts.append(data)
            pending.length += len(data)
        else:
            pending.ends += 1
        too_much = pending.length > self._cap or len(pending.parts) > _MAX_CHUNKS
        if too_much and self._pending.pop(number, None) is not None:
            refuse(pending.exchange, 413, f"The request body is larger than {self._cap} bytes")

    def _chunks_ended(self, number: int) -> None:
        pending = self._pending.pop(number, None)
        if pending is None:
            return
        # granian yields one empty chunk for the end, and one more before it for a broken stream (or for
        # trailers, which nothing here understands).
        if pending.ends != 1:
            refuse(pending.exchange, 400, "The chunked request body is not complete")
            return
        self._start(pending.environ, pending.exchange, b"".join(pending.parts))

    def _await_body(self, environ: Environ, exchange: Exchange) -> tuple[int, _Pending]:
        number = next(self._numbers)
        pending = _Pending(time.monotonic() + self._patience, environ, exchange)
        self._pending[number] = pending
        return number, pending

    def _start(self, environ: Environ, exchange: Exchange, body: bytes) -> None:
        if self._lane.takes(environ):
            self._lane.run(lambda: self._run(environ, exchange, body))
        else:
            self._run(environ, exchange, body)

    def _run(self, environ: Environ, exchange: Exchange, body: bytes) -> None:
        number = next(self._numbers)
        self._running[number] = None
        started = time.perf_counter() if self._access_log else 0.0
        try:
            attach_body(environ, body)
            answer = _prepared(call(self._app, environ))
        except Exception:
            log.exception("the application failed on %s %s", environ["REQUEST_METHOD"], environ["PATH_INFO"])
            answer = _plain(500, "Internal server error")
        try:
            exchange.response_bytes(*answer)
        except Exception:
            log.exception("an answer of the application could not be sent")
            refuse(exchange, 500, "Internal server error")
        finally:
            self._running.pop(number, None)
        if self._access_log:
            _write_access(environ, answer, time.perf_counter() - started)


def refuse(exchange: Exchange, status: int, text: str) -> None:
    """Answer with a line of plain text and end the connection."""
    exchange.response_bytes(*_plain(status, text))


def _plain(status: int, text: str) -> Answer:
    headers = [
        ("content-type", "text/plain; charset=utf-8"),
        ("cache-control", "no-store"),
        ("connection", "close"),
        ("server", "consentcore"),
    ]
    return status, headers, (text + "\n").encode()


def _prepared(answer: Answer) -> Answer:
    answer[1].append(("server", "consentcore"))  # else granian adds its own name
    return answer


def _declared(text: str) -> int:
    """A Content-Length as a number (RFC 9110 section 8.6).

    :raises BadRequest: when it is not a plain decimal number.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        raise BadRequest("Content-Length: expected a decimal number")
    return int(text)


def _write_access(environ: Environ, answer: Answer, seconds: float) -> None:
    line = {
        "method": environ["REQUEST_METHOD"],
        "path": environ["PATH_INFO"][:_LOGGED_PATH],
        "status": answer[0],
        "ms": round(seconds * 1000, 1),
        "bytes": len(answer[2]),
        "remote": environ["REMOTE_ADDR"],
    }
    access.info("%s", json.dumps(line))
