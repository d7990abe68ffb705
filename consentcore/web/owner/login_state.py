"""The way to a provider and back: what belongs to it is sealed in a cookie of the one browser that was sent.

A state that comes back without its cookie was never this browser's (login CSRF), and one that comes back a second
time has been used up on the server. Several may be under way at once: signing in by one leaves the others good.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from consentcore.domain.clock import MINUTE
from consentcore.domain.errors import KeyUnavailable
from consentcore.domain.secret import digest
from consentcore.egress import Errand
from consentcore.egress.errands import SIGN_IN
from consentcore.keys.ring import sealed_by

if TYPE_CHECKING:
    from pyramid.request import Request
    from pyramid.response import Response

AT_PROVIDER = Errand(SIGN_IN, "provider")
"""Stands around whatever a redirect login may ask its provider for."""
TTL_MS = 10 * MINUTE
"""For which a sign-in may be under way; where a request of an application waits longer, as long as that."""
PURPOSE = "login"
AT_ONCE = 12
"""Sign-ins that one browser may have under way, in as many tabs; with one more, the oldest is forgotten. Together they
are 5.5 kB of each request's head, of which proxies habitually take 8."""


@dataclass(frozen=True)
class LoginState:
    """:ivar transient: the plugin's.

    :ivar interaction_id: the request of an application that waits; "" for none.
    :ivar after: the page of ours that was asked for.
    :ivar until: when it is too late, in ms."""

    transient: str
    interaction_id: str
    after: str
    until: int


def keep(request: Request, response: Response, state: str, login: LoginState) -> None:
    """Give it to the browser with ``response``, bound to that browser whoever signs in to it meanwhile."""
    before = [name for name in request.cookies if name.startswith(_prefix(request))]
    # Browsers name the oldest first (RFC 6265 section 5.4).
    for name in before[: max(0, len(before) - AT_ONCE + 1)]:
        _delete(request, response, name)
    context = _context(request.browser.mark, state)
    sealed = request.runtime.keys.seal(PURPOSE, json.dumps(asdict(login)).encode(), context)
    response.set_cookie(
        _name(request, state),
        sealed,
        max_age=(login.until - request.now) // 1000,
        path="/",
        secure=_secure(request),
        httponly=True,
        samesite="Lax",  # not Strict: the way back begins on the provider's site
        overwrite=True,
    )


def find(request: Request, state: str) -> LoginState | None:
    """What this browser was sent away with; None when it was not it, or is too late."""
    sealed = request.cookies.get(_name(request, state), "")
    if not state or not sealed or _is_revoked(request, sealed):
        return None
    for mark in request.browser.marks:
        with suppress(KeyUnavailable, ValueError):
            text = request.runtime.keys.open(PURPOSE, sealed, _context(mark, state))
            found = LoginState(**json.loads(text))
            return found if request.now < found.until else None
    return None


def forget(request: Request, response: Response, state: str) -> None:
    """Take the cookie back."""
    _delete(request, response, _name(request, state))


def _delete(request: Request, response: Response, name: str) -> None:
    response.set_cookie(
        name, "", max_age=0, path="/", secure=_secure(request), httponly=True, samesite="Lax", overwrite=True
    )


def _is_revoked(request: Request, sealed: str) -> bool:
    """Whether others may have made it: its key was revoked."""
    try:
        return bool(request.runtime.keys.revoked_at(sealed_by(sealed)))
    except KeyUnavailable:
        return False  # opening it says so


def _context(mark: bytes, state: str) -> str:
    return f"{mark.hex()}|{state}"


def _name(request: Request, state: str) -> str:
    return _prefix(request) + digest(state).hex()[:16]


def _prefix(request: Request) -> str:
    return "__Host-consentcore_login_" if _secure(request) else "consentcore_login_"


def _secure(request: Request) -> bool:
    return bool(request.runtime.settings.web.secure_cookies)
