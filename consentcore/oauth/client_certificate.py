"""The certificate that a client has shown with TLS (RFC 8705), as far as a proxy that is trusted has told of it.

Which header of which proxy is believed is decided where requests come in; whatever anybody else says of a certificate
never gets here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentcore.domain.client import AuthMethod
from consentcore.jose.certificate import UnreadableCertificate, read_header
from consentcore.oauth.errors import bad_request
from consentcore.oauth.grant_management import OFF

if TYPE_CHECKING:
    from consentcore.oauth.messages import HttpRequest
    from consentcore.settings import CoreSettings

CERTIFICATE = "client-certificate"
"""In the headers of a :class:`~consentcore.oauth.messages.HttpRequest`: what the proxy has told. No header that
somebody sends gets that name there."""
ALIASED = {
    "token_endpoint": "token",
    "pushed_authorization_request_endpoint": "par",
    "revocation_endpoint": "revoke",
    "introspection_endpoint": "introspect",
}
"""Endpoints that clients post to, where they may show a certificate (RFC 8705 section 5)."""


def certificate_of(http: HttpRequest) -> bytes | None:
    """The certificate in DER, None when there was none.

    :raises ProtocolError: 400 ``invalid_request``, when it cannot be read.
    """
    told = http.headers.get(CERTIFICATE)
    if not told:
        return None
    try:
        return read_header(told)
    except UnreadableCertificate as problem:
        raise bad_request(f"client certificate: {problem}") from None


def certificate_methods(settings: CoreSettings) -> tuple[str, ...]:
    """The methods of client authentication that need a certificate, as far as they work."""
    if not settings.mtls.certificate_header:
        return ()
    own = (AuthMethod.SELF_SIGNED_TLS_CLIENT_AUTH.value,)
    return (AuthMethod.TLS_CLIENT_AUTH.value, *own) if settings.mtls.ca_file else own


def certificate_members(settings: CoreSettings) -> dict[str, object]:
    """What the metadata says of certificates (RFC 8705 sections 3.3 and 5)."""
    if not settings.mtls.certificate_header:
        return {}
    found: dict[str, object] = {"tls_client_certificate_bound_access_tokens": True}
    if settings.mtls.url:
        url = settings.mtls_endpoint_url
        managed = {"grant_management_endpoint": "grants"} if settings.oauth.grant_management != OFF else {}
        aliased = {**ALIASED, **managed}
        found["mtls_endpoint_aliases"] = {member: url(name) for member, name in aliased.items()}
    return found
