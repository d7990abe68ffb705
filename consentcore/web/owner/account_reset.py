"""A forgotten password: a mail, a link, a new one. The answers never tell whether an address has an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.view import view_config

from consentcore.domain.address import network_of
from consentcore.domain.errors import InvalidInput
from consentcore.mailbox import normalise_email
from consentcore.owners.throttle import MailPurpose
from consentcore.web.csrf import ANY_PERSON
from consentcore.web.owner.account_pages import (
    mail_throttle,
    no_address,
    poor_password,
    too_often,
    without_mail,
)
from consentcore.web.pages import page, without_referrer
from consentcore.web.redirects import see_other

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response

FORM = "account_reset.jinja2"


@view_config(route_name="account.reset", request_method="GET")
def show_reset(request: Request) -> Response:
    """The form."""
    return without_mail(request) or page(request, FORM, viewer=None, error="", email="")


@view_config(route_name="account.reset", request_method="POST", require_csrf=ANY_PERSON)
def ask_reset(request: Request) -> Response:
    """The same answer after the same work for every address."""
    if (nobody := without_mail(request)) is not None:
        return nobody
    email, remote_addr = request.form.one("email"), request.remote_addr or ""
    throttle = mail_throttle(request, MailPurpose.RESET)
    if seconds := throttle.address_waits(remote_addr, request.now):
        return too_often(request, seconds)
    try:
        address = normalise_email(email)
    except InvalidInput as error:
        return page(request, FORM, viewer=None, error=no_address(error), email=email, status=400)
    full = throttle.is_full(address, network_of(remote_addr), request.now)
    request.runtime.account_links.ask_reset(request.uow, address, silent=full)
    return see_other("/account/reset/sent")


@view_config(route_name="account.reset.sent", request_method="GET")
def sent(request: Request) -> Response:
    """Look into your mail; the same for every address, whether it has an account and whether it got enough links."""
    if (nobody := without_mail(request)) is not None:
        return nobody
    throttle = mail_throttle(request, MailPurpose.RESET)
    most, all_ = throttle.per_asker, throttle.per_mailbox
    return page(request, "account_reset_sent.jinja2", viewer=None, most=most, all=all_)


@view_config(route_name="account.reset.new", request_method="GET")
def show_new_password(request: Request) -> Response:
    """The form behind the link; opening it uses nothing up (mail scanners follow links)."""
    secret = request.query.one("t")
    request.runtime.account_links.find_reset(request.uow, secret)
    return _form(request, secret)


@view_config(route_name="account.reset.new", request_method="POST", require_csrf=ANY_PERSON)
def set_new_password(request: Request) -> Response:
    """Use the link; every session of the account ends, this browser's too if it had one."""
    secret = request.form.one("t")
    try:
        request.runtime.account_links.reset(request.uow, secret, request.form.one("password"))
    except InvalidInput as error:
        return _form(request, secret, poor_password(request, error), 400)
    request.runtime.sessions.end(request.uow, request.browser.hash)  # whoever was signed in here before
    request.browser.renew()
    return see_other("/account/reset/done")


@view_config(route_name="account.reset.done", request_method="GET")
def done(request: Request) -> Response:
    """Sign in with it."""
    return page(request, "account_reset_done.jinja2", viewer=None)


def _form(request: Request, secret: str, error: str = "", status: int = 200) -> Response:
    response = page(
        request, "account_reset_new.jinja2", viewer=None, secret=secret, error=error, status=status
    )
    return without_referrer(response)
