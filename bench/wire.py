"""HTTP/1.1 as far as the load generator needs it: requests as bytes, and answers with a length."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

BODILESS = {204, 304}


class BadAnswer(Exception):
    """What came is no answer that has a length (RFC 9112 section 6.3)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer.

    :ivar location: of a redirect.
    :ivar close: the server ends the connection after it.
    """

    status: int
    location: str
    body: bytes
    close: bool = False


def get(host: str, target: str, cookie: str = "") -> bytes:
    """A GET of a path with its query."""
    more = f"Cookie: {cookie}\r\n" if cookie else ""
    return f"GET {target} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n".encode()


def post(host: str, target: str, fields: Mapping[str, str], proof: str = "") -> bytes:
    """A POST of a form.

    :param proof: of possession, as the header ``DPoP`` has it.
    """
    body = urlencode(fields)
    more = f"DPoP: {proof}\r\n" if proof else ""
    return (
        f"POST {target} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n{more}"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def answer(received: bytes) -> Answer | None:
    """Read the one answer that ``received`` begins, or all of it; None while more has to come.

    :raises BadAnswer: no status line, no length, or something after its end.
    """
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = received[:end]
    if not head.startswith(b"HTTP/1.1 ") or not head[9:12].isdigit():
        raise BadAnswer("no status line")
    status, lower = int(head[9:12]), head.lower()
    length = 0 if status in BODILESS else _length(lower)
    size = end + 4 + length
    if len(received) < size:
        return None
    if len(received) > size:
        raise BadAnswer("more than one answer")
    location = _field(head, lower, b"location") if status in range(300, 400) else b""
    close = _field(lower, lower, b"connection") == b"close"
    return Answer(status, location.decode("latin-1"), received[end + 4 :], close)


def _length(lower: bytes) -> int:
    value = _field(lower, lower, b"content-length")
    if not value.isdigit():
        raise BadAnswer("no content-length")
    return int(value)


def _field(head: bytes, lower: bytes, name: bytes) -> bytes:
    start = lower.find(b"\r\n" + name + b":")
    if start < 0:
        return b""
    start += len(name) + 3
    end = head.find(b"\r\n", start)
    return head[start : end if end >= 0 else len(head)].strip()
