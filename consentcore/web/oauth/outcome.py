"""What becomes of an authorization request before anybody is asked: by the view, or before Pyramid sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentcore.domain.secret import digest
from consentcore.oauth.messages import Pending

if TYPE_CHECKING:
    from typing import Any

    from pyramid.request import Request

    from consentcore.oauth.messages import PageError, Redirect
    from consentcore.runtime import Runtime

OUTCOME = "consentcore.authorize_outcome"
"""In the environ: what was found out before Pyramid saw the request, or the error of that. It is used up by the view,
for it was read, and may have used a pushed request up."""


def outcome(runtime: Runtime, query: str, sid: str | None) -> PageError | Redirect | Pending:
    """Judge a request, and use a remembered consent.

    :param query: the raw query string.
    :param sid: the id of the browser's session; None without one.
    :returns: ``Pending`` for what somebody has to be asked.
    :raises StorageError: nothing was stored.
    """
    found = runtime.server.authorization.validate(query, digest(sid) if sid is not None else None)
    return runtime.interactions.at_once(found, runtime.clock.now()) if isinstance(found, Pending) else found


def outcome_of(request: Request) -> PageError | Redirect | Pending:
    """The same for a request that is Pyramid's, found out now unless it was before.

    :raises Exception: whatever went wrong then, or now.
    """
    found: Any = request.environ.pop(OUTCOME, None)
    if found is None:
        browser = request.browser
        query = request.environ.get("QUERY_STRING", "")
        found = outcome(request.runtime, query, browser.sid if browser.known else None)
    elif isinstance(found, Exception):
        raise found
    return found
