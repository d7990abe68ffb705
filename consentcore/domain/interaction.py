"""Interactions: pending authorization requests, kept on the server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

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
    :ivar prompt: words of OpenID Connect Core section 3.1.2.1, separated by blanks.
    :ivar max_age: how long ago the owner may have signed in, in seconds, when it was made; None for any time (ibid.).
    :ivar acr_values: one of these the sign-in has to be, the best one first; empty for any (RFC 9470 section 4).
    :ivar grant_action: what becomes of the grant: ``create``, ``merge`` or ``replace``; "" where the application does
        not say (Grant Management for OAuth 2.0 section 5.2).
    :ivar grant_id: which grant that is about; "" for none.
    :ivar login_hint: under which name the owner may sign in, as the application supposes; "" where it does not.
    :ivar described: what the document of the application said when it asked, see
        :mod:`consentcore.domain.described_client`; "" where it has none.
    :ivar response_alg: the algorithm by which its answer is signed (JARM); "" for a plain answer.
    :ivar authorization_details: what it asks for besides (RFC 9396), each as it is kept, see
        :mod:`consentcore.domain.authorization_detail`.
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
    authorization_details: tuple[str, ...] = ()
    max_age: int | None = None
    acr_values: tuple[str, ...] = ()
    login_hint: str = ""
    grant_action: str = ""
    grant_id: str = ""
    response_alg: str = ""
    described: str = ""

    def members(self) -> dict[str, Any]:
        """What is kept of it, and sealed. Members that earlier releases did not know are left out where they say
        nothing: so those read what is kept as long as they run beside this one, and what they have sealed stays good.
        """
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in found.items() if name not in _LATER or value != _LATER[name]}

    @classmethod
    def of(cls, members: Mapping[str, Any]) -> Self:
        """Undo :meth:`members`, from JSON too, where tuples are lists; what a later release has added is left out."""
        known = {each.name for each in fields(cls)}
        found: dict[str, Any] = {name: value for name, value in members.items() if name in known}
        for name, value in found.items():
            found[name] = tuple(value) if isinstance(value, list) else value
        return cls(**found)


_FIRST = frozenset(
    {
        *("client_id", "redirect_uri", "redirect_uri_given", "scopes", "state", "code_challenge"),
        *("prompt", "ui_locales", "audience", "confirmation"),
    }
)
"""Members that are kept whatever they say."""
_LATER = {each.name: each.default for each in fields(AuthorizationRequest) if each.name not in _FIRST}


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
