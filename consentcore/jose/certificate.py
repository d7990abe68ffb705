"""The certificate that a client has shown with TLS, as a proxy tells of it (RFC 9440), and what a token names of it.

Whether the one who tells may be believed is for the caller to say: the client has proven its key to the proxy and to
nobody behind it.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from base64 import b64decode, urlsafe_b64encode
from urllib.parse import unquote_to_bytes

X5T_S256 = "x5t#S256"
"""The member of ``cnf`` that names a certificate (RFC 8705 section 3.1)."""
HEADERS = {"rfc9440": "Client-Cert", "nginx": "X-SSL-Client-Cert"}
"""In which header a certificate comes: as RFC 9440 has it, or escaped as nginx writes ``$ssl_client_escaped_cert``."""
ALL_HEADERS = ("Client-Cert", "Client-Cert-Chain", "X-SSL-Client-Cert")
"""Headers that say something of a client's certificate: nobody but a proxy may send one."""
MAX_HEADER = 16_384
"""Characters: an RSA key of 8192 bits makes a certificate of some 3,000 bytes, in which nginx escapes a third."""
_BYTES = re.compile(r":([A-Za-z0-9+/]{4,}={0,2}):")
_PEM = re.compile(
    rb"-----BEGIN CERTIFICATE-----\r?\n((?:[A-Za-z0-9+/]{1,76}={0,2}\r?\n)+)-----END CERTIFICATE-----\s*"
)


class UnreadableCertificate(ValueError):
    """The header does not hold one certificate. The text says what was expected, and holds nothing of the header."""


def read_header(text: str) -> bytes:
    """The certificate of a header, in DER; its content is not looked at.

    :param text: the header: a byte sequence (RFC 9440 section 2.1, RFC 8941 section 3.3.5), or PEM with what has no
        place in a header percent-encoded.
    :raises UnreadableCertificate: it is neither, holds several, or is too long.
    """
    text = text.strip()
    if len(text) > MAX_HEADER:
        raise UnreadableCertificate(f"expected at most {MAX_HEADER} characters")
    found = _BYTES.fullmatch(text)
    if found is None:
        pem = _PEM.fullmatch(unquote_to_bytes(text))
        if pem is None:
            raise UnreadableCertificate("expected one certificate, as RFC 9440 or nginx writes it")
        encoded: str | bytes = b"".join(pem[1].split())
    else:
        encoded = found[1]
    try:
        return b64decode(encoded, validate=True)
    except binascii.Error:
        raise UnreadableCertificate("expected the certificate in base64") from None


def x5t_of(der: bytes) -> str:
    """The SHA-256 thumbprint of a certificate in DER, in base64url (RFC 8705 section 3.1)."""
    return urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()
