"""A file that a browser sends with a form (RFC 7578): one part, or what was pasted in its place."""

from __future__ import annotations

from email.message import Message
from typing import TYPE_CHECKING

from consentcore.domain.errors import InvalidInput

if TYPE_CHECKING:
    from pyramid.request import Request

MULTIPART = "multipart/form-data"
MOST_PARTS = 20
_LONGEST_BOUNDARY = 70
"""RFC 2046 section 5.1.1."""


def posted_parts(request: Request) -> dict[str, bytes]:
    """What a multipart form holds, by the names of its fields; of those with one name the first that is not empty.

    :raises InvalidInput: field ``Content-Type``, when it is no such form; ``form``, when it is cut off.
    """
    boundary = _boundary(request.environ.get("CONTENT_TYPE", ""))
    # The first boundary has no line before it.
    sections = (b"\r\n" + request.body).split(b"\r\n--" + boundary)
    if len(sections) < 2 or not sections[-1].startswith(b"--"):
        raise InvalidInput("form", "expected a whole form")
    if len(sections) > MOST_PARTS:
        raise InvalidInput("form", f"expected at most {MOST_PARTS} fields")
    found: dict[str, bytes] = {}
    for section in sections[1:-1]:
        head, blank, content = section.partition(b"\r\n\r\n")
        if not blank:
            raise InvalidInput("form", "expected a whole form")
        name = _parameter(_disposition(head), "name")
        found[name] = found.get(name) or content
    return found


def _boundary(content_type: str) -> bytes:
    if content_type.partition(";")[0].strip().lower() != MULTIPART:
        raise InvalidInput("Content-Type", f"expected {MULTIPART}")
    found = _parameter(content_type, "boundary").encode("latin-1", "replace")
    if not 0 < len(found) <= _LONGEST_BOUNDARY:
        raise InvalidInput("Content-Type", "expected a boundary of 1 to 70 characters")
    return found


def _disposition(head: bytes) -> str:
    for line in head.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-disposition":
            return value.strip()
    return ""


def _parameter(header: str, name: str) -> str:
    message = Message()
    message["x"] = header.replace("\n", " ").replace("\r", " ")
    found = message.get_param(name, "", "x")
    return found if isinstance(found, str) else ""
