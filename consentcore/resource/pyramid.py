"""For APIs made with Pyramid: a view decorator that lets only requests with a good token through.

config.include("consentcore.resource.pyramid")
config.set_token_checker(Introspection(...), realm="meters")

@view_config(route_name="rooms", decorator=needs_token("comfort.read"), renderer="json")
def rooms(request):
    return readings_of(request.token.subject)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from pyramid.httpexceptions import HTTPNotFound
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED

from consentcore.resource.bearer import Checker, Refused
from consentcore.resource.metadata import WELL_KNOWN, ProtectedResource
from consentcore.resource.possession import Possession
from consentcore.resource.protection import Protection
from consentcore.resource.sign_in import SignIn
from consentcore.resource.wsgi import TOKEN

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.request import Request

_PROTECTION = "consentcore.resource.protection"
_ROUTE = "consentcore.resource.metadata"
View = Callable[[Any, "Request"], Response]


def includeme(config: Configurator) -> None:
    """Add ``config.set_token_checker(checker, realm="api", possession=None, metadata=None)`` and ``request.token``."""
    config.add_directive("set_token_checker", set_token_checker)
    config.add_request_method(lambda request: request.environ.get(TOKEN), "token", property=True)


def set_token_checker(
    config: Configurator,
    checker: Checker,
    realm: str = "api",
    possession: Possession | None = None,
    metadata: ProtectedResource | None = None,
) -> None:
    """Say who judges the tokens of this application.

    :param possession: what tokens that are bound to a key are held against; behind a proxy one with a ``base_url``.
    :param metadata: what clients are told about the API (RFC 9728), in a route of its own that needs no token.
    """
    config.registry[_PROTECTION] = Protection(checker, realm, possession, metadata)
    if metadata is not None:
        # Of the host, whatever prefix this part of the application is included with (RFC 9728 section 3.1).
        prefix, config.route_prefix = config.route_prefix, None
        try:
            config.add_route(_ROUTE, f"{WELL_KNOWN}*rest")
        finally:
            config.route_prefix = prefix
        config.add_view(_described, route_name=_ROUTE, permission=NO_PERMISSION_REQUIRED, require_csrf=False)


def needs_token(
    *scopes: str, acr_values: Iterable[str] = (), max_age: int | None = None
) -> Callable[[View], View]:
    """Make a view decorator: the token must be good and allow every scope; else RFC 6750's answer.

    :param acr_values: the owner has to have signed in in one of these ways; empty: in any (RFC 9470).
    :param max_age: so many seconds ago at most; None: any time.

    The view finds the :class:`~consentcore.resource.bearer.Token` as ``request.token``.
    """

    kinds = tuple(acr_values)
    sign_in = SignIn(kinds, max_age) if kinds or max_age is not None else None

    def decorate(view: View) -> View:
        def checked(context: Any, request: Request) -> Response:
            protection = request.registry[_PROTECTION]
            request.environ.pop(TOKEN, None)
            try:
                request.environ[TOKEN] = protection.token(request.environ, scopes, sign_in)
            except Refused as refusal:
                return Response(status=refusal.status, headerlist=protection.headers(refusal))
            return view(context, request)

        return checked

    return decorate


def _described(request: Request) -> Response:
    answered = request.registry[_PROTECTION].described(request.environ)
    if answered is None:
        raise HTTPNotFound
    status, headers, body = answered
    return Response(status=status, headerlist=headers, app_iter=[body])
