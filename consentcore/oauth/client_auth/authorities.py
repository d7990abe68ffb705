"""Who may vouch for the names in certificates of clients: the authorities of ``consentcore.mtls.ca_file``.

A proxy that asks for certificates proves that a client has the key of the one that it shows, and need not judge it; so
here it is judged, whatever the proxy is set to.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from consentcore.domain.clock import MINUTE, SECOND

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.x509 import Certificate
    from cryptography.x509.verification import ExtensionPolicy

MOST_KEPT = 1000
"""Certificates that were found good lately."""
MOST_STEPS = 4
"""Authorities between a certificate and one that is trusted."""


class Authorities:
    """Certificates that are trusted. Safe to share between threads.

    :param path: a PEM file, read now.
    :raises OSError: it cannot be read.
    :raises ValueError: it holds no certificate, or something that is none.
    """

    def __init__(self, path: Path) -> None:
        from cryptography.x509 import load_pem_x509_certificates
        from cryptography.x509.verification import Store

        self._store = Store(load_pem_x509_certificates(path.read_bytes()))
        self._client, self._authority = _client_policy(), _authority_policy()
        self._good: dict[bytes, int] = {}

    def vouch_for(self, certificate: Certificate, now: int) -> bool:
        """Whether one of them has signed it and it is for clients (RFC 5280 section 6).

        What was found good is taken for good for a minute, as long as the certificate itself lasts.

        :param now: in milliseconds since the epoch.
        """
        from cryptography.hazmat.primitives.hashes import SHA256

        name = certificate.fingerprint(SHA256())
        if now < self._good.get(name, 0):
            return True
        if not self._verified(certificate, now):
            return False
        if len(self._good) >= MOST_KEPT:
            self._good = {}
        end = int(certificate.not_valid_after_utc.timestamp() * SECOND)
        self._good[name] = min(now + MINUTE, end)
        return True

    def _verified(self, certificate: Certificate, now: int) -> bool:
        from cryptography.x509 import DuplicateExtension, UnsupportedGeneralNameType
        from cryptography.x509.verification import PolicyBuilder, VerificationError

        policy = (
            PolicyBuilder()
            .store(self._store)
            .time(dt.datetime.fromtimestamp(now / SECOND, dt.UTC))
            .max_chain_depth(MOST_STEPS)
            .extension_policies(ca_policy=self._authority, ee_policy=self._client)
        )
        try:
            policy.build_client_verifier().verify(certificate, [])
        except (VerificationError, ValueError, DuplicateExtension, UnsupportedGeneralNameType):
            return False
        return True


def _client_policy() -> ExtensionPolicy:
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID
    from cryptography.x509.verification import Criticality, ExtensionPolicy

    def for_clients(_policy: object, _certificate: object, extension: Any) -> None:
        wanted = {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
        if extension is not None and wanted.isdisjoint(extension):
            raise ValueError("expected a certificate for clients")

    return ExtensionPolicy.permit_all().may_be_present(
        x509.ExtendedKeyUsage, Criticality.AGNOSTIC, for_clients
    )


def _authority_policy() -> ExtensionPolicy:
    """What a company's own authority has: less than those that browsers know."""
    from cryptography import x509
    from cryptography.x509.verification import Criticality, ExtensionPolicy

    def signs(_policy: object, _certificate: object, extension: Any) -> None:
        if extension is not None and not extension.key_cert_sign:
            raise ValueError("expected an authority that signs certificates")

    return (
        ExtensionPolicy.permit_all()
        .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, _is_authority)
        .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, signs)
    )


def _is_authority(_policy: object, _certificate: object, extension: Any) -> None:
    if not extension.ca:
        raise ValueError("expected an authority")
