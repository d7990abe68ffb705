"""Resource indicators (RFC 8707): which APIs a token is for. Here they are its *audience*; a *resource* is what an
owner chooses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from consentcore.domain.errors import InvalidInput
from consentcore.oauth.errors import ProtocolError, bad_request

if TYPE_CHECKING:
    from consentcore.domain.client import Client

MAX_AUDIENCES = 20
MAX_LENGTH = 500
# RFC 3986 section 4.3, and RFC 8707 section 2: absolute, no fragment.
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[\x21\x24-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]+")


def check_audience(uri: str) -> None:
    """Refuse a URI that no API can be registered under.

    :raises InvalidInput: naming what was expected.
    """
    if len(uri) > MAX_LENGTH or not _ABSOLUTE.fullmatch(uri) or _is_web_without_host(uri):
        expected = f"expected an absolute URI without fragment, of at most {MAX_LENGTH} characters"
        raise InvalidInput("resource", f"{expected}, such as https://api.example.com")


def requested_audience(
    client: Client, requested: Sequence[str], authorized: Sequence[str] = ()
) -> tuple[str, ...]:
    """What a request may have: each URI registered for the client and within what was authorized before.

    :param requested: the values of the parameter ``resource``.
    :param authorized: what code or refresh token stand for; empty does not limit.
    :raises ProtocolError: ``invalid_target`` (RFC 8707 section 2), or ``invalid_request`` where several come from a
        client that has no audiences at all: there the name is an ordinary one, which may come once.
    """
    if len(requested) > 1 and not client.audiences:
        raise bad_request("resource: expected once")
    if any(uri not in client.audiences or (authorized and uri not in authorized) for uri in requested):
        raise invalid_target()
    return tuple(requested)


def token_audience(client: Client, requested: Sequence[str], authorized: Sequence[str]) -> tuple[str, ...]:
    """The audience of an access token about to be made.

    What is asked now; else what was authorized, as far as the client is still registered for it; else the one
    audience that the client is registered for; else none.

    :param requested: the values of the parameter ``resource``.
    :param authorized: what code or refresh token stand for; empty where nothing was asked.
    :raises ProtocolError: see :func:`requested_audience`; ``invalid_target`` too when nothing is left of what was
        authorized.
    """
    if requested:
        return requested_audience(client, requested, authorized)
    if authorized:
        left = tuple(uri for uri in authorized if uri in client.audiences)
        if not left:
            raise invalid_target()
        return left
    return client.audiences if len(client.audiences) == 1 else ()


def invalid_target() -> ProtocolError:
    """The one answer to a ``resource`` that is malformed, unknown, or not this client's to ask for."""
    return ProtocolError(
        400,
        "invalid_target",
        "resource: expected URIs that this client is registered for, within those authorized",
    )


def _is_web_without_host(uri: str) -> bool:
    return uri.lower().startswith(("http:", "https:")) and not re.match(r"https?://[^/?]", uri, re.IGNORECASE)
