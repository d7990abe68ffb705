"""What an API says of itself, for clients that have never heard of it: protected resource metadata (RFC 9728)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from consentcore.hosts import is_loopback, origin_of
from consentcore.jose.dpop import ALGORITHMS

WELL_KNOWN = "/.well-known/oauth-protected-resource"
MAX_LENGTH = 500
"""Characters of a resource identifier: no authorization server of ours registers a longer one."""
FRESH_S = 300
"""How long a document may be kept by whoever has fetched it."""

Text = str | Mapping[str, str]
"""A text, or texts by language tag (RFC 5646), ``""`` for the one of no language."""

_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_URL = re.compile(r"https?://[\x21\x24-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]+")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_PREFLIGHT = (
    ("Access-Control-Allow-Methods", "GET, HEAD"),
    ("Access-Control-Allow-Headers", "*"),
    ("Access-Control-Max-Age", "7200"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ProtectedResource:
    """An API as clients find it. Give the same one to middleware, Pyramid or ``auth_request``, which then serve
    :meth:`document` and name its address in every challenge.

    :ivar resource: its identifier, byte for byte what clients ask tokens for (``resource`` of RFC 8707) and what the
        checker has as ``audience``: https without query and fragment, http on this machine only.
    :ivar authorization_servers: issuers whose tokens it takes, at least one.
    :ivar scopes: scopes that a client may need here (``scopes_supported``).
    :ivar name: what people call it. Texts and addresses may come in several languages.
    :ivar documentation: page for developers.
    :ivar policy: page that says how the data may be used.
    :ivar terms: page with the terms of service.
    :ivar dpop_required: whether only tokens are taken that are bound to a key by DPoP.
    :ivar certificate_bound: whether tokens may be bound to a certificate here (RFC 8705 section 3).
    :ivar authorization_details_types: what may be asked for in detail (RFC 9396).
    :raises ValueError: naming the member that is wrong, and what was expected.
    """

    resource: str
    authorization_servers: Sequence[str]
    scopes: Sequence[str] = ()
    name: Text = ""
    documentation: Text = ""
    policy: Text = ""
    terms: Text = ""
    dpop_required: bool = False
    certificate_bound: bool = False
    authorization_details_types: Sequence[str] = ()

    def __post_init__(self) -> None:
        _check_identifier(self.resource)
        if isinstance(self.authorization_servers, str) or not self.authorization_servers:
            raise ValueError("authorization_servers: expected a list of at least one issuer")
        for issuer in self.authorization_servers:
            _check_address("authorization_servers", issuer)
        for member in ("scopes", "authorization_details_types"):
            _check_words(member, getattr(self, member))
        for member in ("name", "documentation", "policy", "terms"):
            _check_texts(member, getattr(self, member))

    @property
    def path(self) -> str:
        """Where the document is, as a path of the host: the well-known part goes before that of the API (RFC 9728
        section 3.1)."""
        path = urlsplit(self.resource).path
        return WELL_KNOWN + ("" if path == "/" else path)

    @property
    def url(self) -> str:
        """Where the document is, whole: what ``resource_metadata`` in a challenge says (RFC 9728 section 5.1)."""
        parts = urlsplit(self.resource)
        return f"{parts.scheme}://{parts.netloc}{self.path}"

    def document(self) -> dict[str, Any]:
        """The members (RFC 9728 section 2). What has no value is left out (section 3.2)."""
        members: dict[str, Any] = {
            "resource": self.resource,
            "authorization_servers": list(self.authorization_servers),
            "scopes_supported": list(self.scopes),
            "bearer_methods_supported": ["header"],
            **_in_languages("resource_name", self.name),
            **_in_languages("resource_documentation", self.documentation),
            **_in_languages("resource_policy_uri", self.policy),
            **_in_languages("resource_tos_uri", self.terms),
            "tls_client_certificate_bound_access_tokens": self.certificate_bound,
            "authorization_details_types_supported": list(self.authorization_details_types),
            "dpop_signing_alg_values_supported": list(ALGORITHMS),
            "dpop_bound_access_tokens_required": self.dpop_required,
        }
        return {name: value for name, value in members.items() if value}

    def answer(self, method: str) -> tuple[int, list[tuple[str, str]], bytes]:
        """Answer a request for the document: status, headers, body.

        It says the same to everybody, so any web page may read it, also one whose library sends headers of its own
        (Fetch standard, section 3.2).
        """
        headers = [("Access-Control-Allow-Origin", "*")]
        if method == "OPTIONS":
            return 204, [*headers, *_PREFLIGHT, ("Cache-Control", "no-store")], b""
        if method not in {"GET", "HEAD"}:
            return 405, [*headers, ("Allow", "GET, HEAD, OPTIONS"), ("Content-Length", "0")], b""
        body = json.dumps(self.document(), ensure_ascii=False).encode()
        headers += [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", f"public, max-age={FRESH_S}"),
        ]
        return 200, headers, b"" if method == "HEAD" else body


def _check_identifier(resource: str) -> None:
    """RFC 9728 section 1.2: https, without fragment; a query SHOULD not be there, and here is not. Compared byte for
    byte, so only in the form that every client makes of it."""
    if len(resource) > MAX_LENGTH:
        raise ValueError(f"resource: expected at most {MAX_LENGTH} characters")
    _check_address("resource", resource)
    parts = urlsplit(resource)
    if f"{parts.scheme}://{parts.netloc}" != origin_of(resource):
        raise ValueError(f"resource: expected the host as clients write it, {origin_of(resource)}")
    if not {".", ".."}.isdisjoint(unquote(parts.path).split("/")):
        raise ValueError("resource: expected a path without . and ..")


def _check_address(member: str, url: object) -> None:
    """An issuer (RFC 8414 section 2), or a resource."""
    expected = f"{member}: expected https://… without query and fragment, http on this machine only"
    if not isinstance(url, str) or not _URL.fullmatch(url) or "?" in url or "@" in url.split("/")[2]:
        raise ValueError(expected)
    parts = urlsplit(url)
    if not origin_of(url) or (parts.scheme == "http" and not is_loopback(parts.hostname or "")):
        raise ValueError(expected)


def _check_words(member: str, words: Sequence[str]) -> None:
    if isinstance(words, str) or not all(isinstance(one, str) and _SCOPE.fullmatch(one) for one in words):
        raise ValueError(f"{member}: expected a list of words of printable ASCII")


def _check_texts(member: str, given: Text) -> None:
    for language, text in _texts(given).items():
        if language and not _LANGUAGE.fullmatch(language):
            raise ValueError(f"{member}: expected a language tag such as fr or pt-BR, not {language!r}")
        if not isinstance(text, str) or _CONTROL.search(text):
            raise ValueError(f"{member}: expected a text of one line")
        if member != "name" and text and not (_URL.fullmatch(text) and origin_of(text)):
            raise ValueError(f"{member}: expected an address, https://…")


def _texts(given: Text) -> Mapping[str, str]:
    return {"": given} if isinstance(given, str) else given


def _in_languages(member: str, given: Text) -> dict[str, str]:
    """RFC 9728 section 2.1: each language has a member of its own."""
    return {f"{member}#{tag}" if tag else member: text for tag, text in _texts(given).items()}
