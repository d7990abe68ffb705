"""What goes into and comes out of the authorization server, free of any web framework."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from consentcore.domain.interaction import AuthorizationRequest, AuthorizeContext


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request to the token, revocation or introspection endpoint.

    :ivar query: the raw query string, without ``?``. :ivar headers: names in lower case.
    :ivar proven: what may be used once and was used by this request, which may be done again after a collision.
    """

    method: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    remote_addr: str = ""
    proven: set[bytes] = field(default_factory=set, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """The answer to a :class:`HttpRequest`."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(frozen=True, slots=True)
class PageError:
    """An authorization request that must be answered by a page, never by a redirect (RFC 6749 section 4.1.2.1)."""

    status: int
    error: str
    description: str


@dataclass(frozen=True, slots=True)
class Redirect:
    """Send the browser back to the client; by 302 or 303, never by 307 (RFC 9700 section 4.12)."""

    url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Pending:
    """A sound authorization request, and what one read found for it."""

    request: AuthorizationRequest
    context: AuthorizeContext
