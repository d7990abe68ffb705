"""Redirect URIs: what may be registered, what matches, how an answer is put into one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit

from consentcore.domain.errors import InvalidInput
from consentcore.hosts import is_authority

if TYPE_CHECKING:
    from consentcore.domain.client import Client

FIELD = "redirect_uri"
MAX_LENGTH = 2000
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})
RESERVED = frozenset({"code", "state", "iss", "error", "error_description", "error_uri", "response"})
"""Names that the answer uses: in a registered query they would stand there twice."""

_UNSAFE = re.compile(r"[^\x21-\x7e]|[\\<>\"^`{|}]")
_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|\[::1\])(?::([1-9][0-9]{0,4}))?([/?].*)?")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]*")
_NATIVE_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")
_DOT_SEGMENT = re.compile(r"/(\.|%2e){1,2}(/|$)", re.IGNORECASE)


def check_redirect_uri(uri: str, *, public: bool) -> None:
    """Accept a URI for registration: https; http on loopback; a private-use scheme with a dot for public clients.

    No fragment, no userinfo, no wildcard, at most 2000 printable ASCII characters (RFC 6749 section 3.1.2,
    RFC 8252 sections 7 and 8.4, RFC 9700 section 2.1); the host is one of RFC 3986 section 3.2.2.

    :raises InvalidInput: naming ``redirect_uri`` and what was expected.
    """
    if not uri or len(uri) > MAX_LENGTH:
        raise InvalidInput(FIELD, f"expected 1 to {MAX_LENGTH} characters")
    if _UNSAFE.search(uri):
        raise InvalidInput(FIELD, "expected printable ASCII without blanks, backslashes or quotes")
    if "#" in uri:
        raise InvalidInput(FIELD, "expected no fragment")
    if "*" in uri:
        raise InvalidInput(FIELD, "expected no wildcard")
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError as error:
        raise InvalidInput(FIELD, "expected an absolute URI") from error
    if port == 0 or "@" in parts.netloc:
        raise InvalidInput(FIELD, "expected no userinfo and a port from 1 to 65535")
    _check_scheme(parts, public)
    if _DOT_SEGMENT.search(parts.path):
        raise InvalidInput(FIELD, "expected no . or .. in the path")
    if RESERVED.intersection(name for name, _ in parse_qsl(parts.query, keep_blank_values=True)):
        raise InvalidInput(FIELD, "expected a query without code, state, iss or error, nor response")


def _check_scheme(parts: SplitResult, public: bool) -> None:
    if parts.scheme in ("https", "http"):
        # RFC 3986 allows both, but browsers decode the one, and DNS has no name like the other (RFC 1123 section 2.1).
        if not is_authority(parts.netloc) or "%" in parts.netloc or parts.netloc.startswith("-"):
            raise InvalidInput(
                FIELD, "expected a host: a name, an IPv4 address, or an IPv6 address in brackets"
            )
        if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS:
            raise InvalidInput(FIELD, "expected https (http only on 127.0.0.1, [::1] or localhost)")
    elif not _NATIVE_SCHEME.fullmatch(parts.scheme):
        raise InvalidInput(
            FIELD, "expected https, http on loopback, or a private-use scheme like com.example.app"
        )
    elif not public:
        raise InvalidInput(FIELD, "expected https: private-use schemes are for public clients")


def is_registered(client: Client, presented: str) -> bool:
    """Compare byte for byte (RFC 9700 section 2.1).

    One exception, for public clients: the port of an ``http://127.0.0.1`` or ``http://[::1]`` URI may differ
    (RFC 8252 section 7.3), since a native app cannot know it beforehand.
    """
    if presented in client.redirect_uris:
        return True
    return client.public and _matches_but_port(presented, client.redirect_uris)


def _matches_but_port(presented: str, registered: Iterable[str]) -> bool:
    bare = _without_port(presented)
    return bare is not None and any(_without_port(uri) == bare for uri in registered)


def _without_port(uri: str) -> tuple[str, str] | None:
    match = _LOOPBACK.fullmatch(uri)
    if match is None or _UNSAFE.search(uri) or "#" in uri or int(match[2] or 80) > 65535:
        return None
    return match[1], match[3] or ""


def _quoted(value: str) -> str:
    return value if _UNRESERVED.fullmatch(value) else _quoted_again(value)


@lru_cache(maxsize=128)
def _quoted_again(value: str) -> str:
    """The issuer stands in every answer."""
    return quote(value, safe="")


def with_parameters(uri: str, pairs: Iterable[tuple[str, str]]) -> str:
    """Add parameters to the query of a URI and keep the query it has (RFC 6749 section 4.1.2).

    :param pairs: names of unreserved characters, and values of any.
    """
    added = "&".join([f"{name}={_quoted(value)}" for name, value in pairs])
    if "?" not in uri:
        return f"{uri}?{added}"
    return f"{uri}{added}" if uri.endswith(("?", "&")) else f"{uri}&{added}"
