"""What the pages of an account share: proof of the password, and the pace at which mails may be asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentcore.domain.message import message, plural_message
from consentcore.hooks.discretion import account_mailers
from consentcore.owners.throttle import MailPurpose, MailThrottle
from consentcore.ports.login import Authenticated, Throttled
from consentcore.web.errors import error_page
from consentcore.web.pages import page
from consentcore.web.transactions import begin_anew

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response

    from consentcore.domain.errors import InvalidInput
    from consentcore.domain.message import Message

WRONG = message("That is not your present password. Nothing was changed.")


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
        return too_often(request, outcome.retry_after_s, too_many_attempts(outcome.retry_after_s))
    if not isinstance(outcome, Authenticated):
        return page(request, template, error=WRONG, status=400, **values)
    return None


def poor_password(request: Request, error: InvalidInput) -> Message:
    """What is wrong with a password, for the person who chose it."""
    rule = request.translate(error.expected).replace("expected", "we expect", 1)  # in English
    return message("This password is not good enough: %(rule)s.", rule=rule)


def no_address(error: InvalidInput) -> Message:
    """What is wrong with an address, for the person who typed it."""
    return message("This is no e-mail address: %(rule)s.", rule=error.expected)


def without_mail(request: Request) -> Response | None:
    """None where links can be mailed; otherwise the page that says so, instead of one that promises a mail."""
    if account_mailers(request.runtime.registry):
        return None
    status = 200 if request.method in {"GET", "HEAD"} else 503
    return page(request, "account_no_mail.jinja2", viewer=None, status=status)


def mail_throttle(request: Request, purpose: MailPurpose) -> MailThrottle:
    """The pace of one kind of mails about accounts."""
    return MailThrottle.of(request.runtime.storage, purpose, request.runtime.settings.account)


def too_many_attempts(seconds: int) -> Message:
    """For whoever has typed a wrong password too often."""
    return message(
        "There were too many wrong attempts. Please wait %(time)s and try again.", time=time_to_wait(seconds)
    )


def too_often(request: Request, seconds: int, text: str = "") -> Response:
    """429 with the time to wait (RFC 6585 section 4).

    :param text: what was done too often; "" for mails that were asked for.
    """
    asked = message(
        "That was asked for too often. Nothing was sent just now. Please wait %(time)s and try again.",
        time=time_to_wait(seconds),
    )
    response = error_page(request, 429, text or asked, title=message("Please wait a little"))
    response.headers["Retry-After"] = str(seconds)
    return response


def time_to_wait(seconds: int) -> Message:
    """A time to wait in words."""
    if seconds < 120:
        return plural_message("%(n)s second", "%(n)s seconds", n=seconds)
    return plural_message("%(n)s minute", "%(n)s minutes", n=seconds // 60)
