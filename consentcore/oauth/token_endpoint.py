"""The token endpoint (RFC 6749 section 3.2): hands each request to its grant type, see :mod:`.grants`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from consentcore.oauth.endpoint import Endpoint
from consentcore.oauth.errors import ProtocolError, bad_request
from consentcore.oauth.parameters import CREDENTIALS, read_body

if TYPE_CHECKING:
    from consentcore.oauth.context import ServerContext
    from consentcore.oauth.cross_origin import Readers
    from consentcore.oauth.grants.exchange import GrantType
    from consentcore.oauth.messages import HttpRequest, HttpResponse


class TokenEndpoint(Endpoint):
    """Exchanges what a client has for tokens.

    :param grant_types: the grant types that there are.
    """

    def __init__(self, server: ServerContext, readers: Readers, grant_types: Iterable[GrantType]) -> None:
        super().__init__(server, readers)
        self._grants = {grant.NAME: grant for grant in grant_types}
        self._known = token_parameters(self._grants.values())
        self._expected = f"grant_type: expected {_one_of(self.grant_types)}"

    @property
    def grant_types(self) -> tuple[str, ...]:
        """The values of ``grant_type`` that it knows."""
        return tuple(self._grants)

    def respond(self, http: HttpRequest) -> HttpResponse:
        """Answer a token request: one read, one writing verb."""
        parameters = read_body(http, self._known, self._server.settings.server.max_body_bytes)
        grant_type = parameters.get("grant_type")
        if grant_type is None:
            raise bad_request(self._expected)
        grant = self._grants.get(grant_type)
        if grant is None:
            raise ProtocolError(400, "unsupported_grant_type", self._expected)
        credentials = self._server.authenticator.identify("token", http, parameters)
        return grant.exchange(http, credentials, parameters)


def token_parameters(grant_types: Iterable[GrantType | type[GrantType]]) -> dict[str, int]:
    """The parameters of the token endpoint, and how long each may be, in characters: where two grant types differ, as
    long as the longer one says, for they are read before it is known which one is meant."""
    known = {**CREDENTIALS, "grant_type": 256}
    for grant in grant_types:
        for name, limit in grant.PARAMETERS.items():
            known[name] = max(limit, known.get(name, 0))
    return known


def _one_of(names: tuple[str, ...]) -> str:
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))
