"""The demo API of the energy company: gives room climate to whoever brings a live token with the scope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests
from pyramid.config import Configurator
from pyramid.response import Response

if TYPE_CHECKING:
    from pyramid.request import Request

ROOMS = [
    {"room": "Meeting room 2", "temperature_c": 21.4, "humidity_percent": 41, "co2_ppm": 612},
    {"room": "Open office", "temperature_c": 22.1, "humidity_percent": 39, "co2_ppm": 748},
    {"room": "Warehouse 2", "temperature_c": 17.8, "humidity_percent": 52, "co2_ppm": 431},
]
SCOPE = "comfort.read"


@dataclass
class DemoApi:
    """A protected resource (RFC 6750) that asks the authorization server about each token (RFC 7662)."""

    introspect_url: str
    client_id: str
    client_secret: str

    def wsgi(self) -> Any:
        """The WSGI application."""
        config = Configurator()
        config.add_route("rooms", "/rooms")
        config.add_view(self.rooms, route_name="rooms", request_method="GET")
        return config.make_wsgi_app()

    def rooms(self, request: Request) -> Response:
        """Room climate, for a live token with ``comfort.read``."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return self._refuse(401, "Bearer")
        facts = requests.post(
            self.introspect_url,
            data={"token": token},
            auth=(self.client_id, self.client_secret),
            timeout=10,
            allow_redirects=False,
        ).json()
        if not facts.get("active"):
            return self._refuse(401, 'Bearer error="invalid_token"')
        if SCOPE not in facts.get("scope", "").split():
            return self._refuse(403, f'Bearer error="insufficient_scope", scope="{SCOPE}"')
        return Response(json_body={"rooms": ROOMS})

    @staticmethod
    def _refuse(status: int, challenge: str) -> Response:
        return Response(status=status, headerlist=[("WWW-Authenticate", challenge), ("Content-Length", "0")])
