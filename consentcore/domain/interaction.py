"""Interactions: pending authorization requests, kept on the server."""

from __future__ import annotations

from dataclasses import dataclass, field

from consentcore.domain.client import Client
from consentcore.domain.grant import Grant
from consentcore.domain.owner import OwnerSession


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A validated authorization request (RFC 6749 section 4.1.1, RFC 7636 section 4.3).

    :ivar scopes: scope tokens, in the order asked, without duplicates.
    :ivar audience: the APIs that it asks tokens for (RFC 8707 section 2), in that order.
    :ivar state: echoed byte for byte; None when the request had none.
    :ivar confirmation: the key that the exchange of its code has to prove, see :class:`~consentcore.domain.token.Code`.
    """

    client_id: str
    redirect_uri: str
    redirect_uri_given: bool
    scopes: tuple[str, ...]
    state: str | None = None
    code_challenge: str = ""
    prompt: str = ""
    ui_locales: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()
    confirmation: str = ""


@dataclass(frozen=True, slots=True)
class PushedRequest:
    """A pushed authorization request that waits for its browser (RFC 9126 section 2.2).

    Stored under the SHA-256 of the secret in its ``request_uri``.

    :ivar query: its parameters as the authorization endpoint would have had them, URL-encoded; no credentials.
    """

    request_hash: bytes
    client_id: str
    query: str
    created_at: int
    expires_at: int
    seal: bytes = field(default=b"", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Interaction:
    """An authorization request that waits for a person.

    Stored under the SHA-256 of the id that travels in the URL, and bound to one browser by
    ``session_hash``; the id alone opens nothing.
    """

    interaction_hash: bytes
    session_hash: bytes
    request: AuthorizationRequest
    created_at: int
    expires_at: int
    owner_id: str = ""
    seal: bytes = field(default=b"", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class AuthorizeContext:
    """What one read finds for an authorization request: client, session of the browser, standing grant."""

    client: Client | None
    session: OwnerSession | None = None
    grant: Grant | None = None
