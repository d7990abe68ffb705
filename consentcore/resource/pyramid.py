"""For APIs made with Pyramid: a view decorator that lets only requests with a good token through.

config.include("consentcore.resource.pyramid")
config.set_token_checker(Introspection(...), realm="meters")

@view_config(route_name="rooms", decorator=needs_token("comfort.read"), renderer="json")
def rooms(request):
    return readings_of(request.token.subject)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyramid.response import Response

from consentcore.resource.access import authorize
from consentcore.resource.bearer import Checker, Refused
from consentcore.resource.possession import Possession
from consentcore.resource.wsgi import TOKEN

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.request import Request

_CHECKER = "consentcore.resource.checker"
View = Callable[[Any, "Request"], Response]


def includeme(config: Configurator) -> None:
    """Add ``config.set_token_checker(checker, realm="api", possession=None)`` and ``request.token``."""
    config.add_directive("set_token_checker", set_token_checker)
    config.add_request_method(lambda request: request.environ.get(TOKEN), "token", property=True)


def set_token_checker(
    config: Configurator, checker: Checker, realm: str = "api", possession: Possession | None = None
) -> None:
    """Say who judges the tokens of this application.

    :param possession: what tokens that are bound to a key are held against; behind a proxy one with a ``base_url``.
    """
    config.registry[_CHECKER] = (checker, realm, possession or Possession())


def needs_token(*scopes: str) -> Callable[[View], View]:
    """Make a view decorator: the token must be good and allow every scope; else RFC 6750's answer.

    The view finds the :class:`~consentcore.resource.bearer.Token` as ``request.token``.
    """

    def decorate(view: View) -> View:
        def checked(context: Any, request: Request) -> Response:
            checker, realm, possession = request.registry[_CHECKER]
            request.environ.pop(TOKEN, None)
            try:
                request.environ[TOKEN] = authorize(request.environ, checker, scopes, possession)
            except Refused as refusal:
                return Response(status=refusal.status, headerlist=refusal.headers(realm))
            return view(context, request)

        return checked

    return decorate
