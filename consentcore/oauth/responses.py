"""Answers of the protocol endpoints: always JSON, never cached (RFC 6749 section 5.1)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from consentcore.oauth.messages import HttpResponse

if TYPE_CHECKING:
    from consentcore.oauth.errors import ProtocolError

NO_STORE = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
JSON = ("Content-Type", "application/json")


def answer(body: str, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Wrap JSON text."""
    return HttpResponse(status, [JSON, *NO_STORE, *(headers or {}).items()], body.encode())


def json_answer(
    members: Mapping[str, object], status: int = 200, headers: Iterable[tuple[str, str]] = ()
) -> HttpResponse:
    """Write ``members`` as JSON."""
    return answer(json.dumps(members), status, dict(headers))


def empty_answer() -> HttpResponse:
    """200 without a body (RFC 7009 section 2.2). Gap 19: oauthlib sends no headers at all."""
    return HttpResponse(200, list(NO_STORE), b"")


def error_answer(error: ProtocolError) -> HttpResponse:
    """Write a refusal."""
    members = {"error": error.error}
    if error.description:
        members["error_description"] = error.description
    return answer(json.dumps(members), error.status, error.headers)
