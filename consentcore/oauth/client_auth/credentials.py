"""Client authentication (RFC 6749 sections 2.3 and 3.2.1).

oauthlib does not parse Basic at all (gap 13); this is done here, before it sees the request, so that nobody
learns anything about a code or token without credentials (gap 20).
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from consentcore.domain.client import Client, ClientSecret
from consentcore.oauth.errors import bad_request, invalid_client

if TYPE_CHECKING:
    from consentcore.oauth.errors import ProtocolError

_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_VSCHARS = re.compile(r"[\x20-\x7e]*")
_MAX_HEADER = 4096
# Compared with when there is no such client, so that both cases take the same time.
_NOBODY = Client("nobody", "", 0, secrets=(ClientSecret(bytes(32), 0),))


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who a client says it is. ``secret`` is "" when it gave none."""

    client_id: str
    secret: str = field(default="", repr=False)


def read_credentials(headers: Mapping[str, str], parameters: Mapping[str, str]) -> Credentials:
    """Find the credentials in the header or the body.

    :raises ProtocolError: 400 on more than one method or two different clients, 401 on an unreadable header, an
        unsupported method, or no client at all.
    """
    header = headers.get("authorization")
    in_body = [name for name in ("client_secret", "client_assertion") if parameters.get(name)]
    if len(in_body) + (header is not None) > 1:
        raise bad_request("client authentication: expected one method")
    if header is not None:
        found = _from_basic(header)
        if parameters.get("client_id", found.client_id) != found.client_id:
            raise bad_request("client_id: expected the client of the Authorization header")
        return found
    if in_body == ["client_assertion"] or not parameters.get("client_id"):
        raise invalid_client()
    return Credentials(parameters["client_id"], parameters.get("client_secret", ""))


def authenticate(credentials: Credentials, client: Client | None, now: int) -> Client:
    """Check the credentials against the client that the storage found for them.

    A confidential client without a secret is refused, not taken for a public one; a public client must not
    have a secret. Unknown and disabled clients and wrong secrets are one and the same, in answer and time.

    :raises ProtocolError: 401 ``invalid_client``.
    """
    known = (client or _NOBODY).knows_secret(credentials.secret, now)
    if client is None or not client.enabled:
        raise invalid_client()
    if not (known or client.public) or (client.public and credentials.secret):
        raise invalid_client()
    return client


def _from_basic(header: str) -> Credentials:
    scheme, _, encoded = header.strip().partition(" ")
    if scheme.lower() != "basic" or len(header) > _MAX_HEADER:
        raise invalid_client()
    try:
        text = b64decode(encoded.strip(), validate=True).decode("utf-8")
    except ValueError as error:
        raise invalid_client() from error
    client_id, colon, secret = text.partition(":")
    if not colon:
        raise invalid_client()
    return Credentials(_form_decoded(client_id), _form_decoded(secret))


def _form_decoded(text: str) -> str:
    """Undo the form encoding that RFC 6749 section 2.3.1 puts under Basic."""
    failure: ProtocolError = invalid_client()
    if _BROKEN_ESCAPE.search(text):
        raise failure
    try:
        clear = unquote_plus(text, errors="strict")
    except UnicodeDecodeError as error:
        raise failure from error
    if not _VSCHARS.fullmatch(clear):
        raise failure
    return clear
