"""Texts that somebody typed into a form."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from consentcore.domain.errors import InvalidInput
from consentcore.domain.text import check_text, is_visible
from consentcore.hosts import ascii_url
from consentcore.mailbox import normalise_email

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
    """A line of text, trimmed.

    :raises InvalidInput: when it is too long, or holds a character that may not stand in a
    text; with ``needed`` also when there is nothing in it that can be seen."""
    stripped = text.strip()
    check_text(field, stripped)
    if len(stripped) > longest or (needed and not is_visible(stripped)):
        raise InvalidInput(field, f"expected {int(needed)} to {longest} characters")
    return stripped


def mailbox(field: str, text: str) -> str:
    """An address or "".

    :raises InvalidInput: when it is neither.
    """
    if not text.strip():
        return ""
    with named(field):
        return normalise_email(text)


def web_address(field: str, url: str) -> str:
    """An address of a page or "", its host in ASCII: who follows it may know IDNA 2003 only, and mean another's.

    :raises InvalidInput: when it is neither.
    """
    text = line(field, url, MAX_URL)
    if not text:
        return ""
    wrong = InvalidInput(field, "expected an URL such as https://example.com/")
    try:
        parts = urlsplit(text)
        if parts.scheme not in {"https", "http"} or not parts.hostname:
            raise wrong
    except ValueError:
        raise wrong from None
    if parts.username is not None or any(sign.isspace() for sign in text):
        raise wrong
    try:
        return ascii_url(text)
    except ValueError as error:
        raise InvalidInput(field, f"expected {error}") from None
