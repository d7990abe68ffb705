"""Takes the word of a reverse proxy for who somebody is: it signs people in and puts their address into a header.

The proxy protects one address, ``/login/proxy``, and sends with it a header that only it knows. The view there turns
what the proxy says into an answer like that of any provider, bound to the browser that was sent.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from consentcore.api import (
    MINUTE,
    Authenticated,
    Clock,
    InvalidInput,
    Owner,
    OwnerIdentity,
    PluginInfo,
    PluginKind,
    RedirectLogin,
    RedirectTo,
    Refused,
    Returned,
    Secret,
    Storage,
    Unavailable,
    UnitOfWork,
    add_owner,
    hookimpl,
    normalise_email,
    setting,
    transact,
)

if TYPE_CHECKING:
    from pyramid.config import Configurator
    from pyramid.request import Request
    from pyramid.response import Response

PATH = "/login/proxy"
ISSUER = "urn:acme:proxy"
GOOD_FOR_MS = MINUTE


@dataclass(frozen=True)
class ProxyLoginSettings:
    """``consentcore.plugin.proxy_login.*``."""

    secret: Secret = setting("What the proxy sends in the header X-Proxy-Proof; 32 characters or more.")
    header: str = setting("The header with the address of who is signed in.", default="X-Signed-In-As")
    label: str = setting("What the pages call the sign-in.", default="your company account")

    def __post_init__(self) -> None:
        """:raises ValueError: when the secret is too short."""
        if len(self.secret.reveal()) < 32:
            raise ValueError("secret: expected 32 characters or more")


class ProxyLogin:
    """See ``consentcore.api.RedirectLogin``."""

    origin = ""

    def __init__(self, settings: ProxyLoginSettings, storage: Storage) -> None:
        self._settings = settings
        self._storage = storage

    @property
    def label(self) -> str:
        """What the button says."""
        return self._settings.label

    def begin(self, *, callback_url: str, fresh: bool, now: int) -> RedirectTo | Unavailable:  # noqa: ARG002
        """To our own address that the proxy protects."""
        state, nonce = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        asked = hashlib.sha256(nonce.encode()).hexdigest()
        parts = urlsplit(callback_url)
        query = urlencode({"state": state, "asked": asked})
        return RedirectTo(f"{parts.scheme}://{parts.netloc}{PATH}?{query}", state, nonce)

    def complete(self, returned: Returned) -> Authenticated | Refused | Unavailable:
        """Believe what :func:`answer_of` has made, within a minute."""
        email, at = returned.params.get("email", ""), returned.params.get("at", "")
        asked = hashlib.sha256(returned.transient.encode()).hexdigest()
        expected = _signature(self._settings, email, asked, at)
        given = returned.params.get("signature", "").encode("utf-8", "replace")
        if not hmac.compare_digest(expected.encode(), given) or not at.isdecimal():
            return Refused("failed")
        if not 0 <= returned.now - int(at) <= GOOD_FOR_MS:
            return Refused("stale")
        try:
            owner_id = transact(
                self._storage, lambda uow: _owner_id(uow, normalise_email(email), returned.now)
            )
        except InvalidInput:
            return Refused("taken")
        return Authenticated(owner_id, ISSUER, ("fed",))

    def end(self, *, return_url: str) -> str:  # noqa: ARG002 - the proxy keeps its own session
        """Nowhere."""
        return ""


def answer_of(settings: ProxyLoginSettings, request: Request, now: int) -> dict[str, str] | None:
    """What goes back to the callback; None where it was not the proxy that sent the request on."""
    proof = request.headers.get("X-Proxy-Proof", "").encode("utf-8", "replace")
    email, asked = request.headers.get(settings.header, ""), request.query.one("asked")
    if not hmac.compare_digest(proof, settings.secret.reveal().encode()) or not email:
        return None
    signature = _signature(settings, email, asked, str(now))
    return {"state": request.query.one("state"), "email": email, "at": str(now), "signature": signature}


def _signature(settings: ProxyLoginSettings, email: str, asked: str, at: str) -> str:
    text = f"{email}\n{asked}\n{at}".encode("utf-8", "replace")
    return hmac.new(settings.secret.reveal().encode(), text, hashlib.sha256).hexdigest()


def _owner_id(uow: UnitOfWork, email: str, now: int) -> str:
    known = uow.identities.get(ISSUER, email)
    if known is not None:
        return known.owner_id
    owner = Owner(str(uuid.uuid4()), email, now)
    add_owner(uow, owner)
    uow.identities.add(OwnerIdentity(ISSUER, email, owner.owner_id, now))
    return owner.owner_id


@hookimpl
def consentcore_plugin() -> PluginInfo:
    """Say who this is."""
    return PluginInfo(
        name="proxy_login",
        kind=PluginKind.LOGIN,
        summary="Takes the word of a reverse proxy for who somebody is.",
        api="1.1",
        settings=ProxyLoginSettings,
    )


@hookimpl
def consentcore_login(settings: ProxyLoginSettings, storage: Storage, clock: Clock) -> RedirectLogin:  # noqa: ARG001
    """Make the login."""
    return ProxyLogin(settings, storage)


@hookimpl
def consentcore_configure(config: Configurator, settings: ProxyLoginSettings) -> None:
    """Add the address that the proxy protects."""
    from pyramid.httpexceptions import HTTPForbidden, HTTPSeeOther

    def proxy(request: Request) -> Response:
        answer = answer_of(settings, request, request.now)
        if answer is None:
            raise HTTPForbidden("this address is for the proxy that signs people in")
        return HTTPSeeOther(f"/login/callback?{urlencode(answer)}")

    config.add_route("proxy_login", PATH)
    config.add_view(proxy, route_name="proxy_login", request_method="GET")
