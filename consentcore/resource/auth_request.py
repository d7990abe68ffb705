"""What nginx asks with ``auth_request`` before it passes a request on: a WSGI application that answers 204, 401 or 403.

Run it beside nginx, for example with granian (``pip install consentcore-resource granian``)::

    granian --interface wsgi --factory --no-ws --blocking-threads 16 --host 127.0.0.1 --port 9001 \\
        consentcore.resource.auth_request:from_environment
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote

from consentcore.resource.access import authorize
from consentcore.resource.bearer import Checker, Refused, Token
from consentcore.resource.introspection import Introspection
from consentcore.resource.jwt import JwtVerifier
from consentcore.resource.possession import Possession
from consentcore.resource.wsgi import Environ, StartResponse, answer

PREFIX = "CONSENTCORE_RESOURCE_"
_PLAIN = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,4000}")


class AuthRequest:
    """Answers for another request: its token in ``Authorization``, its URI in ``X-Original-URI``, and where tokens are
    bound to keys its method in ``X-Original-Method`` and its proof in ``DPoP``.

    ``?scope=a+b`` in the URL that nginx asks says what the token must allow. A good token gives 204 with
    ``X-Consentcore-Subject``, ``-Client``, ``-Scope`` and ``-Grant``, for nginx to pass on. nginx knows only 401
    and 403 besides, so what is 400 elsewhere is 401 here, with the same challenge; 503 makes it answer 500.
    """

    def __init__(self, checker: Checker, *, realm: str = "api", possession: Possession | None = None) -> None:
        self._possession = possession or Possession()
        self._checker = checker
        self._realm = realm

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        scopes = " ".join(parse_qs(environ.get("QUERY_STRING", "")).get("scope", [])).split()
        path, _, query = environ.get("HTTP_X_ORIGINAL_URI", "").partition("?")
        asked = {
            **environ,
            "REQUEST_METHOD": environ.get("HTTP_X_ORIGINAL_METHOD", ""),
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(path, "latin-1"),
            "QUERY_STRING": query,
        }
        try:
            token = authorize(asked, self._checker, scopes, self._possession)
        except Refused as refusal:
            if refusal.status == 400:
                refusal.status = 401
            return answer(refusal, self._realm, start_response)
        start_response("204 No Content", [("Cache-Control", "no-store"), *_told(token)])
        return []


def _told(token: Token) -> list[tuple[str, str]]:
    facts = {
        "X-Consentcore-Subject": token.subject,
        "X-Consentcore-Client": token.client_id,
        "X-Consentcore-Scope": " ".join(sorted(token.scopes)),
        "X-Consentcore-Grant": token.grant_id,
    }
    return [(name, value) for name, value in facts.items() if _PLAIN.fullmatch(value)]


def from_environment(environ: Mapping[str, str] | None = None) -> AuthRequest:
    """Make the application from variables that start with ``CONSENTCORE_RESOURCE_``.

    ``INTROSPECTION_URL``, ``CLIENT_ID``, ``CLIENT_SECRET`` and, if wanted, ``CACHE_S`` (0: ask each time, so that a
    revocation works at once) ask; ``ISSUER`` and ``AUDIENCE`` verify JWTs instead. ``REALM`` is named in challenges,
    ``BASE_URL`` is where clients find the API (``https://api.example``), for tokens that are bound to keys.

    :raises ValueError: naming the variable that is missing or wrong.
    """
    given = os.environ if environ is None else environ
    values: dict[str, Any] = {
        name.removeprefix(PREFIX): value for name, value in given.items() if name.startswith(PREFIX)
    }
    audience = values.get("AUDIENCE", "").split()
    needed = (
        ("ISSUER", "AUDIENCE") if "ISSUER" in values else ("INTROSPECTION_URL", "CLIENT_ID", "CLIENT_SECRET")
    )
    for name in needed:
        if not values.get(name):
            raise ValueError(f"expected the environment variable {PREFIX}{name} to be set")
    checker: Checker
    if "ISSUER" in values:
        checker = JwtVerifier(values["ISSUER"], audience)
    else:
        url, client_id, secret = (values[name] for name in needed)
        cache_s = _seconds(values.get("CACHE_S") or "0")
        checker = Introspection(url, client_id, secret, cache_s=cache_s, audience=audience)
    possession = Possession(base_url=values.get("BASE_URL", ""))
    return AuthRequest(checker, realm=values.get("REALM") or "api", possession=possession)


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{PREFIX}CACHE_S: expected a number of seconds") from None
