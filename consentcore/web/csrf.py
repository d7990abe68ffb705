"""Forms that count: Pyramid's view option ``require_csrf``, checked by our rules.

It is on for every view but exception views (Origin, Sec-Fetch-Site and the token, on methods that are not safe);
protocol and API routes, which take no cookies, switch it off. With :data:`ANY_PERSON` a form counts that this browser
got when somebody else was signed in, or nobody: for pages that mean whoever answers, or look themselves.

This stands in the place of Pyramid's own check, which cannot do it: it compares origins over https only, reads the
form with ``request.POST``, which is not strict and raises on odd bytes, and knows one refusal where a person needs to
be told which of four it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyramid.httpexceptions import HTTPForbidden

from consentcore.hosts import origin_of
from consentcore.web.methods import SAFE_METHODS
from consentcore.web.session import Sender

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.request import Request
    from pyramid.response import Response

View = Callable[[Any, "Request"], "Response"]


ANY_PERSON = "any_person"


class BadCsrf(HTTPForbidden):
    """A form that does not count. This one came from another site."""


class UnknownForm(BadCsrf):
    """Sent from here, but no form that this browser has got as far as its cookies tell."""


class NoCookies(BadCsrf):
    """Sent from here by a browser that has brought none of the cookies that it got with the form."""


class AnotherPerson(BadCsrf):
    """A form that this browser got when somebody else was signed in."""


def csrf_view(view: View, info: Any) -> View:
    """Refuse an unsafe request that a page of ours did not send (ASVS 3.5.1)."""
    wanted = next(
        (said for name in ("require_csrf", "csrf") if (said := info.options.get(name)) is not None), None
    )
    if wanted is None:
        wanted = not info.exception_only
    if not wanted:
        return view

    def checked(context: Any, request: Request) -> Response:
        if request.method not in SAFE_METHODS:
            check_origin(request)
            check_sender(request, any_person=wanted == ANY_PERSON)
        return view(context, request)

    return checked


def check_origin(request: Request) -> None:
    """Compare Origin with where this request was sent and with our own URLs; ``null`` is foreign."""
    origin = request.headers.get("Origin")
    settings = request.runtime.settings
    own = {origin_of(url) for url in (settings.web_url, settings.issuer, request.host_url)}
    if origin is not None and (not origin_of(origin) or origin_of(origin) not in own):
        raise BadCsrf
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise BadCsrf


def check_sender(request: Request, *, any_person: bool) -> None:
    """Look at the anti-forgery token of a form.

    :raises BadCsrf: when it does not count, by reason.

    :param any_person: who is signed in is then not looked up, so that the view begins outside any transaction: a
        sign-in checks a password there, which takes its time and may have to write.
    """
    token = request.form.one("csrf_token")
    if not request.browser.got(token):
        raise UnknownForm if request.browser.keeps_cookies else NoCookies
    if not any_person and request.browser.sender(token) is Sender.ANOTHER:
        raise AnotherPerson


def includeme(config: Configurator) -> None:
    """Take the place of Pyramid's check; who is signed in is asked first, so that an expired session leads to the
    login page.
    """
    # The name that the option had for plugins of API 1.0.
    csrf_view.options = ("csrf",)  # type: ignore[attr-defined]
    config.add_view_deriver(csrf_view, name="csrf_view", under="secured_view", over="owrapped_view")
