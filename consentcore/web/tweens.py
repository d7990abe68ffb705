"""What happens around every request: the security headers."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from consentcore.hosts import origin_of
from consentcore.web.redirects import without_foreign_host

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.registry import Registry
    from pyramid.request import Request
    from pyramid.response import Response

    from consentcore.runtime import Runtime
    from consentcore.settings import WebSettings

OWN_LOCATION = "consentcore.own_location"
"""In the environ: where a redirect within the site leads, as a path."""

MOST_KINDS = 64
"""Of so many answers, by the names of their headers, it is remembered which ones they lack."""
HSTS = "Strict-Transport-Security"
Handler = Callable[["Request"], "Response"]
View = Callable[[Any, "Request"], "Response"]

FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: browsers then send "Origin: null" with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class AnswerHeaders:
    """The headers that every answer of an installation carries, whoever makes it."""

    def __init__(self, runtime: Runtime) -> None:
        # With a redirect login every form may lead there: logging out does, and so does a session that is over.
        policy = content_security_policy(leads_away=runtime.redirect_login is not None)
        usual = {**FIXED, "Content-Security-Policy": policy, "Cache-Control": "no-store"}
        self._usual = [(name.lower(), (name, value)) for name, value in usual.items()]
        self._hsts = _hsts(runtime.settings.web)
        self._missing: dict[tuple[str, ...], list[tuple[str, str]]] = {}

    def complete(self, headers: list[tuple[str, str]]) -> None:
        """Add to ``headers`` what they do not say themselves; whether https is demanded is never theirs to say."""
        named = tuple([name for name, _ in headers])
        missing = self._missing.get(named)
        if missing is None:
            said = {name.lower() for name in named}
            missing = [header for name, header in self._usual if name not in said]
            if len(self._missing) < MOST_KINDS:
                self._missing[named] = missing
        headers += missing
        if self._hsts:
            headers[:] = [header for header in headers if header[0].lower() != HSTS.lower()]
            headers.append((HSTS, self._hsts))


def security_headers(handler: Handler, registry: Registry) -> Handler:
    """Add the security headers to every answer."""
    runtime = registry["consentcore.runtime"]
    settings = runtime.settings
    usual, own = AnswerHeaders(runtime), {origin_of(settings.issuer), origin_of(settings.web_url)}

    def tween(request: Request) -> Response:
        request.add_finished_callback(_let_go)
        response = without_foreign_host(request, handler(request), own)
        usual.complete(response.headerlist)
        location = response.headers.get("Location", "")
        if location.startswith("/") and not location.startswith("//"):
            request.environ[OWN_LOCATION] = location
        return response

    return tween


def _hsts(settings: WebSettings) -> str:
    """Strict-Transport-Security (RFC 6797 section 6.1), empty when it is not asked for."""
    if not settings.hsts_s:
        return ""
    return f"max-age={settings.hsts_s}" + ("; includeSubDomains" if settings.hsts_include_subdomains else "")


def _let_go(request: Request) -> None:
    """Break the circles through a request: its browser knows it, and so does the traceback of a refusal.

    They would keep the body until the garbage collector comes by: 900 bodies of 200 kB cost a process 30 MB.
    """
    known = request.__dict__
    for name in ("browser", "form"):
        known.pop(name, None)
    _, error, trace = known.pop("exc_info", None) or (None, None, None)
    if error is None or trace is None:
        return
    error.__traceback__ = None
    frame = trace.tb_frame.f_back
    traceback.clear_frames(trace)
    with contextlib.suppress(RuntimeError):  # the first one that still runs is ours
        while frame is not None:
            frame.clear()
            frame = frame.f_back


def leads_away(response: Response) -> Response:
    """For a page with a form whose answer goes to an application or a provider."""
    response.headers["Content-Security-Policy"] = content_security_policy(leads_away=True)
    return response


def asks_in_dialogs(view: View) -> View:
    """Decorate the view of a page whose script fetches other pages of this site, to show them as dialogs."""

    def answered(context: Any, request: Request) -> Response:
        response = view(context, request)
        policy = content_security_policy(leads_away=request.runtime.redirect_login is not None, fetches=True)
        response.headers["Content-Security-Policy"] = policy
        return response

    return answered


def content_security_policy(*, leads_away: bool = False, fetches: bool = False) -> str:
    """The policy of a page.

    :param leads_away: a form of the page is answered by a redirect to somebody else's site. There is no
        ``form-action`` then: Chromium holds it against every redirect of the chain that follows, and where an
        application or a provider leads on to is known to nobody here.
    :param fetches: a script of the page fetches other pages of this site.
    """
    form_action = "" if leads_away else "form-action 'self'; "
    connect_src = "connect-src 'self'; " if fetches else ""
    return (
        "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; "
        f"{connect_src}{form_action}base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
    )


def includeme(config: Configurator) -> None:
    """Outermost, so that refusals carry the headers too."""
    config.add_tween("consentcore.web.tweens.security_headers")
