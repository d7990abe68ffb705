"""The front of a web process: whole requests only reach the application, however slowly they arrive.

granian parses HTTP in Rust and calls the front in one of ``threads`` Python threads. A request without a
body runs there and then. For one with a body the front asks for it and gives the thread back; when the last
byte is there, granian calls again and the application runs. So slow clients cost memory but no thread, and
the path of a request is nearly as short as with granian's own WSGI interface. granian's ASGI interface is
the one that gives headers as bytes: in its RSGI interface those beyond ASCII are missing.
"""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from consentcore.egress.errands import Elsewhere, Errand, served_at
from consentcore.logs import FIELDS, REQUEST_ID, answering, current_id
from consentcore.server.environ import (
    Answer,
    BadRequest,
    Environ,
    Environs,
    Scope,
    WSGIApp,
    attach_body,
    call,
    id_of,
)
from consentcore.server.exchange import Exchange, Future, plain, refuse, send
from consentcore.server.slow_requests import PATIENCE_S, SlowLane, Waiter, WaitingLane

log = logging.getLogger("consentcore.server")
access = logging.getLogger("consentcore.access")

_MAX_CHUNKS = 4096
_MAX_DIGITS = 15
_LOGGED_PATH = 256
KEPT = "consentcore.kept."
"""What the application writes into the environ under such a name is there when a request starts again in a lane."""


@dataclass(slots=True, eq=False)
class _Pending:
    """A request whose body is on its way; ``length`` is what it declared, None for one in chunks."""

    deadline: float
    environ: Environ
    exchange: Exchange
    length: int | None
    future: Future | None = None
    body: bytearray = field(default_factory=bytearray)
    chunks: int = 0


class Front:
    """Takes requests from granian and answers them from a WSGI application.

    :param app: the application; called in granian's threads.
    :param environs: how to build an environ for this listener.
    :param max_body_bytes: a body that is larger, declared or chunked, is answered with 413.
    :param body_timeout_s: seconds from the end of the head to the end of the body; ``expire`` enforces it.
    :param access_log: write a JSON line for each request: method, beginning of the path, status, time, bytes,
        address. Never the query string or a body, which carry codes and tokens.
    :param lane: where requests wait that take long, so that they never take all threads.
    :ivar last_taken: when the last request came (``time.monotonic``).
    :ivar leaving: end every connection with its next answer, because this process is about to end.
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
        self._too_large = f"The request body is larger than {max_body_bytes} bytes"
        self._patience = body_timeout_s
        self._access_log = access_log
        self._lane = lane or SlowLane(frozenset(), 0)
        self._waiting = WaitingLane()
        self.leaving = False
        self.last_taken = float("-inf")
        self._numbers = itertools.count()
        # Single dict operations are atomic, so whoever pops an entry owns it: a request needs no lock.
        self._pending: dict[int, _Pending] = {}
        self._running: dict[int, None] = {}

    @property
    def idle(self) -> bool:
        """Whether no request is being worked on or waited for."""
        return not self._pending and not self._running and self._lane.idle and self._waiting.idle

    def take(self, scope: Scope, exchange: Exchange) -> None:
        """Accept one request; never raises, the answer goes to ``exchange`` now or later."""
        self.last_taken = time.monotonic()
        try:
            environ = self._environs.build(scope)
            if "HTTP_TRANSFER_ENCODING" in environ:
                self._take_chunked(environ, exchange)
            elif environ.get("CONTENT_LENGTH", "0") != "0":
                self._take_sized(environ, exchange)
            else:
                self._start(environ, exchange, b"")
        except BadRequest as error:
            refuse(exchange, 400, str(error), id_of(scope))
        except Exception:
            request_id = id_of(scope)
            with answering(request_id):
                log.exception("a request could not be taken")
            refuse(exchange, 500, "Internal server error", request_id)

    def expire(self, now: float) -> None:
        """Answer 408 to every request whose body should have been here by ``now`` (``time.monotonic``), and what it
        has to every one that has waited too long for its turn in the lane."""
        self._waiting.expire(now)
        for number, pending in list(self._pending.items()):
            if pending.deadline <= now and self._pending.pop(number, None) is not None:
                self._refuse_pending(pending, 408, "The request body took too long")
                if pending.future is not None:
                    pending.future.cancel()

    def _take_sized(self, environ: Environ, exchange: Exchange) -> None:
        length = _declared(environ["CONTENT_LENGTH"])
        if length > self._cap:
            self._refuse(environ, exchange, 413, self._too_large)
            return
        self._await_body(environ, exchange, length)

    def _take_chunked(self, environ: Environ, exchange: Exchange) -> None:
        if "CONTENT_LENGTH" in environ or environ["HTTP_TRANSFER_ENCODING"].strip().lower() != "chunked":
            raise BadRequest("Transfer-Encoding: expected chunked alone, without Content-Length")
        self._await_body(environ, exchange, None)

    def _await_body(self, environ: Environ, exchange: Exchange, length: int | None) -> None:
        number = next(self._numbers)
        self._pending[number] = _Pending(time.monotonic() + self._patience, environ, exchange, length)
        self._read_on(number)

    def _read_on(self, number: int) -> None:
        """Ask for more until it has to be waited for; its arrival calls ``_arrived``."""
        while (pending := self._pending.get(number)) is not None:
            future = pending.future = pending.exchange.receive()
            if not future.done():
                # The number, not the record, which holds the future: a circle through granian's objects is never
                # collected.
                future.add_done_callback(lambda future: self._arrived(number, future))
                return
            self._keep(number, future)

    def _arrived(self, number: int, future: Future) -> None:
        self._keep(number, future)
        self._read_on(number)

    def _keep(self, number: int, future: Future) -> None:
        """Store what came; run the application when that is all of it, refuse the request over it otherwise."""
        pending = self._pending.get(number)
        if pending is None:
            return
        # Not by catching what result() raises: the traceback would refer to this frame and the frame to the
        # future, which holds the exception; again a circle.
        message = future.result() if future.exception() is None else {}
        if message.get("type") != "http.request":
            self._refuse_body(number, 400, "The request body is not complete")
            return
        pending.body += message["body"]
        pending.chunks += 1
        chunked = pending.length is None
        if len(pending.body) > self._cap or (chunked and pending.chunks > _MAX_CHUNKS):
            self._refuse_body(number, 413, self._too_large)
        elif len(pending.body) == pending.length or (chunked and not message["more_body"]):
            if self._pending.pop(number, None) is not None:
                self._start(pending.environ, pending.exchange, bytes(pending.body))
        elif not message["more_body"]:
            self._refuse_body(number, 400, "The request body ended before its Content-Length")

    def _refuse_body(self, number: int, status: int, text: str) -> None:
        pending = self._pending.pop(number, None)
        if pending is not None:
            self._refuse_pending(pending, status, text)

    def _refuse_pending(self, pending: _Pending, status: int, text: str) -> None:
        seconds = time.monotonic() - (pending.deadline - self._patience)
        self._refuse(pending.environ, pending.exchange, status, text, seconds)

    def _refuse(
        self, environ: Environ, exchange: Exchange, status: int, text: str, seconds: float = 0.0
    ) -> None:
        """Answer a request that the application never sees."""
        answer = plain(status, text)
        send(exchange, answer, environ[REQUEST_ID])
        if self._access_log:
            with answering(environ[REQUEST_ID]):
                _write_access(environ, answer, seconds)

    def _start(self, environ: Environ, exchange: Exchange, body: bytes) -> None:
        if self._lane.takes(environ):
            self._lane.run(lambda: self._run(environ, exchange, body))
        else:
            self._run(environ, exchange, body)

    def _run(
        self, environ: Environ, exchange: Exchange, body: bytes, granted: frozenset[Errand] = frozenset()
    ) -> None:
        with answering(environ[REQUEST_ID]):
            self._answer(environ, exchange, body, granted)

    def _answer(self, environ: Environ, exchange: Exchange, body: bytes, granted: frozenset[Errand]) -> None:
        number = next(self._numbers)
        self._running[number] = None
        started = time.perf_counter() if self._access_log else 0.0
        place, fresh = Elsewhere(granted), environ.copy()
        try:
            attach_body(environ, body)
            with served_at(place):
                answer = call(self._app, environ)
        except BaseException:  # SystemExit too: a plugin's page must not end the thread that it is made in
            log.exception("the application failed on %s %s", environ["REQUEST_METHOD"], environ["PATH_INFO"])
            answer = plain(500, "Internal server error")
        try:
            if place.wanted is None:
                self._send(environ, exchange, answer, started)
            else:
                fresh.update({name: value for name, value in environ.items() if name.startswith(KEPT)})
                self._move(
                    place,
                    lambda granted: self._run(fresh, exchange, body, granted),
                    lambda: self._send(environ, exchange, answer, started),
                )
        finally:
            self._running.pop(number, None)

    def _move(
        self, place: Elsewhere, again: Callable[[frozenset[Errand]], None], refuse_it: Callable[[], None]
    ) -> None:
        """Let a request start again where it may wait, or answer what it has answered here."""
        assert place.wanted is not None

        request_id = current_id()

        def give_up() -> None:
            with answering(request_id):
                place.refused()
                refuse_it()

        granted = place.granted | {place.wanted}
        deadline = time.monotonic() + PATIENCE_S
        if not self._waiting.put(Waiter(place.wanted, lambda: again(granted), give_up, deadline)):
            give_up()

    def _send(self, environ: Environ, exchange: Exchange, answer: Answer, started: float) -> None:
        if self.leaving:
            answer[1].append(("connection", "close"))
        try:
            send(exchange, answer, environ[REQUEST_ID])
        except Exception:
            log.exception("an answer of the application could not be sent")
            refuse(exchange, 500, "Internal server error", environ[REQUEST_ID])
        if self._access_log:
            _write_access(environ, answer, time.perf_counter() - started)


def _declared(text: str) -> int:
    """A Content-Length as a number (RFC 9110 section 8.6).

    :raises BadRequest: when it is not a plain decimal number.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        raise BadRequest("Content-Length: expected a decimal number")
    return int(text)


def _write_access(environ: Environ, answer: Answer, seconds: float) -> None:
    facts = {
        "method": environ["REQUEST_METHOD"],
        "path": environ["PATH_INFO"][:_LOGGED_PATH].encode("latin-1").decode("utf-8", "replace"),
        "status": answer[0],
        "ms": round(seconds * 1000, 1),
        "bytes": len(answer[2]),
        "remote": environ["REMOTE_ADDR"],
    }
    access.info("%s %s %s", facts["method"], facts["path"], facts["status"], extra={FIELDS: facts})
