"""CoolSite, the demo application of an imaginary ISV.

It does what any ISV does with a stock library: sends the customer to the consent page, exchanges the code,
refreshes, calls the API, and listens for signed webhooks. It knows URLs and credentials, nothing else.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests
from oauthlib.oauth2.rfc6749.errors import OAuth2Error
from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from requests_oauthlib import OAuth2Session
from standardwebhooks import Webhook, WebhookVerificationError

if TYPE_CHECKING:
    from pyramid.request import Request

COOKIE = "coolsite_session"
SCOPES = ("sites.read", "comfort.read", "alarms.read", "offline_access")


@dataclass
class Visitor:
    """What CoolSite keeps about one browser."""

    state: str = ""
    verifier: str = ""
    tokens: dict[str, Any] = field(default_factory=dict)
    message: str = ""
    rooms: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class CoolSite:
    """The application.

    :ivar say: called with one line for the terminal per thing that happens.
    :ivar received: the webhooks that verified, newest last.
    """

    issuer: str
    prefix: str
    own_url: str
    api_url: str
    client_id: str
    client_secret: str
    webhook_secret: str
    say: Callable[[str], None]
    received: list[dict[str, Any]] = field(default_factory=list)
    visitors: dict[str, Visitor] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def wsgi(self) -> Any:
        """The WSGI application."""
        config = Configurator(settings={"jinja2.directories": "consentcore_templates:"})
        config.include("pyramid_jinja2")
        routes: dict[str, tuple[Any, str, str]] = {
            "/": (self.home, "GET", "demo/isv.jinja2"),
            "/connect": (self.connect, "POST", ""),
            "/callback": (self.callback, "GET", ""),
            "/rooms": (self.rooms, "POST", ""),
            "/refresh": (self.refresh, "POST", ""),
            "/webhooks": (self.webhook, "POST", ""),
        }
        for path, (view, method, renderer) in routes.items():
            config.add_route(path, path)
            config.add_view(view, route_name=path, request_method=method, renderer=renderer or None)
        return config.make_wsgi_app()

    def home(self, request: Request) -> dict[str, object]:
        """The front page."""
        visitor = self._visitor(request)
        message, visitor.message = visitor.message, ""
        return {
            "connected": bool(visitor.tokens),
            "chosen": _chosen(visitor.tokens),
            "rooms": visitor.rooms,
            "message": message,
            "webhooks": list(reversed(self.received[-5:])),
            "dashboard": f"{self.issuer}/consents",
        }

    def connect(self, request: Request) -> Response:
        """Send the customer to the consent page: authorization code grant with PKCE."""
        visitor = self._visitor(request)
        session = self._session()
        url, visitor.state = session.authorization_url(self._endpoint("authorize"))
        visitor.verifier = session._code_verifier  # noqa: SLF001 - requests-oauthlib has no public name for it
        return HTTPSeeOther(url)

    def callback(self, request: Request) -> Response:
        """The customer is back: exchange the code, or say that they said no."""
        visitor = self._visitor(request)
        answer = request.GET
        if answer.get("state") != visitor.state or answer.get("iss") != self.issuer:
            visitor.message = "That answer was not for a request of this browser."
        elif "error" in answer:
            visitor.message = "You said no. CoolSite sees nothing."
            self.say(f"CoolSite was told: {answer['error']}")
        else:
            self._exchange(visitor, answer.get("code", ""))
        return HTTPSeeOther("/")

    def _exchange(self, visitor: Visitor, code: str) -> None:
        session = self._session()
        session._code_verifier = visitor.verifier  # noqa: SLF001 - see connect
        try:
            visitor.tokens = session.fetch_token(
                self._endpoint("token"), code=code, client_secret=self.client_secret, include_client_id=True
            )
            visitor.message = "Connected."
            self.say(f"CoolSite got tokens for: {visitor.tokens.get('scope')}")
        except OAuth2Error as error:
            visitor.message = f"The code was refused: {error.error}"

    def rooms(self, request: Request) -> Response:
        """Call the demo API with the access token."""
        visitor = self._visitor(request)
        token = visitor.tokens.get("access_token", "")
        answer = requests.get(
            f"{self.api_url}/rooms",
            headers={"Authorization": f"Bearer {token}"},
            timeout=10,
            allow_redirects=False,
        )
        if answer.ok:
            visitor.rooms = answer.json()["rooms"]
            self.say(f"CoolSite called the API: {answer.status_code}, {len(visitor.rooms)} rooms")
        else:
            visitor.rooms = []
            visitor.message = (
                f"The API refused: {answer.status_code} {answer.headers.get('WWW-Authenticate', '')}"
            )
            self.say(f"CoolSite called the API: {answer.status_code} refused")
        return HTTPSeeOther("/")

    def refresh(self, request: Request) -> Response:
        """Exchange the refresh token."""
        visitor = self._visitor(request)
        session = OAuth2Session(self.client_id, token=visitor.tokens)
        try:
            visitor.tokens = session.refresh_token(
                self._endpoint("token"), client_id=self.client_id, client_secret=self.client_secret
            )
            visitor.message = "Got fresh tokens."
            self.say("CoolSite refreshed its tokens")
        except OAuth2Error as error:
            visitor.message = f"The refresh was refused: {error.error}"
            self.say(f"CoolSite tried to refresh: refused, {error.error}")
        return HTTPSeeOther("/")

    def webhook(self, request: Request) -> Response:
        """Receive a webhook; believe it only if the signature over the raw bytes is right."""
        try:
            Webhook(self.webhook_secret).verify(request.body, dict(request.headers))
        except WebhookVerificationError as error:
            self.say(f"webhook refused: {error}")
            return Response(status=400)
        payload = json.loads(request.body)
        with self.lock:
            self.received.append(payload)
        self.say(f"webhook {payload['type']} delivered to CoolSite, signature verified")
        return Response(status=204)

    def _session(self) -> OAuth2Session:
        return OAuth2Session(
            self.client_id, redirect_uri=f"{self.own_url}/callback", scope=list(SCOPES), pkce="S256"
        )

    def _endpoint(self, name: str) -> str:
        return f"{self.issuer}{self.prefix}/{name}"

    def _visitor(self, request: Request) -> Visitor:
        session_id = request.cookies.get(COOKIE, "")
        if session_id not in self.visitors:
            session_id = secrets.token_urlsafe(24)
            request.add_response_callback(
                lambda _request, response: response.set_cookie(
                    COOKIE, session_id, httponly=True, samesite="Lax"
                )
            )
            self.visitors[session_id] = Visitor()
        return self.visitors[session_id]


def _chosen(tokens: dict[str, Any]) -> str:
    """What the customer has chosen, as the token answer says it: ids, since CoolSite knows no names yet."""
    kinds = tokens.get("resources") or []
    told = [f"{one['type']} {', '.join(one['identifiers'])}" for one in kinds]
    return "; ".join(told).replace("*", "all, also later ones") or "none was chosen"
