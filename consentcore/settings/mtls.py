"""What can be set about certificates that clients show with TLS."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from consentcore.settings.schema import setting


@dataclass(frozen=True)
class MtlsSettings:
    """``consentcore.mtls.*``: certificates that clients show with TLS (RFC 8705), of which the proxy tells."""

    certificate_header: str | None = setting(
        "Which header of a trusted proxy holds the certificate of the client: with rfc9440 Client-Cert, with nginx "
        "X-SSL-Client-Cert with $ssl_client_escaped_cert in it. Only where server.mode is proxied; nobody else's "
        "header is ever read. Empty: no certificates.",
        default=None,
        choices=("nginx", "rfc9440"),
    )
    ca_file: Path | None = setting(
        "Authorities (PEM, intermediate ones too) whose certificates are taken for tls_client_auth; read at start. "
        "Empty: no client can use that method.",
        default=None,
    )
    url: str = setting(
        "Base URL under which the proxy asks clients for certificates, such as https://mtls.consent.example.com, so "
        "that browsers are not asked: the metadata names the endpoints there as mtls_endpoint_aliases. Empty: the "
        "issuer's.",
        default="",
    )
