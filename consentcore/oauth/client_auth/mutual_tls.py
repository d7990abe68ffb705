"""``tls_client_auth`` and ``self_signed_tls_client_auth`` (RFC 8705 section 2): the client has proven to the proxy that
it holds the key of a certificate, and is known by a name in it, or by the certificate itself."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from consentcore.domain.clock import SECOND
from consentcore.jose.certificate import x5t_of
from consentcore.oauth.client_auth.certificate_name import has_name
from consentcore.oauth.client_certificate import certificate_of

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from consentcore.oauth.client_auth.authorities import Authorities
    from consentcore.oauth.client_auth.key_source import KeySource
    from consentcore.oauth.client_auth.methods import Attempt

log = logging.getLogger("consentcore.oauth")


class NamedCertificate:
    """``tls_client_auth``: an authority vouches for the name (section 2.1).

    :param authorities: None where none is trusted, so that nobody gets in.
    """

    def __init__(self, authorities: Authorities | None) -> None:
        self._authorities = authorities

    def proves(self, attempt: Attempt) -> bool:
        """Whether a certificate was shown that has the registered name, and is one of the authorities'.

        :raises ProtocolError: 400 ``invalid_request``, see :func:`certificate_of`.
        """
        return _told(attempt, self._problem(attempt, certificate_of(attempt.http)))

    def _problem(self, attempt: Attempt, der: bytes | None) -> str:
        if self._authorities is None:
            return "no authorities are set (consentcore.mtls.ca_file)"
        certificate = _read(der)
        if certificate is None:
            return "expected a certificate"
        if not has_name(certificate, attempt.client.tls_client_auth):
            return "it has another name than the one that is registered"
        return "" if self._authorities.vouch_for(certificate, attempt.now) else "no authority vouches for it"


class RegisteredCertificate:
    """``self_signed_tls_client_auth``: the certificate itself is registered, in ``x5c`` of a key (section 2.2).

    :param keys: where the client's keys come from.
    """

    def __init__(self, keys: KeySource) -> None:
        self._keys = keys

    def proves(self, attempt: Attempt) -> bool:
        """Whether a certificate was shown that is registered, and its time has come and is not over.

        :raises ProtocolError: 400 ``invalid_request``, see :func:`certificate_of`.
        :raises Busy: in a request that must not wait for the keys here.
        """
        return _told(attempt, self._problem(attempt, certificate_of(attempt.http)))

    def _problem(self, attempt: Attempt, der: bytes | None) -> str:
        certificate = _read(der)
        if certificate is None or der is None:
            return "expected a certificate"
        begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if not begin.timestamp() <= attempt.now / SECOND <= end.timestamp():
            return "its time is over, or not there yet"
        known = self._keys.have_certificate(attempt.client, x5t_of(der), attempt.now)
        return "" if known else "it is not registered"


def _read(der: bytes | None) -> Certificate | None:
    from cryptography.x509 import InvalidVersion, load_der_x509_certificate

    try:
        return load_der_x509_certificate(der) if der else None
    except (ValueError, InvalidVersion):
        return None


def _told(attempt: Attempt, reason: str) -> bool:
    if reason:
        log.warning("the certificate of client %s is refused: %s", attempt.client.client_id, reason)
    return not reason
