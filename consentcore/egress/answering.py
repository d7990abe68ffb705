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
from typing import TYPE_CHECKING, Any

from consentcore.egress.transport import MAX_ANSWER, Received

if TYPE_CHECKING:
    from http.client import HTTPConnection

    from consentcore.egress.transport import DeadlineSocket

_LINE = re.compile(rb"(HTTP/1\.[0-9]) ([1-9][0-9]{2})(?: ([^\r\n]*))?\r?\n?")
_LONGEST_LINE = 65536
_SWITCHING = 101


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


def receive(http: HTTPConnection, wrapped: DeadlineSocket, *, status_counts: bool) -> Received:
    """Read an answer.

    :param status_counts: what comes after the final status line may be late, broken or missing: the receiver has
        decided. Without it the answer has to come whole, but for its length.
    :raises http.client.HTTPException: when it is not HTTP.
    :raises OSError: when the connection breaks.
    """
    made: list[_Answer] = []

    def answer(*arguments: Any, **more: Any) -> _Answer:
        made.append(_Answer(*arguments, **more))
        return made[-1]

    http.response_class = answer  # type: ignore[assignment]  # a class, or what makes one's objects
    try:
        return _whole(http.getresponse(), wrapped)
    except (HTTPException, OSError, ValueError):
        final = made[-1].final if made else None
        if final is None or not status_counts:
            raise
        # Of headers that did not all come none is believed.
        headers = _headers(made[-1]) if made[-1].headers is not None else {}
        return Received(final, headers, b"", reusable=False)


def _whole(response: HTTPResponse, wrapped: DeadlineSocket) -> Received:
    whole = True
    try:
        body = response.read(MAX_ANSWER)
    except IncompleteRead as error:
        # The status has arrived and counts; what is missing is only text for the log.
        body, whole = error.partial, False
    whole = whole and response.isclosed() and not wrapped.buffered.surplus
    return Received(response.status, _headers(response), body, reusable=whole and not response.will_close)


def _headers(response: HTTPResponse) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in response.getheaders():
        found.setdefault(name.lower(), value)
    return found
