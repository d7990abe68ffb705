"""What goes into and comes out of the authorization server, free of any web framework."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from consentcore.domain.interaction import AuthorizationRequest, AuthorizeContext, Interaction


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request to the token, revocation or introspection endpoint.

    :ivar query: the raw query string, without ``?``.
    :ivar about: the part of the path after that of the endpoint, where that names something; "" elsewhere.
    :ivar headers: names in lower case.
    :ivar proven: what may be used once and was used by this request, which may be done again after a collision.
    """

    method: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    remote_addr: str = ""
    about: str = ""
    proven: set[bytes] = field(default_factory=set, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """The answer to a :class:`HttpRequest`."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(frozen=True, slots=True)
class PageError:
    """An authorization request that must be answered by a page, never by a redirect (RFC 6749 section 4.1.2.1).

    :ivar over: it was sound once and its time is over; the application has made no mistake.
    """

    status: int
    error: str
    description: str
    over: bool = False


@dataclass(frozen=True, slots=True)
class Redirect:
    """Send the browser back to the client; by 302 or 303, never by 307 (RFC 9700 section 4.12)."""

    url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Pending:
    """A sound authorization request, and what one read found for it.

    :ivar shared: of a pushed request: the name that all openings of it share.
    :ivar opened: what is kept under that name, when it had been opened before and not been answered.
    """

    request: AuthorizationRequest
    context: AuthorizeContext
    shared: str = field(default="", compare=False)
    opened: Interaction | None = field(default=None, compare=False)
