"""What the pages of an account share: proof of the password, and the pace at which mails may be asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentcore.hooks.discretion import account_mailers
from consentcore.owners.throttle import Asked, MailThrottle
from consentcore.ports.login import Authenticated, Throttled
from consentcore.web.errors import error_page
from consentcore.web.pages import page
from consentcore.web.transactions import begin_anew

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response

    from consentcore.domain.errors import InvalidInput

WRONG = "That is not your present password. Nothing was changed."
TOO_MANY = "There were too many wrong attempts. Please wait {} and try again."
TOO_OFTEN = "That was asked for too often. Nothing was sent just now. Please wait {} and try again."


def reauthentication_error(
    request: Request, template: str, password: str, **values: object
) -> Response | None:
    """None when ``password`` is the present one of whoever is signed in; otherwise the page that says so.

    A login plugin checks it outside any transaction (:class:`~consentcore.ports.login.LoginProvider`), so this comes
    before the view writes anything.

    :param values: what the template needs besides ``error``.
    """
    owner = request.owner
    begin_anew(request)
    outcome = request.runtime.owners.reauthenticate(owner, password, request.remote_addr or "")
    if isinstance(outcome, Throttled):
        return too_often(request, outcome.retry_after_s, TOO_MANY)
    if not isinstance(outcome, Authenticated):
        return page(request, template, error=WRONG, status=400, **values)
    return None


def poor_password(error: InvalidInput) -> str:
    """What is wrong with a password, for the person who chose it."""
    return f"This password is not good enough: {error.expected.replace('expected', 'we expect', 1)}."


def without_mail(request: Request) -> Response | None:
    """None where links can be mailed; otherwise the page that says so, instead of one that promises a mail."""
    if account_mailers(request.runtime.registry):
        return None
    status = 200 if request.method in {"GET", "HEAD"} else 503
    return page(request, "account_no_mail.jinja2", viewer=None, status=status)


def mail_throttle(request: Request, asked: Asked) -> MailThrottle:
    """The pace of one kind of mails about accounts."""
    return MailThrottle.of(request.runtime.storage.counters, asked, request.runtime.settings.account)


def too_often(request: Request, seconds: int, text: str = TOO_OFTEN) -> Response:
    """429 with the time to wait (RFC 6585 section 4)."""
    response = error_page(request, 429, text.format(wait(seconds)), title="Please wait a little")
    response.headers["Retry-After"] = str(seconds)
    return response


def wait(seconds: int) -> str:
    """A time to wait in words."""
    return f"{seconds} seconds" if seconds < 120 else f"{seconds // 60} minutes"
