"""The scope catalog for everybody: ``/scopes`` and ``/scopes.json``."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from pyramid.view import view_config

from consentcore.web.developer.scope_catalog import build, catalog_document
from consentcore.web.oauth.adapter import MAX_AGE_S, document
from consentcore.web.pages import page_for_anybody

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response


@view_config(route_name="developer.scopes", request_method="GET", require_csrf=False)
def scopes(request: Request) -> Response:
    """What applications can ask for, in the language of the browser."""
    response = page_for_anybody(request, "scopes.jinja2", page=build(request))
    response.headers["Cache-Control"] = f"public, max-age={MAX_AGE_S}"
    return _told_apart(response)


@view_config(route_name="developer.scopes.json", require_csrf=False)
def scopes_json(request: Request) -> Response:
    """The same in every language, for programs."""
    runtime = request.runtime
    response = document(
        request, "application/json", lambda: catalog_document(runtime.catalog, runtime.languages)
    )
    return _told_apart(response) if response.status_int == 200 else response


def _told_apart(response: Response) -> Response:
    """With an ETag, and 304 for whoever has it already (RFC 9110 section 13.1.2)."""
    response.etag = hashlib.sha256(response.body).hexdigest()[:32]
    response.conditional_response = True
    return response
