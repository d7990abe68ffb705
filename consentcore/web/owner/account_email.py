"""Move an account to another address: both have to agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyramid.view import view_config

from consentcore.domain.errors import InvalidInput
from consentcore.domain.message import message
from consentcore.mailbox import normalise_email
from consentcore.owners.account_links import Confirmed
from consentcore.owners.links import Purpose
from consentcore.owners.throttle import MailPurpose
from consentcore.web.csrf import ANY_PERSON
from consentcore.web.owner.account_pages import (
    mail_throttle,
    no_address,
    reauthentication_error,
    too_often,
    without_mail,
)
from consentcore.web.pages import page, without_referrer
from consentcore.web.redirects import see_other
from consentcore.web.security import OWNER

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response

FORM = "account_email.jinja2"


@view_config(route_name="account.email", request_method="GET", permission=OWNER)
def show_email(request: Request) -> Response:
    """The form."""
    return without_mail(request) or page(request, FORM, error="", sent=request.query.one("done") == "sent")


@view_config(route_name="account.email", request_method="POST", permission=OWNER)
def ask_email_change(request: Request) -> Response:
    """The password proves it is the owner; then both addresses get a link."""
    if (refusal := without_mail(request) or _refusal(request)) is not None:
        return refusal
    address = normalise_email(request.form.one("email"))
    throttle, remote_addr = mail_throttle(request, MailPurpose.EMAIL_CHANGE), request.remote_addr or ""
    seconds = throttle.account_waits(address, request.owner.owner_id, remote_addr, request.now)
    if seconds:
        return too_often(request, seconds)
    request.runtime.account_links.ask_email_change(request.uow, request.owner, address)
    return see_other("/account/email?done=sent")


@view_config(route_name="account.email.confirm", request_method="GET")
def show_confirmation(request: Request) -> Response:
    """What the link would do; opening it does nothing (mail scanners follow links)."""
    secret = request.query.one("t")
    ticket, address = request.runtime.account_links.find_confirmation(request.uow, secret)
    old = ticket.purpose == Purpose.EMAIL_OLD
    response = page(request, "account_email_confirm.jinja2", secret=secret, address=address, old=old)
    return without_referrer(response)


@view_config(route_name="account.email.confirm", request_method="POST", require_csrf=ANY_PERSON)
def confirm(request: Request) -> Response:
    """One of the two addresses agrees."""
    outcome = request.runtime.account_links.confirm_email(request.uow, request.form.one("t"))
    status = 409 if outcome is Confirmed.TAKEN else 200
    return page(request, "account_email_confirmed.jinja2", outcome=outcome.value, status=status)


def _refusal(request: Request) -> Response | None:
    """None when the address may be asked for and the password is right; otherwise the form that says what is wrong."""
    email = request.form.one("email")
    problem = _problem(request, email)
    if problem:
        return page(request, FORM, error=problem, sent=False, email=email, status=400)
    password = request.form.one("current_password")
    return reauthentication_error(request, FORM, password, email=email, sent=False)


def _problem(request: Request, email: str) -> str:
    try:
        address = normalise_email(email)
    except InvalidInput as error:
        return no_address(error)
    return message("This is already your address.") if address == request.owner.email else ""
