"""Signed answers about tokens (RFC 9701), for whoever has to be able to show later what it was told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from consentcore.domain.clock import SECOND
from consentcore.domain.described_client import protocol_id
from consentcore.oauth.messages import HttpResponse
from consentcore.oauth.responses import NO_STORE

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.oauth.context import ServerContext
    from consentcore.oauth.messages import HttpRequest

TYP = "token-introspection+jwt"
MEDIA_TYPE = f"application/{TYP}"


def wants_signed(http: HttpRequest) -> bool:
    """Whether a signed answer is asked for (section 4)."""
    accepted = http.headers.get("accept", "").lower()
    return TYP in accepted and any(_names_it(each) for each in accepted.split(","))


def signed_answer(server: ServerContext, client: Client, plain: HttpResponse, now: int) -> HttpResponse:
    """The same answer, signed for the one who asks (section 5).

    :param plain: as it would be without.
    :param now: milliseconds since the epoch.
    """
    claims = {
        "iss": server.settings.issuer,
        "aud": protocol_id(client),
        "iat": now // SECOND,
        "token_introspection": json.loads(plain.body),
    }
    payload = json.dumps(claims, separators=(",", ":")).encode()
    signed = server.signing.sign(TYP, payload, algorithm=client.introspection_signed_response_alg)
    return HttpResponse(plain.status, [("Content-Type", MEDIA_TYPE), *NO_STORE], signed.encode())


def _names_it(accepted: str) -> bool:
    media_type, *parameters = (part.strip() for part in accepted.split(";"))
    weights = [each.partition("=")[2].strip() for each in parameters if each.startswith("q=")]
    return media_type == MEDIA_TYPE and not any(weight.strip("0.") == "" for weight in weights)
