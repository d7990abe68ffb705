"""What ``plugins check`` says of the profile that applications are held to, and of certificates: what a deployment
lacks for either."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentcore.domain.client import FAPI2, TLS_METHODS, AuthMethod
from consentcore.domain.clock import SECOND
from consentcore.oauth.client_auth.key_set import key_set
from consentcore.oauth.fapi import (
    ALGORITHMS,
    LONGEST_CODE_MS,
    LONGEST_PUSHED_S,
    METHODS,
    demanded,
    may_authenticate,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from consentcore.domain.client import Client
    from consentcore.runtime import Runtime
    from consentcore.settings import CoreSettings

_NAMED = 3


def profile_checks(runtime: Runtime) -> tuple[list[str], list[str]]:
    """Hold settings and applications against the FAPI 2.0 Security Profile, where it holds, and against what is set for
    certificates.

    :returns: what has to be mended, and what is worth knowing.
    :raises StorageError: when the store fails.
    """
    settings = runtime.settings
    with runtime.storage.reading() as uow:
        clients = [client for client in runtime.clients.list(uow) if client.enabled]
    held = [client for client in clients if demanded(settings, client)]
    problems = [
        *_without_certificates(settings, clients),
        *_unfit(settings, clients),
        *_keyless(settings, clients),
    ]
    if not held and settings.oauth.profile != FAPI2:
        return problems, []
    if not settings.issuer.startswith("https:"):
        problems.append(f"consentcore.issuer: expected https, as {FAPI2} demands")
    return problems, list(_notes(settings))


def _without_certificates(settings: CoreSettings, clients: Iterable[Client]) -> list[str]:
    clients = list(clients)
    found = []
    if not settings.mtls.certificate_header:
        needing = [
            client
            for client in clients
            if client.auth_method in TLS_METHODS or client.tls_client_certificate_bound_access_tokens
        ]
        if needing:
            found.append(f"consentcore.mtls.certificate_header: expected for {_few(needing)}")
    elif not settings.mtls.ca_file:
        needing = [client for client in clients if client.auth_method is AuthMethod.TLS_CLIENT_AUTH]
        if needing:
            found.append(f"consentcore.mtls.ca_file: expected for {_few(needing)}")
    return found


def _unfit(settings: CoreSettings, clients: Iterable[Client]) -> list[str]:
    unfit = [client for client in clients if not may_authenticate(settings, client)]
    methods = ", ".join(sorted(METHODS))
    problem = f"{FAPI2}: expected one of {methods} as auth_method of {_few(unfit)}, refused until then"
    return [problem] if unfit else []


def _keyless(settings: CoreSettings, clients: Iterable[Client]) -> list[str]:
    """Applications that were registered before, with keys for other algorithms only."""
    found = [client for client in clients if demanded(settings, client) and _no_key_fits(client)]
    problem = f"{FAPI2}: expected a key for one of {', '.join(ALGORITHMS)} in jwks of"
    return [f"{problem} {_few(found)}, refused until then"] if found else []


def _no_key_fits(client: Client) -> bool:
    if client.auth_method is not AuthMethod.PRIVATE_KEY_JWT or not client.jwks:
        return False
    return not any(key.algorithms.intersection(ALGORITHMS) for key in key_set(client.jwks))


def _notes(settings: CoreSettings) -> Iterable[str]:
    if settings.oauth.code_ttl_s * SECOND > LONGEST_CODE_MS:
        yield f"consentcore.oauth.code_ttl_s: with {FAPI2} a code ends after {LONGEST_CODE_MS // SECOND} s"
    if settings.oauth.par_ttl_s > LONGEST_PUSHED_S:
        yield f"consentcore.oauth.par_ttl_s: with {FAPI2} a pushed request ends after {LONGEST_PUSHED_S} s"
    if not settings.mtls.certificate_header:
        yield f"{FAPI2}: tokens are bound by DPoP only, as consentcore.mtls.certificate_header is empty"
    yield f"{FAPI2}: TLS is the proxy's: docs/samples/nginx.conf has the versions and suites that BCP 195 asks for"


def _few(clients: list[Client]) -> str:
    named = sorted(client.client_id for client in clients)
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return f"{', '.join(named[:_NAMED])}{more}"
