"""What a client shows to prove who it is, as it stands in a request; nothing is believed yet.

oauthlib does not parse Basic at all (gap 13); this is done here, before it sees the request, so that nobody
learns anything about a code or token without credentials (gap 20).
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from consentcore.domain.client import CLIENT_ID, AuthMethod
from consentcore.domain.described_client import SCHEME
from consentcore.oauth.client_auth.client_jwt import Jwt, parse
from consentcore.oauth.errors import bad_request, invalid_client

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_VSCHARS = re.compile(r"[\x20-\x7e]*")
_MAX_HEADER = 4096
LONGEST_URL = 256
"""Characters of a client id that is the URL of a document, as of the parameter ``client_id``."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who a client says it is.

    :ivar secret: "" when it gave none.
    :ivar method: how it tries to prove it.
    :ivar assertion: of ``private_key_jwt``; nobody has checked it yet.
    :ivar document_url: what it calls itself, where that is the URL of a document; ``client_id`` is then what it is kept
        under.
    """

    client_id: str
    secret: str = field(default="", repr=False)
    method: AuthMethod = AuthMethod.NONE
    assertion: Jwt | None = field(default=None, repr=False)
    document_url: str = ""


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
    if "client_assertion" in in_body:
        return _from_assertion(parameters)
    if "client_assertion_type" in parameters:
        raise bad_request("client_assertion: expected with client_assertion_type")
    if not parameters.get("client_id"):
        raise invalid_client()
    secret = parameters.get("client_secret", "")
    method = AuthMethod.SECRET_POST if secret else AuthMethod.NONE
    return Credentials(parameters["client_id"], secret, method)


def _from_assertion(parameters: Mapping[str, str]) -> Credentials:
    """RFC 7521 section 4.2: the assertion names the client; a ``client_id`` beside it must be the same."""
    jwt = parse(parameters["client_assertion"])
    if parameters.get("client_assertion_type") != ASSERTION_TYPE or jwt is None:
        raise invalid_client()
    subject = jwt.claims.get("sub")
    if not isinstance(subject, str) or not (CLIENT_ID.fullmatch(subject) or _is_url(subject)):
        raise invalid_client()
    if parameters.get("client_id", subject) != subject:
        raise invalid_client()
    return Credentials(subject, method=AuthMethod.PRIVATE_KEY_JWT, assertion=jwt)


def _is_url(subject: str) -> bool:
    return subject.startswith(SCHEME) and len(subject) <= LONGEST_URL and bool(_VSCHARS.fullmatch(subject))


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
    known = _form_decoded(secret)
    # Client libraries send an empty secret for a public client; no confidential client passes with one.
    method = AuthMethod.SECRET_BASIC if known else AuthMethod.NONE
    return Credentials(_form_decoded(client_id), known, method)


def _form_decoded(text: str) -> str:
    """Undo the form encoding that RFC 6749 section 2.3.1 puts under Basic."""
    if _BROKEN_ESCAPE.search(text):
        raise invalid_client()
    try:
        clear = unquote_plus(text, errors="strict")
    except UnicodeDecodeError as error:
        raise invalid_client() from error
    if not _VSCHARS.fullmatch(clear):
        raise invalid_client()
    return clear
