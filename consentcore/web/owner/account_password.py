"""Change the password while signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.view import view_config

from consentcore.domain.errors import InvalidInput
from consentcore.web.owner.account_pages import poor_password, reauthentication_error
from consentcore.web.owner.sign_ins import SessionRenewal
from consentcore.web.pages import page
from consentcore.web.redirects import see_other
from consentcore.web.security import OWNER

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response


@view_config(route_name="account.password", request_method="GET", permission=OWNER)
def show_password(request: Request) -> Response:
    """The form."""
    return page(request, "account_password.jinja2", error="")


@view_config(route_name="account.password", request_method="POST", permission=OWNER)
def change_password(request: Request) -> Response:
    """The old password proves it is the owner; this browser stays signed in, under a new session id."""
    refusal = reauthentication_error(request, "account_password.jinja2", request.form.one("current_password"))
    if refusal is not None:
        return refusal
    runtime, session = request.runtime, request.owner_session
    try:
        runtime.owners.change_password(request.uow, session.owner_id, request.form.one("password"))
    except InvalidInput as error:
        return page(request, "account_password.jinja2", error=poor_password(request, error), status=400)
    runtime.sessions.go_on(request.uow, session, SessionRenewal.of(request).new)
    return see_other("/account?done=password")
