"""The one interface of client authentication, and the methods that need nothing but the client.

Another method (attestation) is one class more with ``proves``, and one line where the server is put
together: it is handed everything that it could look at.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

from consentcore.domain.client import TLS_METHODS, AuthMethod, Client, ClientSecret
from consentcore.oauth.errors import invalid_client

if TYPE_CHECKING:
    from consentcore.oauth.client_auth.credentials import Credentials
    from consentcore.oauth.messages import HttpRequest

log = logging.getLogger("consentcore.oauth")
# Compared with when there is no such client, so that both cases take the same time.
_NOBODY = Client("nobody", "", 0, secrets=(ClientSecret(bytes(32), 0),))
_EITHER = frozenset({AuthMethod.SECRET_BASIC, AuthMethod.SECRET_POST})


class Attempt(NamedTuple):
    """One client that tries to authenticate itself.

    :ivar endpoint: where: ``token``, ``par``, ``revoke``, ``introspect`` or ``api``.
    :ivar now: milliseconds.
    """

    credentials: Credentials
    client: Client
    endpoint: str
    http: HttpRequest
    now: int


class Method(Protocol):
    """One way to authenticate (``token_endpoint_auth_method`` of RFC 7591 section 2)."""

    def proves(self, attempt: Attempt) -> bool:
        """Whether it is the client that it says it is. Called only for clients registered with this method.

        :raises StorageError: it could not be found out.
        """
        ...


class SharedSecret:
    """``client_secret_basic`` and ``client_secret_post`` (RFC 6749 section 2.3.1)."""

    def proves(self, attempt: Attempt) -> bool:
        """Any live secret will do; there are two while one is rotated."""
        return attempt.client.knows_secret(attempt.credentials.secret, attempt.now)


class Nothing:
    """``none``: a public client only names itself (RFC 6749 section 3.2.1)."""

    def proves(self, attempt: Attempt) -> bool:
        """It must not have a secret."""
        return not attempt.credentials.secret


class Authenticator:
    """Holds every client to the method that it is registered with. Safe to share between threads.

    :param may_authenticate: whether a client may do so by its method.
    """

    def __init__(
        self,
        methods: Mapping[AuthMethod, Method],
        may_authenticate: Callable[[Client], bool] = lambda _: True,
    ) -> None:
        self._methods = methods
        self._may_authenticate = may_authenticate

    def authenticate(
        self, endpoint: str, http: HttpRequest, credentials: Credentials, client: Client | None, now: int
    ) -> Client:
        """Check the credentials against the client that the storage found for them.

        A confidential client without a secret is refused, not taken for a public one. Unknown and disabled clients,
        wrong secrets and wrong methods are one and the same answer, and as to secrets take the same time.

        :raises ProtocolError: 401 ``invalid_client``.
        :raises StorageError: see :meth:`Method.proves`.
        """
        shown = credentials.method
        known = client or _NOBODY
        if shown is AuthMethod.NONE and known.auth_method in TLS_METHODS:
            shown = known.auth_method  # the request only names the client; the rest is the connection's
        if client is None or not client.enabled or not _registered(known, shown):
            known.knows_secret(credentials.secret, now)
            raise invalid_client()
        if not self._methods[shown].proves(Attempt(credentials, client, endpoint, http, now)):
            raise invalid_client()
        if not self._may_authenticate(client):
            log.warning("client %s is refused: its profile has no %s", client.client_id, client.auth_method)
            raise invalid_client()
        return client


def _registered(client: Client, shown: AuthMethod) -> bool:
    return shown is client.auth_method or (client.auth_method is AuthMethod.SECRET and shown in _EITHER)
