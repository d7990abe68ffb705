"""JSON bodies of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from consentcore.domain.errors import InvalidInput
from consentcore.domain.json_text import read_json
from consentcore.domain.text import check_unicode
from consentcore.oauth.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyramid.request import Request

LONGEST_BODY = 16 * 1024


class Objects(list[dict[str, object]]):
    """The type of a list of JSON objects."""


def members(request: Request, *, longest: int = LONGEST_BODY, **known: type) -> dict[str, Any]:
    """The members of the JSON object in the body; none when there is no body.

    :param longest: bytes of the body.
    :param known: names with the type of their values; a list is one of strings.
    :raises InvalidInput: naming what is wrong.
    :raises ProtocolError: 415 when it is not JSON.
    """
    raw: bytes = request.body
    if not raw:
        return {}
    if request.content_type != "application/json":
        raise ProtocolError(415, "invalid_request", "body: expected application/json")
    if len(raw) > longest:
        raise InvalidInput("body", f"expected at most {longest} bytes")
    found = _object(raw)
    for name, value in found.items():
        if name not in known:
            raise InvalidInput(name[:40], f"expected one of {', '.join(known) or 'no members'}")
        _check_type(name, value, known[name])
    return found


def texts(found: dict[str, Any], name: str) -> Sequence[str] | None:
    """A list of strings that may be missing."""
    value: Sequence[str] | None = found.get(name)
    return value


def _object(raw: bytes) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        if len(set(names)) < len(names):
            raise InvalidInput("body", "expected every member once")
        return dict(pairs)

    try:
        found = read_json(raw, once)
    except ValueError:
        raise InvalidInput("body", "expected a JSON object in UTF-8") from None
    if not isinstance(found, dict):
        raise InvalidInput("body", "expected a JSON object")
    return found


def _check_type(name: str, value: object, wanted: type) -> None:
    if wanted is list:
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise InvalidInput(name, "expected a list of strings")
    elif wanted is Objects:
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise InvalidInput(name, "expected a list of objects")
    elif not isinstance(value, wanted):
        raise InvalidInput(name, "expected true or false" if wanted is bool else "expected a string")
    for text in value if isinstance(value, list) else [value]:
        if isinstance(text, str):
            check_unicode(name, text)
