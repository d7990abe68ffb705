"""Texts that somebody typed into a form."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from consentcore.domain.errors import InvalidInput
from consentcore.domain.owner import normalise_email

MAX_NAME = 100
MAX_PURPOSE = 500
MAX_URL = 2000


@contextmanager
def named(field: str) -> Iterator[None]:
    """Let an InvalidInput name the field that somebody filled in instead of what it became."""
    try:
        yield
    except InvalidInput as error:
        raise InvalidInput(field, error.expected) from None


def line(field: str, text: str, longest: int, *, needed: bool = False) -> str:
    """A line of printable text. :raises InvalidInput: when it is empty, too long or holds control characters."""
    stripped = text.strip()
    if len(stripped) > longest or (needed and not stripped):
        raise InvalidInput(field, f"expected {int(needed)} to {longest} characters")
    if not stripped.isprintable():
        raise InvalidInput(field, "expected no line breaks and no control characters")
    return stripped


def mailbox(field: str, text: str) -> str:
    """An address or "". :raises InvalidInput: when it is neither."""
    if not text.strip():
        return ""
    with named(field):
        return normalise_email(text)


def web_address(field: str, url: str) -> str:
    """An address of a page or "". :raises InvalidInput: when it is neither."""
    text = line(field, url, MAX_URL)
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in {"https", "http"} or not host or parts.username is not None or " " in text:
        raise InvalidInput(field, "expected an URL such as https://example.com/")
    return text
