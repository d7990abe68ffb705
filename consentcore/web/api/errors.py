"""Every error under ``/api/`` as JSON: ``{"error", "error_description"}``, as at the token endpoint."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from pyramid.exceptions import PredicateMismatch
from pyramid.httpexceptions import HTTPException, HTTPForbidden

from consentcore.domain.errors import (
    DirectoryUnavailable,
    InvalidInput,
    InvalidTransition,
    NotFound,
    StorageConflict,
    StorageUnavailable,
)
from consentcore.domain.event_kinds import EventType
from consentcore.egress import Busy
from consentcore.logs import log_cause
from consentcore.oauth.errors import ProtocolError, bad_request, unavailable
from consentcore.oauth.responses import error_answer
from consentcore.web.csrf import BadCsrf
from consentcore.web.failures import CAUSE
from consentcore.web.methods import not_allowed
from consentcore.web.oauth.adapter import sent

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.request import Request
    from pyramid.response import Response

log = logging.getLogger("consentcore.web")

NOT_HERE = "There is no such thing, or it is not yours"
_ENDED = "The grant has ended already"
_STANDS = "The grant stands, or no event says yet that it has ended"
_ERRORS = {404: "not_found", 405: "method_not_allowed", 413: "invalid_request"}


def on_error(context: Exception, request: Request) -> Response:
    """Turn whatever a view raised into an answer."""
    return sent(error_answer(_translated(context, request)))


def _translated(context: Exception, request: Request) -> ProtocolError:
    if isinstance(context, ProtocolError):
        return context
    if isinstance(context, InvalidInput):
        return bad_request(str(context))
    if isinstance(context, NotFound):
        return ProtocolError(404, "not_found", NOT_HERE)
    if isinstance(context, InvalidTransition):
        return ProtocolError(
            409, "conflict", _STANDS if context.wanted == EventType.DELETION_CONFIRMED else _ENDED
        )
    if isinstance(context, Busy):
        return unavailable(context.retry_after_s)
    if isinstance(context, DirectoryUnavailable):
        request.environ[CAUSE] = str(context)
        return unavailable()
    if isinstance(context, StorageUnavailable | StorageConflict):
        return unavailable()
    if isinstance(context, PredicateMismatch):
        context = not_allowed(request) or context
    if isinstance(context, HTTPException) and context.status_int >= 400:
        return _of_framework(context)
    log_cause(log, "unexpected error on %s %s", request.method, request.path, exc_info=context)
    return ProtocolError(500, "server_error", "This is a mistake of the server, and has been written down")


def _of_framework(context: HTTPException) -> ProtocolError:
    status = context.status_int
    kept = {name: context.headers[name] for name in ("Allow", "Retry-After") if name in context.headers}
    text = NOT_HERE if status == 404 else str(context.detail or context.title)
    return ProtocolError(status, _ERRORS.get(status, "invalid_request"), text, kept)


def includeme(config: Configurator) -> None:
    """Register it beside every view for pages: the predicate makes it the first choice."""
    for error in (
        HTTPException,
        HTTPForbidden,
        BadCsrf,
        PredicateMismatch,
        ProtocolError,
        InvalidInput,
        NotFound,
        InvalidTransition,
        Busy,
        DirectoryUnavailable,
        StorageUnavailable,
        StorageConflict,
        Exception,
    ):
        config.add_exception_view(on_error, context=error, path_info=r"^/api/")
