"""Reading a URL that a request is to go to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from consentcore.domain.errors import InvalidInput
from consentcore.egress.addresses import Address, literal

MAX_URL = 2048
_PRINTABLE = re.compile(r"[!-~]+")
_DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads.

    :ivar host: lower case, no brackets, no trailing dot.
    :ivar address: when the host is one.
    :ivar path: path and query for the request line.
    """

    scheme: str
    host: str
    port: int
    path: str
    address: Address | None

    @property
    def tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.scheme == "https"

    @property
    def key(self) -> tuple[str, str, int]:
        """What requests have in common that may share a connection."""
        return self.scheme, self.host, self.port

    @property
    def host_header(self) -> str:
        """``Host`` of RFC 9110 section 7.2."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


@lru_cache(maxsize=1024)
def parse_target(url: str) -> Target:
    """Read a URL.

    :raises InvalidInput: field ``url``, when anything about it is not plain.
    """
    if len(url) > MAX_URL:
        raise InvalidInput("url", f"expected at most {MAX_URL} characters")
    if not url:
        raise InvalidInput("url", "expected https://host/path")
    if not _PRINTABLE.fullmatch(url) or "\\" in url:
        raise InvalidInput(
            "url",
            "expected printable ASCII without blanks and backslashes (an international name in its form with xn--)",
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InvalidInput("url", "expected https://host/path") from None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise InvalidInput("url", "expected https://host/path")
    if "@" in parts.netloc:
        raise InvalidInput("url", "expected no user name or password")
    if "[" in parts.netloc and ":" not in parts.hostname:
        raise InvalidInput("url", "expected an IPv6 address between the brackets")
    if "#" in url:
        raise InvalidInput("url", "expected no fragment")
    host = parts.hostname.removesuffix(".")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(
        scheme=parts.scheme,
        host=host,
        port=_DEFAULT_PORTS[parts.scheme] if port is None else port,
        path=path,
        address=literal(host),
    )
