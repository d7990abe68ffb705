"""Login somewhere else: out to the provider of a redirect login, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from pyramid.view import view_config

from consentcore.consent.pending import asking_client, wants_sign_in
from consentcore.domain.secret import digest
from consentcore.egress import errand
from consentcore.owners.sign_in_state import use_up
from consentcore.ports.login import REASONS, Authenticated, RedirectTo, Refused, Returned, Unavailable
from consentcore.ports.storage import transact
from consentcore.web.failures import CAUSE
from consentcore.web.owner import login_state as round_trip
from consentcore.web.owner.interactions import pending
from consentcore.web.owner.login_state import AT_PROVIDER, RoundTrip
from consentcore.web.owner.sign_ins import OWN_PAGE, SessionRenewal, start_session, where
from consentcore.web.pages import page
from consentcore.web.redirects import see_other

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response

LOST = "lost"
STATUS = {"failed": 400, LOST: 400}


@view_config(route_name="login", request_method="GET")
def go(request: Request) -> Response:
    """Send the browser to the provider; an application's request that waits survives the way."""
    interaction_id, after = request.query.one("i"), request.query.one("next")
    fresh = bool(request.query.one("fresh")) or _must_be_fresh(request, interaction_id)
    # Before anything is read in this request's transaction: the provider may have to be asked where it is.
    with errand(AT_PROVIDER):
        sent = request.runtime.redirect_login.begin(
            callback_url=_callback_url(request), fresh=fresh, now=request.now
        )
    after = after if OWN_PAGE.fullmatch(after) else ""
    until = request.now + round_trip.TTL_MS
    if interaction_id:
        interaction = pending(request, interaction_id)
        asking_client(request.uow, interaction.request)
        until = max(until, interaction.expires_at)
    trip = RoundTrip("", interaction_id, after, until)
    if isinstance(sent, Unavailable):
        return _unavailable(request, sent, trip)
    return _sent(request, sent, trip)


@view_config(route_name="login.callback", request_method="GET")
def come_back(request: Request) -> Response:
    """Take the provider's answer, once, from the browser that was sent; then start a new session."""
    params = request.query.once()
    state = params.get("state", "")
    trip = round_trip.find(request, state)
    if trip is None:
        return _refused(request, LOST, RoundTrip("", "", "", 0))
    with errand(AT_PROVIDER):
        if not use_up(request.runtime.storage, state, request.now, trip.until):
            return _back_before(request, trip)
        returned = Returned(params, trip.transient, _callback_url(request), request.now)
        outcome = request.runtime.redirect_login.complete(returned)
    response = _answer(request, outcome, trip)
    if isinstance(outcome, Authenticated):
        round_trip.forget(request, response, state)  # else a reload still has to know what waits
    return response


@view_config(route_name="login.out", request_method="GET")
def signed_out(request: Request) -> Response:
    """Where the provider leads after it has signed somebody out."""
    return page(request, "login_out.jinja2", viewer=None, label="", elsewhere="")


def _back_before(request: Request, trip: RoundTrip) -> Response:
    """The same answer once more: a reload, or the first time nothing came back to the browser."""
    if request.owner is not None:
        return see_other(where(trip.interaction_id, trip.after))
    return _refused(request, LOST, trip)


def _answer(request: Request, outcome: Authenticated | Refused | Unavailable, trip: RoundTrip) -> Response:
    if isinstance(outcome, Unavailable):
        return _unavailable(request, outcome, trip)
    if isinstance(outcome, Refused):
        return _refused(request, outcome.reason if outcome.reason in REASONS else "failed", trip)
    renewal = SessionRenewal.of(request)
    # Not in the request's own transaction, which only reads: this is a GET.
    url = transact(
        request.runtime.storage,
        lambda uow: start_session(
            request, uow, renewal, outcome, interaction_id=trip.interaction_id, after=trip.after
        ),
    )
    return see_other(url)


def _sent(request: Request, sent: RedirectTo, trip: RoundTrip) -> Response:
    response = see_other(sent.url)
    sealed = RoundTrip(sent.transient, trip.interaction_id, trip.after, trip.until)
    round_trip.keep(request, response, sent.state, sealed)
    return response


def _unavailable(request: Request, outcome: Unavailable, trip: RoundTrip) -> Response:
    request.environ[CAUSE] = outcome.reason or "the login provider does not answer"
    response = _page(request, "unavailable", trip, 503)
    response.headers["Retry-After"] = str(outcome.retry_after_s)
    return response


def _refused(request: Request, reason: str, trip: RoundTrip) -> Response:
    return _page(request, reason, trip, STATUS.get(reason, 403))


def _page(request: Request, reason: str, trip: RoundTrip, status: int) -> Response:
    query = {"i": trip.interaction_id, "next": trip.after}
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


def _must_be_fresh(request: Request, interaction_id: str) -> bool:
    """Whether the application has asked for a new sign-in; read by itself, so that no transaction stays open."""
    if not interaction_id:
        return False
    with request.runtime.storage.reading() as uow:
        found = uow.interactions.get(digest(interaction_id))
    return found is not None and wants_sign_in(found.request)


def _callback_url(request: Request) -> str:
    return f"{request.runtime.settings.web_url.rstrip('/')}/login/callback"
