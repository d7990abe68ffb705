"""What every view finds on its request."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pyramid.interfaces import IRequestExtensions
from pyramid.request import Request as PyramidRequest
from pyramid.threadlocal import RequestContext

from consentcore.web.cookies import cookie_pairs
from consentcore.web.forms import Fields, posted_fields, query_fields
from consentcore.web.language import language_of
from consentcore.web.methods import SAFE_METHODS
from consentcore.web.owner.sign_ins import current_sign_in
from consentcore.web.session import Browser

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyramid.config import Configurator
    from pyramid.router import Router

    from consentcore.domain.owner import Owner, OwnerSession
    from consentcore.domain.scope import Catalog
    from consentcore.i18n import Language
    from consentcore.ports.transactions import UnitOfWork
    from consentcore.runtime import Runtime


class Request(PyramidRequest):
    """A request whose cookies can be read whatever other applications of the host have put beside ours, and that knows
    in which language it is answered."""

    @property
    def cookies(self) -> Mapping[str, str]:
        """The cookies by name; of several with one name the last, whose path is the shortest."""
        return MappingProxyType(dict(cookie_pairs(self.environ)))

    # Not request methods of the configuration: one that is bound to its request keeps it until the collector comes by.

    @property
    def language(self) -> Language:
        """The language of the answer; found anew each time, for what a page is about, and who looks at it, is known
        only after a while."""
        return language_of(self)

    @property
    def catalog(self) -> Catalog:
        """The scopes in the words of that language, as far as they have them."""
        return self.runtime.catalog.in_language(self.language.ranges)

    def translate(self, text: str) -> str:
        """A message in that language, for what is no template; any other text as it is."""
        return self.language.translate(text)


def runtime(request: Request) -> Runtime:
    """The platform that serves this request."""
    found: Runtime = request.registry["consentcore.runtime"]
    return found


def uow(request: Request) -> UnitOfWork:
    """The store inside this request's transaction; joined at first use, writing only for unsafe methods."""
    return runtime(request).storage.join(request.tm, write=request.method not in SAFE_METHODS)


def browser(request: Request) -> Browser:
    """The session of the browser."""
    return Browser(request, request.runtime.keys, secure=bool(request.runtime.settings.web.secure_cookies))


def now(request: Request) -> int:
    """One instant for the whole request, in milliseconds."""
    return runtime(request).clock.now()


def sign_in(request: Request) -> tuple[OwnerSession, Owner] | None:
    """The sign-in of this browser, if it has one that has not run out, and whose it is; one read for both."""
    return current_sign_in(request) if request.browser.known else None


def owner_session(request: Request) -> OwnerSession | None:
    """The sign-in of this browser, if it has one that has not run out."""
    return request.sign_in[0] if request.sign_in else None


def owner(request: Request) -> Owner | None:
    """The data owner who is signed in."""
    return request.sign_in[1] if request.sign_in else None


def form(request: Request) -> Fields:
    """The posted form.

    :raises InvalidInput: when it is not readable.
    """
    return posted_fields(request)


def query(request: Request) -> Fields:
    """The query string.

    :raises InvalidInput: when it is not readable.
    """
    return query_fields(request)


def with_request_factory(router: Router) -> Router:
    """Give every request what was configured for requests by its class, made once.

    Pyramid makes a class of its own for each request instead, for the attributes that were added: that costs more than
    finding the route and the view. Requests that are made otherwise, for ``invoke_subrequest``, still go that way.
    """
    extensions = router.registry.queryUtility(IRequestExtensions)
    factory = router.request_factory
    if not isinstance(factory, type):  # a plugin's own
        return router
    added = {**extensions.methods, **extensions.descriptors}
    kind = type(factory.__name__, (factory,), {**added, "__module__": factory.__module__})

    def request_context(environ: dict[str, Any]) -> RequestContext:
        request = kind(environ)
        request.registry = router.registry
        request.invoke_subrequest = router.invoke_subrequest
        return RequestContext(request)

    router.request_context = request_context
    return router


def includeme(config: Configurator) -> None:
    """Add the attributes above to every request."""
    config.set_request_factory(Request)
    for attribute in (runtime, uow, browser, now, sign_in, owner_session, owner, form, query):
        config.add_request_method(attribute, reify=True)
