"""Reading what a browser sent: strict, and never an exception but ``InvalidInput``."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from consentcore.domain.errors import InvalidInput
from consentcore.domain.text import check_unicode

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


def parse_fields(raw: bytes, where: str) -> Fields:
    """Parse ``application/x-www-form-urlencoded`` text.

    :raises InvalidInput: on more than 500 fields, naming ``where``; naming the field, when what it holds is no text:
        not UTF-8 (of which surrogates are no part, RFC 3629 section 3), or with a NUL.
    """
    try:
        # Octets that are no UTF-8 come through, so that it can be said where they are.
        pairs = parse_qsl(
            raw.decode("ascii", "surrogateescape"),
            keep_blank_values=True,
            errors="surrogateescape",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError as error:
        raise InvalidInput(where, f"expected at most {MAX_FIELDS} fields") from error
    names = [_text(name, where) for name, _ in pairs]
    return Fields([(name, _text(value, name)) for name, (_, value) in zip(names, pairs, strict=True)])


def _text(escaped: str, field: str) -> str:
    try:
        text = escaped.encode("utf-8", "surrogateescape").decode()
    except UnicodeDecodeError as error:
        raise InvalidInput(field, "expected text in UTF-8") from error
    check_unicode(field, text)
    return text


def query_fields(request: Request) -> Fields:
    """The query string of a request.

    :raises InvalidInput: see :func:`parse_fields`.
    """
    return parse_fields(request.environ.get("QUERY_STRING", "").encode("latin-1"), "query")


def posted_fields(request: Request) -> Fields:
    """The form that a request posted.

    :raises InvalidInput: wrong content type, or see :func:`parse_fields`.
    """
    content_type = request.environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    if request.body and content_type != FORM_TYPE:
        raise InvalidInput("Content-Type", f"expected {FORM_TYPE}")
    return parse_fields(request.body, "form")
