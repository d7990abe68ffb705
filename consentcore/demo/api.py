"""The demo API of the energy company: gives room climate to whoever brings a live token with the scope."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyramid.config import Configurator

from consentcore.resource import Introspection, Token
from consentcore.resource.pyramid import needs_token

if TYPE_CHECKING:
    from pyramid.request import Request

ROOMS = {
    "fr-lyon-office": [
        {"room": "Meeting room 2", "temperature_c": 21.4, "humidity_percent": 41, "co2_ppm": 612},
        {"room": "Open office", "temperature_c": 22.1, "humidity_percent": 39, "co2_ppm": 748},
    ],
    "fr-lyon-warehouse": [
        {"room": "Loading bay", "temperature_c": 17.8, "humidity_percent": 52, "co2_ppm": 431},
    ],
    "fr-grenoble-lab": [
        {"room": "Laboratory 1", "temperature_c": 20.2, "humidity_percent": 44, "co2_ppm": 501},
    ],
}
ANY_SITE = [{"room": "Main room", "temperature_c": 20.9, "humidity_percent": 45, "co2_ppm": 540}]
"""Of a site that is not among those above."""
SCOPE = "comfort.read"
MOST_SITES = 50

SitesOf = Callable[[str, str], Mapping[str, str]]
"""What the company knows: the sites of a customer, names by id, for an application's client id and its name for the
customer."""


@dataclass
class DemoApi:
    """A protected resource (RFC 6750) that asks the authorization server about each token (RFC 7662)."""

    introspect_url: str
    client_id: str
    client_secret: str
    sites_of: SitesOf

    def wsgi(self) -> Any:
        """The WSGI application."""
        # Without a cache, so that the next call after a revocation shows it.
        checker = Introspection(self.introspect_url, self.client_id, self.client_secret, cache_s=0)
        config = Configurator()
        config.include("consentcore.resource.pyramid")
        config.set_token_checker(checker, realm="rooms")
        config.add_route("rooms", "/rooms")
        config.add_view(
            self.rooms,
            route_name="rooms",
            request_method="GET",
            decorator=needs_token(SCOPE),
            renderer="json",
        )
        return config.make_wsgi_app()

    def rooms(self, request: Request) -> dict[str, Any]:
        """Room climate of the sites that the owner has chosen, for a live token with ``comfort.read``; nothing where
        none was chosen."""
        chosen = chosen_sites(request.token, self.sites_of)
        return {"rooms": [{"site": name, **room} for one, name in chosen.items() for room in rooms_at(one)]}


def chosen_sites(token: Token, sites_of: SitesOf) -> dict[str, str]:
    """What a token opens: names by id of the sites that are this customer's and that they have chosen, the first
    :data:`MOST_SITES`; none where none was chosen."""
    own = sites_of(token.client_id, token.subject)
    return dict([(one, name) for one, name in own.items() if token.may_use("site", one)][:MOST_SITES])


def rooms_at(site: str) -> list[dict[str, Any]]:
    """Room climate at a site, by its id."""
    return ROOMS.get(site, ANY_SITE)
