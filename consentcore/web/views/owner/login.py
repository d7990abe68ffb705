"""Login and logout."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyramid.view import view_config

from consentcore.domain.owner import OwnerSession
from consentcore.domain.secret import digest
from consentcore.ports.login import Authenticated, LoginAttempt, Throttled
from consentcore.web.interactions import pending, url_for
from consentcore.web.pages import page
from consentcore.web.redirects import see_other

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response

OWN_PAGE = re.compile(r"/(?!/)[A-Za-z0-9/_-]*")
WRONG = (
    "The e-mail address and the password do not belong together. Nothing else was wrong: please try again."
)
TOO_MANY = "There were too many wrong attempts. Please wait {} and try again."


@view_config(route_name="login", request_method="GET")
def show_login(request: Request) -> Response:
    """The login page; with ``i`` it says which application waits."""
    return _form(request, request.query.one("i"), request.query.one("next"))


@view_config(route_name="login", request_method="POST")
def log_in(request: Request) -> Response:
    """Check the credentials before the transaction is touched, then start a new session."""
    form = request.form
    interaction_id, after = form.one("i"), form.one("next")
    attempt = LoginAttempt(form.one("email"), form.one("password"), request.remote_addr or "", request.now)
    outcome = request.runtime.login.authenticate(attempt)
    if isinstance(outcome, Throttled):
        wait = (
            f"{outcome.retry_after_s} seconds"
            if outcome.retry_after_s < 120
            else f"{outcome.retry_after_s // 60} minutes"
        )
        response = _form(request, interaction_id, after, error=TOO_MANY.format(wait), status=429)
        response.headers["Retry-After"] = str(outcome.retry_after_s)
        return response
    if not isinstance(outcome, Authenticated):
        return _form(request, interaction_id, after, error=WRONG, status=400)
    return _start_session(request, outcome, interaction_id, after)


def _start_session(request: Request, who: Authenticated, interaction_id: str, after: str) -> Response:
    old, new = request.browser.hash, digest(request.browser.renew())
    owners, now = request.uow.owners, request.now
    owners.end_session(old)
    lifetime = int(request.runtime.settings.web.session_ttl_s * 1000)
    owners.add_session(OwnerSession(new, who.owner_id, now, now + lifetime, now, who.acr, who.amr))
    if interaction_id and request.uow.interactions.bind(digest(interaction_id), old, new, who.owner_id):
        return see_other(url_for("/consent", interaction_id))
    return see_other(after if OWN_PAGE.fullmatch(after) else "/consents")


@view_config(route_name="logout", request_method="POST")
def log_out(request: Request) -> Response:
    """End the session on the server and in the browser."""
    request.uow.owners.end_session(request.browser.hash)
    request.browser.renew()
    return see_other("/login")


def _form(
    request: Request, interaction_id: str, after: str, *, error: str = "", status: int = 200
) -> Response:
    client = None
    if interaction_id:
        client = request.uow.clients.get(pending(request, interaction_id).request.client_id)
    return page(
        request,
        "login.jinja2",
        status=status,
        viewer=None,
        interaction_id=interaction_id,
        after=after,
        client=client,
        error=error,
        email=request.form.one("email") if request.method == "POST" else "",
    )
