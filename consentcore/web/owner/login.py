"""Login with a password of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.view import view_config

from consentcore.consent.pending import asking_client
from consentcore.domain.message import message
from consentcore.ports.login import Authenticated, LoginAttempt, Throttled
from consentcore.web.csrf import ANY_PERSON
from consentcore.web.owner.account_pages import too_many_attempts
from consentcore.web.owner.interactions import another_sign_in, asked_of_sign_in, pending_interaction
from consentcore.web.owner.sign_ins import SessionRenewal, start_session
from consentcore.web.pages import page
from consentcore.web.redirects import see_other
from consentcore.web.tweens import leads_away

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response

WRONG = message(
    "The e-mail address and the password do not belong together. Nothing else was wrong: please try again."
)


@view_config(route_name="login", request_method="GET")
def show_login(request: Request) -> Response:
    """The login page; with ``i`` it says which application waits."""
    return _form(request, request.query.one("i"), request.query.one("next"))


@view_config(route_name="login", request_method="POST", require_csrf=ANY_PERSON)
def log_in(request: Request) -> Response:
    """Check the credentials before the transaction is touched, then start a new session."""
    form = request.form
    interaction_id, after = form.one("i"), form.one("next")
    attempt = LoginAttempt(
        form.one("email"),
        form.one("password"),
        request.remote_addr or "",
        request.now,
        asked_of_sign_in(request, interaction_id),
    )
    outcome = request.runtime.passwords.authenticate(attempt)
    if isinstance(outcome, Throttled):
        return _too_many(request, interaction_id, after, outcome.retry_after_s)
    if not isinstance(outcome, Authenticated):
        return _form(request, interaction_id, after, error=WRONG, status=400)
    renewal = SessionRenewal.of(request)
    return see_other(
        start_session(request, request.uow, renewal, outcome, interaction_id=interaction_id, after=after)
    )


def _too_many(request: Request, interaction_id: str, after: str, seconds: int) -> Response:
    error = too_many_attempts(seconds)
    response = _form(request, interaction_id, after, error=error, status=429)
    response.headers["Retry-After"] = str(seconds)
    return response


def _form(
    request: Request, interaction_id: str, after: str, *, error: str = "", status: int = 200
) -> Response:
    waiting = pending_interaction(request, interaction_id) if interaction_id else None
    asked = waiting.request if waiting else None
    client = asking_client(request.uow, asked) if asked else None
    email = asked.login_hint if asked else ""
    response = page(
        request,
        "login.jinja2",
        status=status,
        viewer=None,
        interaction_id=interaction_id,
        after=after,
        client=client,
        signed_in=request.owner,
        again=another_sign_in(request, waiting) if waiting else "",
        error=error,
        email=request.form.one("email") if request.method == "POST" else email,
    )
    return leads_away(response) if interaction_id else response
