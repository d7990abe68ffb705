"""Which request this thread answers, and whether the log already says why it could not be answered."""

from __future__ import annotations

import random
import re
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging

REQUEST_ID = "consentcore.request_id"
"""In a WSGI environ: the id of the request, for its answer and every log line."""

MAX_ID = 128
# Of printable ASCII what a token may hold (RFC 9110 section 5.6.2), and what UUID URNs, paths and base64 need besides:
# no blank, quotation mark, comma or bracket, so that it stays one word in any log.
_ID = re.compile(rf"[A-Za-z0-9!#$%&'*+.^_`|~:/=@-]{{1,{MAX_ID}}}")


@dataclass(slots=True)
class _Request:
    request_id: str
    told: bool = False


_current: ContextVar[_Request | None] = ContextVar("consentcore_current_request", default=None)


def chosen_id(given: str) -> str:
    """The id of a request: what came as ``X-Request-ID`` if it is one, else a new one of 128 random bits.

    :param given: the header, "" without one; of 1 to 128 characters, printable ASCII without blanks, quotation marks,
        commas and brackets.
    """
    if given and _ID.fullmatch(given):
        return given
    return f"{random.getrandbits(128):032x}"  # tells requests apart and opens nothing


class answering:  # noqa: N801 - used as a function; a generator would take three times as long
    """Log lines of this thread belong to a request until the block ends."""

    __slots__ = ("_mark", "_request_id")

    def __init__(self, request_id: str) -> None:
        self._request_id = request_id

    def __enter__(self) -> None:
        self._mark = _current.set(_Request(self._request_id))

    def __exit__(self, *_: object) -> None:
        _current.reset(self._mark)


def current_id() -> str:
    """The id of the request that this thread answers, "" when it answers none."""
    request = _current.get()
    return request.request_id if request else ""


def log_cause(
    logger: logging.Logger, text: str, *arguments: object, exc_info: BaseException | None = None
) -> None:
    """Log at ERROR why a request cannot be answered; whoever comes later finds it :func:`is_told`."""
    logger.error(text, *arguments, exc_info=exc_info)
    mark_told()


def mark_told() -> None:
    """The log says, or has said lately, why this request cannot be answered."""
    request = _current.get()
    if request is not None:
        request.told = True


def is_told() -> bool:
    """Whether the log says why this request cannot be answered."""
    request = _current.get()
    return request is not None and request.told
