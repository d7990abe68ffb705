"""Errors of the protocol endpoints, ours and oauthlib's, in one shape."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oauthlib.oauth2 import OAuth2Error

INVALID_REQUEST = "invalid_request"
INVALID_CLIENT = "invalid_client"
CHALLENGE = 'Basic realm="consentcore", charset="UTF-8"'

# RFC 6749 section 5.2: what an error_description may hold.
_NOT_ALLOWED = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")

_DEFAULTS = {
    "invalid_grant": "The code or refresh token is unknown, used, expired, or not this client's",
    "invalid_scope": "scope: expected scopes that this client is registered for",
    "unauthorized_client": "This client may not do that",
    "unsupported_response_type": "response_type: expected code",
}


class ProtocolError(Exception):
    """A refusal in the shape of RFC 6749 section 5.2.

    :param status: HTTP status.
    :param error: the code.
    :param description: for the developer of the client;
        characters that the RFC forbids become ``?``. Never put input into it.
    """

    def __init__(
        self, status: int, error: str, description: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"{error}: {description}")
        self.status = status
        self.error = error
        self.description = plain(description)
        self.headers = dict(headers or {})


def plain(description: str) -> str:
    """Replace what RFC 6749 section 5.2 does not allow in an ``error_description``."""
    return _NOT_ALLOWED.sub("?", description)


def bad_request(description: str, status: int = 400) -> ProtocolError:
    """``invalid_request``, by default with 400."""
    return ProtocolError(status, INVALID_REQUEST, description)


def invalid_client(description: str = "Client authentication failed") -> ProtocolError:
    """The one answer to every failed client authentication, so that none can be told from another.

    RFC 6749 section 5.2 wants the challenge when the Authorization header was used, RFC 9110 section 15.5.2
    with every 401.

    :param description: why a client's own document cannot be used, which is nobody's secret.
    """
    return ProtocolError(401, INVALID_CLIENT, description, {"WWW-Authenticate": CHALLENGE})


def suspended(status: int = 400) -> ProtocolError:
    """The client has proved who it is, and is kept out for a while.

    ``unauthorized_client`` (RFC 6749 section 5.2) says that of the client. ``invalid_grant`` would say it of the
    token, and stock clients throw away the refresh token that it is said of; this one is good again afterwards.
    """
    return ProtocolError(status, "unauthorized_client", "This application is suspended; its tokens are kept")


def unavailable(retry_after_s: int = 5) -> ProtocolError:
    """The storage did not answer, or somebody else who has to be asked; nothing was changed."""
    headers = {"Retry-After": str(retry_after_s)}
    return ProtocolError(503, "temporarily_unavailable", "Please try again", headers)


def description_of(error: OAuth2Error) -> str:
    """What to tell about an oauthlib error: its own words, or ours where it has none."""
    return plain(str(error.description or _DEFAULTS.get(error.error, "")))


def from_oauthlib(error: OAuth2Error) -> ProtocolError:
    """Translate, because oauthlib's own JSON echoes ``state`` from the body (gap 18).

    ``invalid_client``, whose challenge it gets wrong (gap 13), never comes from there: see
    :mod:`consentcore.oauth.client_auth`.
    """
    return ProtocolError(int(error.status_code), str(error.error), description_of(error))
