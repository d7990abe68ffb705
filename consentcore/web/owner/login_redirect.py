"""Login somewhere else: out to the provider of a redirect login, and back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from pyramid.httpexceptions import HTTPMethodNotAllowed
from pyramid.view import view_config

from consentcore.consent import pending
from consentcore.consent.pending import asking_client
from consentcore.egress import errand
from consentcore.oauth.sign_in_parameters import UNMET
from consentcore.owners.sign_in_state import use_up
from consentcore.ports.login import (
    REASONS,
    AskedLogin,
    Authenticated,
    RedirectTo,
    Refused,
    Returned,
    Unavailable,
)
from consentcore.ports.storage import transact
from consentcore.web.failures import CAUSE
from consentcore.web.owner import login_state
from consentcore.web.owner.interactions import asked_of_sign_in, pending_interaction
from consentcore.web.owner.login_state import AT_PROVIDER, LoginState
from consentcore.web.owner.sign_ins import OWN_PAGE, SessionRenewal, start_session, where
from consentcore.web.pages import page
from consentcore.web.redirects import see_other

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response

    from consentcore.ports.login import SignInRequest

LOST = "lost"
FROM_HERE = "here"
"""In the query of a form that a page of ours has sent."""
TOLD = {"unmet": UNMET, "unselected": "account_selection_required"}
"""Reasons of a refusal that an application is told, with the error (OpenID Connect Core section 3.1.2.6)."""
STATUS = {"failed": 400, LOST: 400}


@view_config(route_name="login", request_method="GET")
def start(request: Request) -> Response:
    """Send the browser to the provider; an application's request that waits survives the way."""
    interaction_id, after = request.query.one("i"), request.query.one("next")
    asked = asked_of_sign_in(request, interaction_id)
    if request.query.one("fresh"):
        asked = replace(asked, fresh=True)
    # Before anything is read in this request's transaction: the provider may have to be asked where it is.
    sent = _begin(request, asked)
    after = after if OWN_PAGE.fullmatch(after) else ""
    login = LoginState("", interaction_id, after, _until(request, interaction_id))
    if isinstance(sent, Unavailable):
        return _unavailable(request, sent, login)
    return _sent(request, sent, login)


@view_config(route_name="login.callback", request_method="GET")
def callback(request: Request) -> Response:
    """Take the provider's answer, once, from the browser that was sent; then start a new session."""
    params = request.query.once()
    return _completed(request, params, params.get(_state_field(request) or "state", ""))


# The state that comes back is the token here: a form of the provider's can have none of ours.
@view_config(route_name="login.callback", request_method="POST", require_csrf=False)
def posted(request: Request) -> Response:
    """The same for an answer that the provider has the browser post (SAML 2.0 Bindings section 3.5)."""
    if not _state_field(request):
        raise HTTPMethodNotAllowed("method: expected GET", headers={"Allow": "GET, HEAD"})
    params = request.form.once()
    state = params.get(_state_field(request), "")
    if login_state.find(request, state) is None and not request.query.one(FROM_HERE):
        return _sent_on(request, params)
    return _completed(request, params, state)


@view_config(route_name="login.out", request_method="GET")
def signed_out(request: Request) -> Response:
    """Where the provider leads after it has signed somebody out."""
    return page(request, "login_out.jinja2", viewer=None, label="", elsewhere="")


def _sent_on(request: Request, params: dict[str, str]) -> Response:
    """A form of another site comes without our cookies (``SameSite``), so the browser sends it once more, from here."""
    label = request.runtime.redirect_login.label
    return page(request, "login_posted.jinja2", viewer=None, label=label, fields=params, flag=FROM_HERE)


def _completed(request: Request, params: dict[str, str], state: str) -> Response:
    login = login_state.find(request, state)
    if login is None:
        return _refused(request, LOST, LoginState("", "", "", 0))
    with errand(AT_PROVIDER):
        if not use_up(request.runtime.storage, state, request.now, login.until):
            return _back_before(request, login)
        came = Returned(
            params, login.transient, _callback_url(request), request.now, posted=request.method == "POST"
        )
        outcome = request.runtime.redirect_login.complete(came)
    return _answer(request, outcome, login, state)


def _state_field(request: Request) -> str:
    """What the provider posts the state as; "" for one that answers in the query."""
    return str(getattr(request.runtime.redirect_login, "state_field", ""))


def _until(request: Request, interaction_id: str) -> int:
    """When it is too late to come back, in ms: not before the request of an application that waits for it.

    :raises Gone: when that request does not wait any more.
    """
    until = request.now + login_state.TTL_MS
    if not interaction_id:
        return until
    interaction = pending_interaction(request, interaction_id)
    asking_client(request.uow, interaction.request)
    return max(until, interaction.expires_at)


def _back_before(request: Request, login: LoginState) -> Response:
    """The same answer once more: a reload, or the first time nothing came back to the browser."""
    if request.owner is not None:
        return see_other(where(login.interaction_id, login.after))
    return _refused(request, LOST, login)


def _answer(
    request: Request, outcome: Authenticated | Refused | Unavailable, login: LoginState, state: str
) -> Response:
    if isinstance(outcome, Unavailable):
        return _unavailable(request, outcome, login)
    if isinstance(outcome, Refused):
        if outcome.reason in TOLD and login.interaction_id:
            response = _told(request, login.interaction_id, TOLD[outcome.reason])
            login_state.forget(request, response, state)
            return response
        return _refused(request, outcome.reason if outcome.reason in REASONS else "failed", login)
    renewal = SessionRenewal.of(request)
    # Not in the request's own transaction: that of a GET only reads, and a repeated one would find the state used up.
    url = transact(
        request.runtime.storage,
        lambda uow: start_session(
            request, uow, renewal, outcome, interaction_id=login.interaction_id, after=login.after
        ),
    )
    response = see_other(url)
    login_state.forget(request, response, state)  # not before: a reload still has to know what waits
    return response


def _told(request: Request, interaction_id: str, error: str) -> Response:
    """What only the application can mend is said to the application. Not in the request's own transaction, see above.

    :raises Gone: the request was answered meanwhile.
    """
    with request.runtime.storage.transaction() as uow:
        interaction = pending.find(uow, interaction_id, request.now)
        pending.check_browser(interaction, request.browser, request.now)
        return see_other(request.runtime.interactions.answers.refuse(uow, interaction_id, interaction, error))


def _sent(request: Request, sent: RedirectTo, login: LoginState) -> Response:
    response = see_other(sent.url)
    sealed = LoginState(sent.transient, login.interaction_id, login.after, login.until)
    login_state.keep(request, response, sent.state, sealed)
    return response


def _unavailable(request: Request, outcome: Unavailable, login: LoginState) -> Response:
    request.environ[CAUSE] = outcome.reason or "the login provider does not answer"
    response = _page(request, "unavailable", login, 503)
    response.headers["Retry-After"] = str(outcome.retry_after_s)
    return response


def _refused(request: Request, reason: str, login: LoginState) -> Response:
    return _page(request, reason, login, STATUS.get(reason, 403))


def _page(request: Request, reason: str, login: LoginState, status: int) -> Response:
    query = {"i": login.interaction_id, "next": login.after}
    again = f"/login?{urlencode({name: value for name, value in query.items() if value})}".rstrip("?")
    return page(
        request,
        "login_refused.jinja2",
        status=status,
        viewer=None,
        reason=reason,
        cookies=request.browser.keeps_cookies,
        label=request.runtime.redirect_login.label,
        again=again,
        other=f"{again}{'&' if '?' in again else '?'}fresh=1",
    )


def _begin(request: Request, asked: SignInRequest) -> RedirectTo | Unavailable:
    """Of a plugin that takes up nothing else, a fresh sign-in is as much as any of it."""
    login, url, now = request.runtime.redirect_login, _callback_url(request), request.now
    with errand(AT_PROVIDER):
        if isinstance(login, AskedLogin):
            return login.begin_asked(callback_url=url, asked=asked, now=now)
        more = asked.select_account or asked.max_age is not None or bool(asked.acr_values)
        begun: RedirectTo | Unavailable = login.begin(callback_url=url, fresh=asked.fresh or more, now=now)
        return begun


def _callback_url(request: Request) -> str:
    return f"{request.runtime.settings.web_url.rstrip('/')}/login/callback"
