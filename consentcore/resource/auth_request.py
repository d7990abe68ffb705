"""What nginx asks with ``auth_request`` before it passes a request on: a WSGI application that answers 204, 401 or 403.

Run it beside nginx, for example with granian (``pip install consentcore-resource granian``)::

    granian --interface wsgi --factory --no-ws --blocking-threads 16 --host 127.0.0.1 --port 9001 \\
        consentcore.resource.auth_request:from_environment
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qs, unquote

from consentcore.hosts import origin_of
from consentcore.resource.bearer import Checker, Refused, Token
from consentcore.resource.certificates import ProxyCertificate
from consentcore.resource.introspection import Introspection
from consentcore.resource.jwt import JwtVerifier
from consentcore.resource.metadata import ProtectedResource
from consentcore.resource.possession import Possession
from consentcore.resource.protection import Protection
from consentcore.resource.sign_in import SignIn
from consentcore.resource.wsgi import Environ, StartResponse, refuse, send

PREFIX = "CONSENTCORE_RESOURCE_"
_PLAIN = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,4000}")


class AuthRequest:
    """Answers for another request: its token in ``Authorization``, its URI in ``X-Original-URI``, and where tokens are
    bound to keys its method in ``X-Original-Method`` and its proof in ``DPoP``, where they are bound to certificates
    the one that was shown in a header, see :class:`~consentcore.resource.certificates.ProxyCertificate`.

    ``?scope=a+b`` in the URL that nginx asks says what the token must allow, ``&max_age=300&acr_values=urn:gold`` how
    the owner has to have signed in (RFC 9470). A good token gives 204 with
    ``X-Consentcore-Subject``, ``-Client``, ``-Scope`` and ``-Grant``, for nginx to pass on. nginx knows only 401
    and 403 besides, so what is 400 elsewhere is 401 here, with the same challenge; 503 makes it answer 500.

    With ``metadata`` it also is what nginx passes the requests for that document to (RFC 9728).
    """

    def __init__(
        self,
        checker: Checker,
        *,
        realm: str = "api",
        possession: Possession | None = None,
        metadata: ProtectedResource | None = None,
    ) -> None:
        self._protection = Protection(checker, realm, possession, metadata)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        described = self._protection.described(environ)
        if described is not None:
            return send(described, start_response)
        wanted = parse_qs(environ.get("QUERY_STRING", ""))
        scopes = " ".join(wanted.get("scope", [])).split()
        path, _, query = environ.get("HTTP_X_ORIGINAL_URI", "").partition("?")
        asked = {
            **environ,
            "REQUEST_METHOD": environ.get("HTTP_X_ORIGINAL_METHOD", ""),
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(path, "latin-1"),
            "QUERY_STRING": query,
        }
        try:
            token = self._protection.token(asked, scopes, _sign_in(wanted))
        except Refused as refusal:
            if refusal.status == 400:
                refusal.status = 401
            return refuse(refusal, self._protection, start_response)
        start_response("204 No Content", [("Cache-Control", "no-store"), *_told(token)])
        return []


def _sign_in(wanted: Mapping[str, list[str]]) -> SignIn | None:
    """What nginx's configuration demands of the sign-in.

    :raises ValueError: it cannot be; nobody is let in then.
    """
    acr_values, max_age = " ".join(wanted.get("acr_values", [])).split(), wanted.get("max_age")
    if not acr_values and not max_age:
        return None
    return SignIn(acr_values, int(max_age[0]) if max_age else None)


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
    revocation works at once) ask, and with ``AUDIENCE`` refuse tokens for other APIs, with ``REQUIRE_AUDIENCE``
    (``true``) also those that name none; ``ISSUER`` and ``AUDIENCE`` verify JWTs instead. ``REALM`` is named in
    challenges, ``BASE_URL`` is where clients find the API (``https://api.example``), for tokens that are bound to keys.
    For those that are bound to certificates ``CERTIFICATE_HEADER`` (``nginx`` or ``rfc9440``) says in which header one
    comes, from ``TRUSTED_PROXIES`` (by default this machine).

    ``RESOURCE`` has it describe the API (RFC 9728), under that identifier: ``AUTHORIZATION_SERVERS`` (by default
    ``ISSUER``), and if wanted ``SCOPES``, ``NAME``, ``DOCUMENTATION`` and ``DPOP_REQUIRED`` (``true``).

    :raises ValueError: naming the variable that is missing or wrong.
    """
    given = os.environ if environ is None else environ
    # One that is set to nothing is not set: tools that start containers write them so.
    values = {
        name.removeprefix(PREFIX): value for name, value in given.items() if name.startswith(PREFIX) and value
    }
    required = _flag(values, "DPOP_REQUIRED")
    return AuthRequest(
        _checker(values),
        realm=values.get("REALM") or "api",
        possession=Possession(
            base_url=_base_url(values), required=required, certificate=_certificate(values)
        ),
        metadata=_metadata(values, required) if values.get("RESOURCE") else None,
    )


def _certificate(values: Mapping[str, str]) -> ProxyCertificate | None:
    header = values.get("CERTIFICATE_HEADER")
    if not header:
        return None
    try:
        return ProxyCertificate(header, values.get("TRUSTED_PROXIES", "127.0.0.1 ::1").split())
    except ValueError as error:
        raise ValueError(f"{PREFIX}CERTIFICATE_HEADER, {PREFIX}TRUSTED_PROXIES: {error}") from None


def _base_url(values: Mapping[str, str]) -> str:
    url = values.get("BASE_URL", "")
    if url and not origin_of(url):  # no proof would ever fit
        raise ValueError(f"{PREFIX}BASE_URL: expected where clients find the API, https://…")
    return url


def _checker(values: Mapping[str, str]) -> Checker:
    audience = values.get("AUDIENCE", "").split()
    verifies = "ISSUER" in values
    needed = ("ISSUER", "AUDIENCE") if verifies else ("INTROSPECTION_URL", "CLIENT_ID", "CLIENT_SECRET")
    required = _flag(values, "REQUIRE_AUDIENCE")
    for name in (*needed, *(["AUDIENCE"] if required else [])):
        if not values.get(name):
            raise ValueError(f"expected the environment variable {PREFIX}{name} to be set")
    cache_s = _seconds(values.get("CACHE_S") or "0")
    try:
        if verifies:
            return JwtVerifier(values["ISSUER"], audience)
        url, client_id, secret = (values[name] for name in needed)
        return Introspection(
            url, client_id, secret, cache_s=cache_s, audience=audience, require_audience=required
        )
    except ValueError as error:
        raise ValueError(f"{PREFIX}{needed[0]}: {error}") from None


def _metadata(values: Mapping[str, str], dpop_required: bool) -> ProtectedResource:
    try:
        return ProtectedResource(
            resource=values["RESOURCE"],
            authorization_servers=(values.get("AUTHORIZATION_SERVERS") or values.get("ISSUER", "")).split(),
            scopes=values.get("SCOPES", "").split(),
            name=values.get("NAME", ""),
            documentation=values.get("DOCUMENTATION", ""),
            dpop_required=dpop_required,
            certificate_bound=bool(values.get("CERTIFICATE_HEADER")),
        )
    except ValueError as error:
        member, _, expected = str(error).partition(": ")
        raise ValueError(f"{PREFIX}{member.upper()}: {expected}") from None


def _flag(values: Mapping[str, str], name: str) -> bool:
    text = values.get(name) or "false"
    if text not in {"true", "false"}:
        raise ValueError(f"{PREFIX}{name}: expected true or false")
    return text == "true"


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise ValueError(f"{PREFIX}CACHE_S: expected a number of seconds, 0 or more")
    return seconds
