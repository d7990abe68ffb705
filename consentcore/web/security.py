"""Who may see a view: Pyramid's security policy, with a permission for each audience.

A view says ``permission=OWNER`` or ``permission=APPLICATION`` and finds who it is as ``request.identity``. A person
who is not signed in is led to the login page; an application that does not prove who it is gets its 401 as JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote

from pyramid.httpexceptions import HTTPForbidden
from pyramid.security import Allowed, Denied

from consentcore.domain.client import Client
from consentcore.domain.owner import Owner
from consentcore.web.api.access import caller
from consentcore.web.errors import on_http
from consentcore.web.methods import SAFE_METHODS
from consentcore.web.redirects import see_other

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.request import Request
    from pyramid.response import Response

OWNER = "owner"
"""The pages of a data owner: somebody is signed in."""
APPLICATION = "application"
"""``/api/``: an application has proved who it is."""

AUDIENCES: dict[str, type] = {OWNER: Owner, APPLICATION: Client}
"""What ``request.identity`` is, by permission."""


class SecurityPolicy:
    """Knows who sent a request (Pyramid's ``ISecurityPolicy``)."""

    def identity(self, request: Request) -> Owner | Client | None:
        """Who it is: under ``/api/`` the application that calls, elsewhere the data owner who is signed in.

        :raises ProtocolError: when an application does not prove who it is (RFC 6749 section 5.2).
        """
        found: Owner | Client | None = caller(request) if is_api(request) else request.owner
        return found

    def authenticated_userid(self, request: Request) -> str | None:
        """The id of :meth:`identity`."""
        who = self.identity(request)
        return who.client_id if isinstance(who, Client) else who.owner_id if who else None

    def permits(self, request: Request, _context: object, permission: str) -> Allowed | Denied:
        """Whether who sent the request belongs to the audience of a view.

        :raises ProtocolError: when an application does not prove who it is.
        """
        if isinstance(self.identity(request), AUDIENCES[permission]):
            return Allowed("%s", permission)
        return Denied("nobody is signed in for %s", permission)

    def remember(self, _request: Request, _userid: str, **_options: Any) -> NoReturn:
        """Not the way to sign somebody in.

        :raises NotImplementedError: always: a session is a row of the store, begun in the transaction of a sign-in
            (:func:`consentcore.web.owner.sign_ins.start_session`).
        """
        raise NotImplementedError("sessions begin in consentcore.web.owner.sign_ins")

    def forget(self, _request: Request, **_options: Any) -> NoReturn:
        """Not the way to sign somebody out.

        :raises NotImplementedError: always: the row of the session ends (``OwnerRepository.end_session``).
        """
        raise NotImplementedError("sessions end in consentcore.web.owner.logout")


def is_api(request: Request) -> bool:
    """Whether applications call here, with credentials of their own and without cookies."""
    return str(request.environ.get("PATH_INFO", "")).startswith("/api/")


def on_forbidden(context: HTTPForbidden, request: Request) -> Response:
    """Send a visitor who is not signed in to the login page, and bring them back afterwards: who has sent a form whose
    sign-in is over sees it again, since nothing was done."""
    if not isinstance(context.result, Denied):
        return on_http(context, request)
    back = request.path if request.method in SAFE_METHODS or _has_page(request) else "/consents"
    return see_other(f"/login?next={quote(back, safe='/')}")


def _has_page(request: Request) -> bool:
    """Whether there is a page where a form was sent to."""
    if request.matched_route is None:
        return False
    views = [one["introspectable"] for one in request.registry.introspector.get_category("views")]
    here = [one for one in views if one["route_name"] == request.matched_route.name]
    return any("GET" in (one["request_methods"] or ("GET",)) for one in here)


def signed_in_view(view: Any, info: Any) -> Any:
    """Read the option ``signed_in``, which plugins of API 1.0 may give their pages, as the permission that it is."""
    if info.options.get("signed_in"):
        info.options["permission"] = OWNER
    return view


def includeme(config: Configurator) -> None:
    """Set the policy, and what becomes of who is not permitted."""
    config.set_security_policy(SecurityPolicy())
    config.add_exception_view(on_forbidden, context=HTTPForbidden)
    signed_in_view.options = ("signed_in",)  # type: ignore[attr-defined]
    # Innermost, for derivers are asked from there outwards and what it sets is looked at further out.
    config.add_view_deriver(
        signed_in_view, name="consentcore_signed_in", under="rendered_view", over="mapped_view"
    )
