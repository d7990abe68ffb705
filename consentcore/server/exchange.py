"""What granian hands over with a request, and how it is answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from consentcore.server.environ import Answer


class Future(Protocol):
    """granian's awaitable, used without an event loop: its callback runs in a granian thread."""

    def add_done_callback(self, callback: Callable[[Any], None]) -> None: ...
    def cancel(self) -> bool: ...
    def done(self) -> bool: ...
    def exception(self) -> BaseException | None: ...
    def result(self) -> Mapping[str, Any]: ...


class Exchange(Protocol):
    """granian's ASGI protocol object: one request's body and the one answer to it. Thread-safe."""

    def receive(self) -> Future: ...
    def send(self, message: dict[str, Any]) -> object: ...


def send(exchange: Exchange, answer: Answer, request_id: str) -> None:
    """Give granian an answer of a WSGI application, whose header texts are Latin-1 (PEP 3333), and the request's id.

    :raises Exception: when it cannot be one; nothing has been sent then.
    """
    status, headers, body = answer
    fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    fields.append((b"server", b"consentcore"))  # else granian adds its own name
    fields.append((b"x-request-id", request_id.encode()))
    exchange.send({"type": "http.response.start", "status": status, "headers": fields})
    exchange.send({"type": "http.response.body", "body": body})


def refuse(exchange: Exchange, status: int, text: str, request_id: str) -> None:
    """Answer with a line of plain text and end the connection."""
    send(exchange, plain(status, text), request_id)


def plain(status: int, text: str) -> Answer:
    """A line of plain text that ends the connection."""
    headers = [
        ("content-type", "text/plain; charset=utf-8"),
        ("cache-control", "no-store"),
        ("connection", "close"),
    ]
    return status, headers, (text + "\n").encode()
