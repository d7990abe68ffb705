"""Log out: here, and at the provider of a redirect login."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.view import view_config

from consentcore.egress import errand
from consentcore.hosts import origin_of
from consentcore.web.csrf import ANY_PERSON
from consentcore.web.owner.login_state import AT_PROVIDER
from consentcore.web.pages import page
from consentcore.web.redirects import see_other

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response

    from consentcore.ports.login import RedirectLogin


@view_config(route_name="logout", request_method="POST", require_csrf=ANY_PERSON)
def log_out(request: Request) -> Response:
    """End the session on the server and in the browser."""
    elsewhere = request.runtime.redirect_login
    # First, because it may ask the provider where that is, and no transaction is open yet.
    url = _end_elsewhere(request, elsewhere) if elsewhere else ""
    request.runtime.sessions.end(request.uow, request.browser.hash)
    request.browser.renew()
    if not elsewhere:
        return see_other("/login")
    if url and origin_of(url) == origin_of(elsewhere.origin) != "":
        return see_other(url)
    # Not at the provider that the person knows: they are told of it before they are sent there.
    return page(request, "login_out.jinja2", viewer=None, label=elsewhere.label, elsewhere=url)


def _end_elsewhere(request: Request, elsewhere: RedirectLogin) -> str:
    with errand(AT_PROVIDER):
        return elsewhere.end(return_url=out_url(request))


def out_url(request: Request) -> str:
    """Where a provider sends the browser after it has signed it out."""
    base: str = request.runtime.settings.web_url
    return f"{base.rstrip('/')}/login/out"
