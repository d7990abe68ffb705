"""Client authentication (RFC 6749 section 2.3, RFC 7523): one interface, one small strategy a method."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from consentcore.domain.client import AuthMethod
from consentcore.oauth.client_auth.assertion import Assertion
from consentcore.oauth.client_auth.authorities import Authorities
from consentcore.oauth.client_auth.credentials import Credentials, read_credentials
from consentcore.oauth.client_auth.key_source import TIMEOUT_S, KeySource
from consentcore.oauth.client_auth.methods import Authenticator, Nothing, SharedSecret
from consentcore.oauth.client_auth.mutual_tls import NamedCertificate, RegisteredCertificate
from consentcore.oauth.fapi import demanded, may_authenticate

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.egress import EgressPolicy
    from consentcore.oauth.client_documents import ClientDocuments
    from consentcore.ports.storage import Storage
    from consentcore.settings import CoreSettings

__all__ = ["Authenticator", "Credentials", "client_keys", "make_authenticator", "read_credentials"]

ISSUER_ONLY = "issuer"
_ENDPOINTS = {"token", "par", "revoke", "introspect"}


def client_keys(egress: EgressPolicy, documents: ClientDocuments | None = None) -> KeySource:
    """Where the keys of clients come from, for whatever they sign; asked for within :data:`TIMEOUT_S`.

    :param documents: say which they are of a client that has one; None where none has.
    """
    patient = replace(egress, timeout_s=TIMEOUT_S, connect_timeout_s=min(egress.connect_timeout_s, TIMEOUT_S))
    return KeySource(patient, documents)


def make_authenticator(storage: Storage, settings: CoreSettings, keys: KeySource) -> Authenticator:
    """Put the methods together."""

    def audiences(endpoint: str, client: Client) -> frozenset[str]:
        """The issuer; and, unless that is all, the URL of the endpoint and of the token endpoint.

        RFC 9126 section 2 wants all three, and Authlib signs the token endpoint's URL for every endpoint.
        """
        if demanded(settings, client):
            return frozenset({settings.issuer})
        if (settings.oauth.assertion_audience or client.assertion_audience) == ISSUER_ONLY:
            return frozenset({settings.issuer})
        own = endpoint if endpoint in _ENDPOINTS else "token"
        urls = (url for name in ("token", own) for url in settings.endpoint_urls(name))
        return frozenset({settings.issuer, *urls})

    secret = SharedSecret()
    authorities = Authorities(settings.mtls.ca_file) if settings.mtls.ca_file else None
    return Authenticator(
        {
            AuthMethod.SECRET_BASIC: secret,
            AuthMethod.SECRET_POST: secret,
            AuthMethod.NONE: Nothing(),
            AuthMethod.PRIVATE_KEY_JWT: Assertion(audiences, keys, storage, partial(demanded, settings)),
            AuthMethod.TLS_CLIENT_AUTH: NamedCertificate(authorities),
            AuthMethod.SELF_SIGNED_TLS_CLIENT_AUTH: RegisteredCertificate(keys),
        },
        partial(may_authenticate, settings),
    )
