"""Signed answers to authorization requests (JARM, JWT Secured Authorization Response Mode for OAuth 2.0).

The parameters of an answer stand in one JWT, ``response``, with issuer, audience and an end: nobody on the way through
the browser can change them, or bring in those of another server. It is sent in the query, as a plain answer is.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from consentcore.domain.clock import MINUTE, SECOND

if TYPE_CHECKING:
    from collections.abc import Iterable

    from consentcore.domain.client import Client
    from consentcore.oauth.context import ServerContext

PLAIN = "query"
SIGNED = ("query.jwt", "jwt")
"""Values of ``response_mode`` (section 2.3); ``jwt`` stands for the one that goes with ``response_type=code``."""
TYP = "JWT"
LIFE_MS = 5 * MINUTE
"""How long an answer is good; section 2.1 recommends ten minutes at most."""


def mode_problem(client: Client, mode: str | None) -> str | None:
    """What is wrong with a ``response_mode``; None for nothing."""
    if mode is None or mode in SIGNED or (mode == PLAIN and not client.authorization_signed_response_alg):
        return None
    return f"response_mode: expected {'' if client.authorization_signed_response_alg else 'query or '}jwt"


def response_alg(client: Client | None, mode: str | None, ours: str) -> str:
    """The algorithm that signs the answer, errors included; "" for a plain one.

    A client that has registered one has every answer signed (section 3).

    :param mode: as it was asked for, however wrong.
    :param ours: what signs where the client has registered none.
    """
    registered = client.authorization_signed_response_alg if client is not None else ""
    return registered or (ours if mode in SIGNED else "")


def signed_response(
    server: ServerContext, client_id: str, pairs: Iterable[tuple[str, str]], algorithm: str
) -> list[tuple[str, str]]:
    """The one parameter of a signed answer.

    :param pairs: the parameters of a plain one, without ``iss``.
    """
    until = (server.clock.now() + LIFE_MS) // SECOND
    claims = {"iss": server.settings.issuer, "aud": client_id, "exp": until, **dict(pairs)}
    payload = json.dumps(claims, separators=(",", ":"), ensure_ascii=False).encode()
    return [("response", server.signing.sign(TYP, payload, algorithm=algorithm))]
