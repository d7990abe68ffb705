"""``GET {prefix}/authorize`` (RFC 6749 section 4.1.1): validate, then remember, ask, or refuse."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from pyramid.httpexceptions import HTTPMethodNotAllowed
from pyramid.view import view_config

from consentcore.consent.policy import reasons_to_ask
from consentcore.domain.errors import ClientSuspended, InvalidInput
from consentcore.domain.interaction import Interaction
from consentcore.domain.message import message
from consentcore.oauth.authorization_endpoint import SUSPENDED, USED_UP
from consentcore.oauth.messages import PageError, Pending, Redirect
from consentcore.web.errors import TITLES, error_page
from consentcore.web.language import prefer_locales
from consentcore.web.oauth.opening import open_interaction, take_standing
from consentcore.web.owner.interactions import UNBOUND, url_for
from consentcore.web.redirects import see_other

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response

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
    session_hash = request.browser.hash if request.browser.known else None
    result = request.runtime.server.authorization.validate(
        request.environ.get("QUERY_STRING", ""), session_hash
    )
    if isinstance(result, PageError) and result.error == SUSPENDED:
        _speak_as_asked(request)
        raise ClientSuspended
    if isinstance(result, Pending):
        result = settle(request, result)
    if isinstance(result, PageError):
        return refusal(request, result)
    return see_other(result.url)


def refusal(request: Request, problem: PageError) -> Response:
    """The page for a request that may not be redirected."""
    detail = f"{problem.error}: {problem.description}"
    _speak_as_asked(request)
    if problem.over:
        return error_page(request, problem.status, OVER, title=TITLES[410], detail=detail)
    return error_page(request, problem.status, MISTAKE, detail=detail)


def _speak_as_asked(request: Request) -> None:
    """In the language that the application asked for, as far as its request can be read."""
    with suppress(InvalidInput):
        prefer_locales(request, request.query.one("ui_locales").split())


def settle(request: Request, pending: Pending) -> Redirect | PageError:
    """Use a remembered consent, refuse what may not be asked, or open an interaction."""
    home, wanted, context = request.runtime, pending.request, pending.context
    reasons = reasons_to_ask(wanted, context, home.catalog, request.now)
    if context.session and context.grant and not reasons:
        if not take_standing(home.storage, pending):
            return USED_UP
        remembered: Redirect | None = home.server.authorization.issue_code(
            wanted, context.grant, context.session
        )
        if remembered:
            return remembered
        pending = replace(pending, opened=None)
    if wanted.prompt == "none":
        error = "consent_required" if context.session else "login_required"
        return Redirect(home.server.authorization.error_url(wanted, error, "The data owner has to be asked"))
    return ask(request, pending)


def ask(request: Request, pending: Pending) -> Redirect:
    """Keep the request on the server and lead the person to the login or the consent page."""
    home, wanted, session = request.runtime, pending.request, pending.context.session
    if session and home.server.authenticator.asks_too_often(session.owner_id, wanted.client_id):
        error = home.server.authorization.error_url(
            wanted, "temporarily_unavailable", "Too many requests of this data owner"
        )
        return Redirect(error)
    # On one host the way stays relative: the browser keeps the name, and so the cookie, that it came with.
    one_host = home.settings.web_url == home.settings.issuer
    sign_in = "login" in wanted.prompt.split() or (one_host and session is None)
    interaction = Interaction(
        interaction_hash=b"",
        session_hash=request.browser.mark if one_host else UNBOUND,
        request=wanted,
        created_at=request.now,
        expires_at=request.now + int(home.settings.oauth.interaction_ttl_s * 1000),
        # Nobody's where a new sign-in was asked for: else the consent page would take the old one.
        owner_id=session.owner_id if session and not sign_in else "",
    )
    interaction_id = open_interaction(home.storage, interaction, pending, request.browser)
    base = "" if one_host else home.settings.web_url.rstrip("/")
    return Redirect(base + url_for("/login" if sign_in else "/consent", interaction_id))
