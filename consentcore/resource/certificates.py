"""The certificate that a client has shown with TLS, at an API behind a proxy that ends TLS (RFC 9440)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

from consentcore.jose.certificate import HEADERS, read_header


class ProxyCertificate:
    """Finds the certificate in the header of a proxy. Whatever anybody else says in it counts for nothing, so the proxy
    has to set it in every request, to nothing where no certificate was shown, and to drop names with underscores,
    which WSGI cannot tell from it (RFC 9440 section 4).

    :param header: ``nginx`` for ``X-SSL-Client-Cert`` with ``$ssl_client_escaped_cert`` in it, ``rfc9440`` for
        ``Client-Cert``.
    :param trusted_proxies: addresses or networks of the proxies.
    :raises ValueError: the header is none of these, or an entry is neither address nor network.
    """

    def __init__(self, header: str, trusted_proxies: Iterable[str] = ("127.0.0.1", "::1")) -> None:
        if header not in HEADERS:
            raise ValueError(f"header: expected one of {', '.join(sorted(HEADERS))}, not {header!r}")
        self._key = "HTTP_" + HEADERS[header].upper().replace("-", "_")
        self._networks = [ipaddress.ip_network(one) for one in trusted_proxies]

    def __call__(self, environ: Mapping[str, Any]) -> bytes | None:
        """The certificate in DER; None when there was none.

        :param environ: of the WSGI request.
        :raises UnreadableCertificate: a proxy has told what is none.
        """
        told = str(environ.get(self._key) or "")
        return read_header(told) if told and self._is_trusted(str(environ.get("REMOTE_ADDR", ""))) else None

    def _is_trusted(self, address: str) -> bool:
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        mapped = getattr(found, "ipv4_mapped", None)
        return any((mapped or found) in network for network in self._networks)
