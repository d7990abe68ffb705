"""The demo API of the energy company: gives room climate to whoever brings a live token with the scope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyramid.config import Configurator

from consentcore.resource import Introspection
from consentcore.resource.pyramid import needs_token

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
        # Without a cache, so that the next call after a revocation shows it.
        checker = Introspection(self.introspect_url, self.client_id, self.client_secret, cache_s=0)
        config = Configurator()
        config.include("consentcore.resource.pyramid")
        config.set_token_checker(checker, realm="rooms")
        config.add_route("rooms", "/rooms")
        config.add_view(
            rooms, route_name="rooms", request_method="GET", decorator=needs_token(SCOPE), renderer="json"
        )
        return config.make_wsgi_app()


def rooms(_request: Request) -> dict[str, Any]:
    """Room climate, for a live token with ``comfort.read``."""
    return {"rooms": ROOMS}
