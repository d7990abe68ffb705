"""Every error as an answer: a page for people, plain text or JSON for programs, never a trace."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import quote

from pyramid.exceptions import PredicateMismatch
from pyramid.httpexceptions import HTTPException
from pyramid.renderers import render_to_response

from consentcore.domain.errors import (
    ClientSuspended,
    DirectoryUnavailable,
    InvalidInput,
    InvalidTransition,
    LinkGone,
    NotFound,
    StorageConflict,
    StorageUnavailable,
)
from consentcore.domain.message import message
from consentcore.egress import Busy
from consentcore.logs import log_cause
from consentcore.web.csrf import AnotherPerson, BadCsrf, NoCookies, UnknownForm
from consentcore.web.failures import CAUSE
from consentcore.web.language import in_its_language
from consentcore.web.methods import not_allowed

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.request import Request
    from pyramid.response import Response

log = logging.getLogger("consentcore.web")

TITLES = {
    400: message("That did not work"),
    403: message("That was not allowed"),
    404: message("There is nothing here"),
    405: message("That is not how this page works"),
    409: message("Somebody was faster"),
    410: message("This request is no longer open"),
    413: message("That was too large"),
    503: message("We cannot do that right now"),
}

NOTHING_HERE = message("The address may be mistyped, or what was here is not yours to see.")
SUSPENDED = message(
    "It cannot ask you for anything at the moment, and gets none of your data. If you allowed it something before, "
    "that is kept as it is: you find it under Authorized Applications, where you can revoke it."
)


NO_COOKIES = message(
    "This browser has brought back none of the cookies that it got from us together with the form. Without them we "
    "cannot know that a form comes from the person who filled it in, so nothing was changed. Let your browser keep "
    "cookies for this site, then go back, load the page again and repeat what you did."
)
UNKNOWN_FORM = message(
    "This browser does not know the form: the page was opened before its cookies were deleted, or it was changed on "
    "its way. Nothing was changed. Go back, load the page again and repeat what you did."
)
ANOTHER_PERSON = message(
    "The page was opened when somebody else was signed in in this browser, or nobody. Nothing was changed. Open the "
    "page again to see what is yours."
)


def error_page(
    request: Request, status: int, text: str, *, title: str = "", detail: str = "", again: str = ""
) -> Response:
    """Make an error page.

    :param text: one or two sentences for the person: what happened and what to do.
    :param detail: a line for the person's support, without secrets.
    :param again: where the page can be had once more, by a link.
    """
    values = {
        "title": title or TITLES.get(status, message("Something went wrong")),
        "text": text,
        "detail": detail,
        "again": again,
    }
    response = render_to_response("error.jinja2", values, request=request)
    response.status_int = status
    return in_its_language(request, response)


def on_http(context: HTTPException, request: Request) -> Response:
    """Redirects pass; refusals of the framework become pages."""
    if context.status_int < 400:
        return context
    texts = {404: NOTHING_HERE}
    response = error_page(request, context.status_int, texts.get(context.status_int, context.detail or ""))
    for name in ("Allow", "Retry-After"):
        if name in context.headers:
            response.headers[name] = context.headers[name]
    return response


def on_mismatch(context: PredicateMismatch, request: Request) -> Response:
    """A page of ours, but not by this method."""
    refusal = not_allowed(request)
    if refusal is None:
        return on_http(context, request)
    refusal.detail = ""  # a person did not choose the method, and cannot choose another one
    return on_http(refusal, request)


def on_csrf(context: BadCsrf, request: Request) -> Response:
    """A form that does not count."""
    if isinstance(context, NoCookies):
        return error_page(request, 403, NO_COOKIES, title=message("This browser keeps no cookies"))
    if isinstance(context, AnotherPerson):
        return error_page(request, 409, ANOTHER_PERSON, title=message("Somebody else is signed in now"))
    if isinstance(context, UnknownForm):
        return error_page(request, 403, UNKNOWN_FORM, title=message("This page is too old"))
    return error_page(request, 403, message("The form was sent by another site. Nothing was changed."))


def on_invalid_input(context: InvalidInput, request: Request) -> Response:
    """A value that is not acceptable."""
    return error_page(request, 400, message("Nothing was changed."), detail=str(context))


def on_not_found(_context: NotFound, request: Request) -> Response:
    """Something that does not exist, or is somebody else's."""
    return error_page(request, 404, NOTHING_HERE)


def on_invalid_transition(_context: InvalidTransition, request: Request) -> Response:
    """An answer to a question that is already settled."""
    text = message(
        "This access has already ended. Nothing more was changed; "
        "your current accesses are under Authorized Applications."
    )
    return error_page(request, 409, text, title=message("This has already ended"))


def on_client_suspended(_context: ClientSuspended, request: Request) -> Response:
    """An application that is kept out for a while."""
    return error_page(request, 403, SUSPENDED, title=message("This application is suspended"))


def on_link_gone(_context: LinkGone, request: Request) -> Response:
    """A link from a mail that does nothing any more."""
    text = message(
        "It was used already, it has run out, or a newer mail has replaced it. Nothing was changed just now. "
        "Ask for a new mail if you still need one."
    )
    return error_page(request, 410, text, title=message("This link no longer works"))


def on_storage(context: StorageUnavailable | StorageConflict, request: Request) -> Response:
    """The store is down, locked or full: nothing was changed."""
    attempt = request.environ.get("retry.attempt", 0)
    if isinstance(context, StorageUnavailable) and attempt > 0:
        # A lock has been waited for twice; five times would hold a thread that others need for too long.
        request.environ["retry.attempts"] = attempt + 1
    response = error_page(request, 503, message("Nothing was changed. Please try again in a minute."))
    response.headers["Retry-After"] = "5"
    return response


def on_directory(context: DirectoryUnavailable, request: Request) -> Response:
    """What somebody has to choose from is not known now: nothing is chosen for them, and nothing is lost."""
    request.environ[CAUSE] = str(context)
    text = message(
        "We cannot get the list of your sites and devices just now. Nothing was sent and nothing was changed: the "
        "request waits for you. Please try again in a minute."
    )
    response = error_page(request, 503, text, again=_again(request))
    response.headers["Retry-After"] = "5"
    return response


def _again(request: Request) -> str:
    """Where the same page can be had once more, by a link."""
    if request.method == "GET":
        return request.path_qs
    interaction = request.form.one("i") if request.path == "/consent" else ""
    return f"/consent?i={quote(interaction, safe='.')}" if interaction else request.path


def on_busy(context: Busy, request: Request) -> Response:
    """Somebody outside has to be asked, and too many wait for the answer already."""
    response = error_page(
        request, 503, message("Too many people are waiting at the moment. Please try again in a minute.")
    )
    response.headers["Retry-After"] = str(context.retry_after_s)
    return response


def on_anything(context: Exception, request: Request) -> Response:
    """A mistake of ours: the trace goes to the log, the person gets a plain page."""
    log_cause(log, "unexpected error on %s %s", request.method, request.path, exc_info=context)
    text = message("This is our mistake, not yours, and it has been written down. Nothing was changed.")
    return error_page(request, 500, text)


def includeme(config: Configurator) -> None:
    """Register the exception views; the catch-all comes last by specificity."""
    views = {
        HTTPException: on_http,
        PredicateMismatch: on_mismatch,
        BadCsrf: on_csrf,
        InvalidInput: on_invalid_input,
        NotFound: on_not_found,
        InvalidTransition: on_invalid_transition,
        ClientSuspended: on_client_suspended,
        LinkGone: on_link_gone,
        Busy: on_busy,
        DirectoryUnavailable: on_directory,
        StorageUnavailable: on_storage,
        StorageConflict: on_storage,
        Exception: on_anything,
    }
    for error, view in views.items():
        config.add_exception_view(view, context=error)
