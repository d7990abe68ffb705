"""The owner's account: what it holds, and where it is signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.view import view_config

from consentcore.domain.errors import InvalidInput
from consentcore.domain.message import message
from consentcore.web.pages import page
from consentcore.web.redirects import see_other
from consentcore.web.security import OWNER

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response

DONE = {
    "password": message("Your password was changed. Every other browser was signed out."),
    "sessions": message("That browser was signed out."),
    "language": message("Your choice of language was saved."),
    "others": message("Every other browser was signed out."),
}


@view_config(route_name="account", request_method="GET", permission=OWNER)
def overview(request: Request) -> Response:
    """Name, address, and what can be changed here."""
    runtime = request.runtime
    return page(
        request,
        "account.jinja2",
        done=DONE.get(request.query.one("done"), ""),
        has_password=runtime.passwords is not None,
        several_languages=len(runtime.languages.offered) > 1,
        language_chosen=runtime.languages.of_owner(request.owner.locale),
        label=runtime.redirect_login.label if runtime.redirect_login else "",
    )


@view_config(route_name="account.sessions", request_method="GET", permission=OWNER)
def sessions(request: Request) -> Response:
    """Every browser that is signed in."""
    sessions = request.runtime.sessions.by_name(request.uow, request.owner.owner_id)
    rows = [(one, name, one.session_hash == request.browser.hash) for name, one in sessions.items()]
    return page(request, "account_sessions.jinja2", rows=rows, done=DONE.get(request.query.one("done"), ""))


@view_config(route_name="account.sessions", request_method="POST", permission=OWNER)
def end_sessions(request: Request) -> Response:
    """Sign out one other browser, or all of them but this one; somebody else's is not found."""
    sessions, owner_id = request.runtime.sessions, request.owner.owner_id
    if request.form.one("others"):
        sessions.end_others(request.uow, owner_id, request.browser.hash)
        return see_other("/account/sessions?done=others")
    name = request.form.one("session")
    if not name:
        raise InvalidInput("session", "expected the session to end")
    sessions.end_named(request.uow, owner_id, name)
    return see_other("/account/sessions?done=sessions")
