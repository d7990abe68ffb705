"""Reading what a browser sent: strict, and never an exception but ``InvalidInput``."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from consentcore.domain.errors import InvalidInput

if TYPE_CHECKING:
    from pyramid.request import Request

FORM_TYPE = "application/x-www-form-urlencoded"
MAX_FIELDS = 500


class Fields:
    """Names and values of a query string or a posted form."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._pairs = pairs

    def one(self, name: str) -> str:
        """The value of ``name``, or "" when absent.

        :raises InvalidInput: when it came twice.
        """
        values = self.all(name)
        if len(values) > 1:
            raise InvalidInput(name, "expected once")
        return values[0] if values else ""

    @property
    def names(self) -> list[str]:
        """Every name, once, in order."""
        return list(dict.fromkeys(name for name, _ in self._pairs))

    def once(self) -> dict[str, str]:
        """Every name with its value.

        :raises InvalidInput: when one came twice.
        """
        return {name: self.one(name) for name, _ in self._pairs}

    def all(self, name: str) -> list[str]:
        """Every value of ``name``, in order."""
        return [value for key, value in self._pairs if key == name]


def parse_fields(raw: str, where: str) -> Fields:
    """Parse ``application/x-www-form-urlencoded`` text.

    :raises InvalidInput: on broken UTF-8, a NUL, or more than 500 fields.
    """
    try:
        pairs = parse_qsl(raw, keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise InvalidInput(where, f"expected at most {MAX_FIELDS} fields in UTF-8") from error
    if any("\0" in text for pair in pairs for text in pair):
        raise InvalidInput(where, "expected text without NUL")
    return Fields(pairs)


def query_fields(request: Request) -> Fields:
    """The query string of a request. :raises InvalidInput: see :func:`parse_fields`."""
    return parse_fields(request.environ.get("QUERY_STRING", ""), "query")


def posted_fields(request: Request) -> Fields:
    """The form that a request posted.

    :raises InvalidInput: wrong content type, or see :func:`parse_fields`.
    """
    content_type = request.environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    if request.body and content_type != FORM_TYPE:
        raise InvalidInput("Content-Type", f"expected {FORM_TYPE}")
    try:
        raw = request.body.decode("ascii")
    except UnicodeDecodeError as error:
        raise InvalidInput("form", "expected percent-encoded UTF-8") from error
    return parse_fields(raw, "form")
