"""Which requests may go on: with a good token (RFC 6750), held by who it was issued to."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from consentcore.resource.bearer import BEARER, DPOP, MAX_TOKEN, Checker, Refused, Token
from consentcore.resource.possession import Possession
from consentcore.resource.sign_in import SignIn

log = logging.getLogger("consentcore.resource")

_B64TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_IN_THIS_PROCESS = Possession()


def token_of(environ: Mapping[str, Any]) -> tuple[str, str]:
    """The scheme and the token of a WSGI request: only from the Authorization header (RFC 6750 section 2.1).

    :returns: ``bearer`` or ``dpop``, and the token.
    :raises Refused: 401 without a token, 400 when it is malformed or stands in the query, where it ends up in logs.
    """
    query = str(environ.get("QUERY_STRING", ""))
    if "access_token" in query and any(
        name == "access_token" for name, _ in parse_qsl(query, keep_blank_values=True)
    ):
        raise Refused(400, "invalid_request", "The token belongs in the Authorization header")
    given, _, text = str(environ.get("HTTP_AUTHORIZATION", "")).strip().partition(" ")
    scheme = given.lower()
    if scheme not in {BEARER, DPOP}:
        raise Refused(401)
    token = text.strip()
    if not _B64TOKEN.fullmatch(token):
        raise Refused(400, "invalid_request", "Expected one token", scheme=scheme)
    if len(token) > MAX_TOKEN:
        raise Refused(401, "invalid_token", "The token is too long", scheme=scheme)
    return scheme, token


def authorize(
    environ: Mapping[str, Any],
    checker: Checker,
    scopes: Iterable[str] = (),
    possession: Possession = _IN_THIS_PROCESS,
    sign_in: SignIn | None = None,
) -> Token:
    """The token of a request that may go on.

    :param scopes: what the token must allow, all of it.
    :param possession: what a token that is bound to a key is held against.
    :param sign_in: what the sign-in has to be that it stands on; None: any.
    :raises Refused: with what to answer.
    """
    wanted = tuple(scopes)
    scheme = BEARER
    try:
        scheme, text = token_of(environ)
        token = checker.check(text)
        possession.check(environ, scheme, text, token)
    except Refused as refusal:
        # What a client has to come with, also if it has brought nothing yet; and who came by DPoP is answered by it
        # (RFC 9449 section 7.1).
        if possession.required or scheme == DPOP:
            refusal.scheme = DPOP
        if refusal.status == 401:
            refusal.scopes = wanted
        elif refusal.status == 503:
            log.warning("refused with 503: %s", refusal.description)
        raise
    if sign_in is not None:  # before the scopes: who has to ask the owner anew may ask for them by the way
        sign_in.check(token, wanted, scheme)
    if not token.scopes.issuperset(wanted):
        raise Refused(403, "insufficient_scope", "The token does not allow this", wanted, scheme=scheme)
    return token
