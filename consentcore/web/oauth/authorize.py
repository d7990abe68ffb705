"""``GET {prefix}/authorize`` (RFC 6749 section 4.1.1): validate, then remember, ask, or refuse."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from pyramid.httpexceptions import HTTPMethodNotAllowed
from pyramid.view import view_config

from consentcore.domain.errors import ClientSuspended, InvalidInput
from consentcore.domain.message import message
from consentcore.oauth.authorization_endpoint import SUSPENDED
from consentcore.oauth.messages import PageError, Pending, Redirect
from consentcore.web.errors import TITLES, error_page
from consentcore.web.language import prefer_locales
from consentcore.web.oauth.outcome import outcome_of
from consentcore.web.owner.interactions import url_for
from consentcore.web.redirects import see_other

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response

    from consentcore.consent.interaction import Question

OVER = message(
    "We no longer have this request. It can be answered once, and only for a short time. Nothing was changed just "
    "now. Go back to the application and start again."
)
OPENED_IN_A_BROWSER = message("The authorization endpoint is opened in a browser.")
MISTAKE = message(
    "The application that sent you here made a mistake, so we cannot ask you anything. "
    "Please tell the people who make it."
)


@view_config(route_name="oauth.authorize", require_csrf=False)
def authorize(request: Request) -> Response:
    """Answer an authorization request.

    The method is looked at here, for Pyramid lets HEAD in with GET: looking at a link must use no pushed request up
    and make no code.
    """
    if request.method != "GET":
        raise HTTPMethodNotAllowed(OPENED_IN_A_BROWSER, headers={"Allow": "GET"})
    result = outcome_of(request)
    if isinstance(result, Pending):
        result = request.runtime.interactions.ask(result, request.browser, request.now)
    if isinstance(result, PageError):
        return refusal(request, result)
    return see_other(result.url if isinstance(result, Redirect) else _page_of(request, result))


def refusal(request: Request, problem: PageError) -> Response:
    """The page for a request that may not be redirected.

    :raises ClientSuspended: which has a page of its own.
    """
    detail = f"{problem.error}: {problem.description}"
    _speak_as_asked(request)
    if problem.error == SUSPENDED:
        raise ClientSuspended
    if problem.over:
        return error_page(request, problem.status, OVER, title=TITLES[410], detail=detail)
    return error_page(request, problem.status, MISTAKE, detail=detail)


def _speak_as_asked(request: Request) -> None:
    """In the language that the application asked for, as far as its request can be read."""
    with suppress(InvalidInput):
        prefer_locales(request, request.query.one("ui_locales").split())


def _page_of(request: Request, question: Question) -> str:
    """Where a question is answered. On one host the way stays relative: the browser keeps the name, and so the cookie,
    that it came with."""
    settings = request.runtime.settings
    base = "" if settings.web_url == settings.issuer else settings.web_url.rstrip("/")
    return base + url_for("/login" if question.sign_in else "/consent", question.interaction_id)
