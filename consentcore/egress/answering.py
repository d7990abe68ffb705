"""Reading an answer: interim ones are passed over, and a final status counts as soon as its line is in."""

from __future__ import annotations

import re
from http.client import (
    BadStatusLine,
    HTTPException,
    HTTPResponse,
    IncompleteRead,
    RemoteDisconnected,
    parse_headers,
)
from typing import TYPE_CHECKING

from consentcore.egress.transport import MAX_ANSWER, Received

if TYPE_CHECKING:
    from consentcore.egress.transport import DeadlineSocket

_LINE = re.compile(rb"(HTTP/1\.[0-9]) ([1-9][0-9]{2})(?: ([^\r\n]*))?\r?\n?")
_LONGEST_LINE = 65536
_SWITCHING = 101
_BODILESS = frozenset({204, 304})
_PLAIN_LINE = re.compile(rb"HTTP/1\.1 ([2-9][0-9]{2})(?: [^\r\n]*)?")
_PLAIN_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\r\n\0]*)")
_ONCE = frozenset({b"content-length", b"connection"})
_MOST_FIELDS = 50
_MOST_DIGITS = 5


class _Answer(HTTPResponse):
    """:ivar final: the status, once the line of the final answer is in (RFC 9110 section 15.2)."""

    final: int | None = None

    def _read_status(self) -> tuple[str, int, str]:
        """Read the next status line that is final; ``http.client`` passes over 100 and nothing else.

        Any number of interim answers may come: the reader below counts bytes and time. 101 is final: nobody here has
        asked for another protocol (RFC 9110 section 15.2.2).
        """
        while True:
            line = self.fp.readline(_LONGEST_LINE + 1)
            if not line:
                raise RemoteDisconnected("the connection was closed without an answer")
            found = _LINE.fullmatch(line)
            if found is None:
                raise BadStatusLine(repr(line[:200]))
            status = int(found[2])
            if status >= 200 or status == _SWITCHING:
                self.final = status
                return found[1].decode(), status, (found[3] or b"").decode("iso-8859-1")
            parse_headers(self.fp)


def receive(wrapped: DeadlineSocket, request: bytes, *, status_counts: bool) -> Received:
    """Send a request and read its answer.

    :param status_counts: what comes after the final status line may be late, broken or missing: the receiver has
        decided. Without it the answer has to come whole, but for its length.
    :raises http.client.HTTPException: when it is not HTTP.
    :raises OSError: when the connection breaks.
    """
    plain = _plain(wrapped.ask(request))
    if plain is not None:
        return plain
    answer = _Answer(wrapped)  # type: ignore[arg-type]  # as much of a socket as it uses
    try:
        answer.begin()
        return _whole(answer, wrapped)
    except (HTTPException, OSError, ValueError):
        final = answer.final
        if final is None or not status_counts:
            raise
        # Of headers that did not all come none is believed.
        headers = _headers(answer) if answer.headers is not None else {}
        return Received(final, headers, b"", reusable=False)
    finally:
        answer.close()


def _plain(data: bytes) -> Received | None:
    """The answer where it is just what nearly all are, and came at once: a final status, fields of one line each, a
    length and as many bytes. None for any other, of which nothing has been taken then: ``http.client`` reads it, which
    needs ten times as long.
    """
    head, found, body = data.partition(b"\r\n\r\n")
    line, _, rest = head.partition(b"\r\n")
    status = _PLAIN_LINE.fullmatch(line)
    if not found or status is None:
        return None
    fields: dict[bytes, bytes] = {}
    for each in rest.split(b"\r\n") if rest else ():
        field = _PLAIN_FIELD.fullmatch(each)
        if field is None or len(fields) == _MOST_FIELDS:
            return None
        name = field[1].lower()
        if name == b"transfer-encoding" or (name in _ONCE and name in fields):
            return None
        fields.setdefault(name, field[2].strip(b" \t"))
    code, length = int(status[1]), fields.get(b"content-length", b"")
    wanted = 0 if code in _BODILESS else _number(length)
    if wanted != len(body):
        return None
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in fields.items()}
    return Received(code, headers, body, reusable="close" not in headers.get("connection", "").lower())


def _number(length: bytes) -> int:
    """A length of a few digits; -1 for anything else."""
    return int(length) if length.isdigit() and len(length) <= _MOST_DIGITS else -1


def _whole(response: HTTPResponse, wrapped: DeadlineSocket) -> Received:
    whole = True
    try:
        body = response.read(MAX_ANSWER)
    except IncompleteRead as error:
        # The status has arrived and counts; what is missing is only text for the log.
        body, whole = error.partial, False
    whole = whole and response.isclosed() and not wrapped.surplus
    return Received(response.status, _headers(response), body, reusable=whole and not response.will_close)


def _headers(response: HTTPResponse) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in response.getheaders():
        found.setdefault(name.lower(), value)
    return found
