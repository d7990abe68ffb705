"""Which URLs may be client ids, and whose (draft-ietf-oauth-client-id-metadata-document section 3)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv6Address
from urllib.parse import urlsplit

from consentcore.domain.errors import InvalidInput
from consentcore.egress.target import parse_target
from consentcore.hosts import is_authority

FIELD = "client_id"
MAX_LENGTH = 256
"""Of such a URL, in characters: it stands in requests, in records and on pages."""
EVERY_HOST = "*"
_DOT_SEGMENT = re.compile(r"/(\.|%2e){1,2}(/|$)", re.IGNORECASE)
_HOST = re.compile(r"(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*")


def check_document_url(url: str) -> str:
    """Let a URL pass that may be a client id; its host.

    https, a path, no fragment, no user, no dot segments; and what the draft advises against is refused too, a query,
    like every other way to write the same URL: one application has one id.

    :raises InvalidInput: field ``client_id``.
    """
    if len(url) > MAX_LENGTH:
        raise InvalidInput(FIELD, f"expected a URL of at most {MAX_LENGTH} characters")
    try:
        target, parts = parse_target(url), urlsplit(url)
    except (InvalidInput, ValueError):
        raise InvalidInput(FIELD, "expected a URL such as https://app.example/client.json") from None
    if not target.tls or not is_authority(parts.netloc) or "%" in parts.netloc:
        raise InvalidInput(FIELD, "expected an https URL with the name of a host")
    if parts.netloc != target.host_header or not _is_plain(target.host):
        raise InvalidInput(
            FIELD,
            "expected the host as it is written shortest, in small letters and without its default port",
        )
    if len(parts.path) < 2:
        raise InvalidInput(FIELD, "expected a path after the host")
    if "?" in url or "#" in url:
        raise InvalidInput(FIELD, "expected no query and no fragment")
    if _DOT_SEGMENT.search(parts.path):
        raise InvalidInput(FIELD, "expected no . or .. in the path")
    return target.host


def _is_plain(host: str) -> bool:
    """Whether an address of version 6 is written as RFC 5952 has it; names are."""
    return ":" not in host or str(IPv6Address(host)) == host


def is_host_pattern(text: str) -> bool:
    """Whether a setting may name hosts so: one, all below one (``*.example.com``), or all."""
    return text == EVERY_HOST or bool(_HOST.fullmatch(text))


def is_let_in(host: str, patterns: Iterable[str]) -> bool:
    """Whether documents of a host are taken."""
    return any(
        pattern in (EVERY_HOST, host) or (pattern.startswith("*.") and host.endswith(pattern[1:]))
        for pattern in patterns
    )
