"""By which name in its certificate a client is known (RFC 8705 section 2.1.2): one of five kinds, the kind, a colon and
the name."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from consentcore.domain.errors import InvalidInput
from consentcore.hosts import ascii_host
from consentcore.oauth.client_auth.distinguished_name import FIELD, MAX_LENGTH, name_of, read_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.x509 import Certificate, SubjectAlternativeName

KINDS = ("subject_dn", "san_dns", "san_uri", "san_ip", "san_email")
"""What ends ``tls_client_auth_…`` in the metadata of a client."""
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")


def check_name(text: str) -> str:
    """A name as it is kept.

    :raises InvalidInput: it has no kind, or is none of its kind.
    """
    kind, _, name = text.strip().partition(":")
    if kind not in KINDS or not name.strip():
        raise InvalidInput(FIELD, f"expected KIND:NAME with one of {', '.join(KINDS)}")
    name = name.strip()
    if len(name) > MAX_LENGTH or not name.isprintable():
        raise InvalidInput(FIELD, f"expected at most {MAX_LENGTH} characters, and none that controls")
    if kind == "subject_dn":
        read_name(name)
    elif not _READERS[kind](name):
        raise InvalidInput(FIELD, f"expected {_EXPECTED[kind]} after {kind}:")
    return f"{kind}:{name}"


def has_name(certificate: Certificate, text: str) -> bool:
    """Whether a certificate has a name, as :func:`check_name` has returned it.

    The whole name, as it stands: no wildcard stands for another one.
    """
    from cryptography.x509 import DuplicateExtension, UnsupportedGeneralNameType

    kind, _, name = text.partition(":")
    try:
        if kind == "subject_dn":
            return read_name(name) == name_of(certificate.subject)
        wanted = _READERS[kind](name)
        return bool(wanted) and wanted in map(_READERS[kind], _alternatives(certificate, kind))
    except (
        InvalidInput,
        KeyError,
        ValueError,
        DuplicateExtension,
        UnsupportedGeneralNameType,
    ):  # stored by something that does not check; or no good certificate
        return False


def _alternatives(certificate: Certificate, kind: str) -> list[str]:
    from cryptography import x509

    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return _of_kind(names, kind)


def _of_kind(names: SubjectAlternativeName, kind: str) -> list[str]:
    from cryptography import x509

    if kind == "san_dns":
        return names.get_values_for_type(x509.DNSName)
    if kind == "san_uri":
        return names.get_values_for_type(x509.UniformResourceIdentifier)
    if kind == "san_ip":
        return [str(one) for one in names.get_values_for_type(x509.IPAddress)]
    return names.get_values_for_type(x509.RFC822Name)


def _dns(name: str) -> str:
    try:
        host = ascii_host(name).lower().removesuffix(".")
    except ValueError:
        return ""
    return host if _HOST.fullmatch(host) else ""


def _uri(name: str) -> str:
    scheme, colon, rest = name.partition(":")
    return name if scheme and colon and rest and name.isascii() and " " not in name else ""


def _ip(name: str) -> str:
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return ""


def _email(name: str) -> str:
    """What is before the sign counts as it stands (RFC 5280 section 7.5)."""
    local, _, domain = name.rpartition("@")
    return f"{local}@{domain.lower()}" if local and domain and name.isascii() and " " not in name else ""


_READERS: dict[str, Callable[[str], str]] = {
    "san_dns": _dns,
    "san_uri": _uri,
    "san_ip": _ip,
    "san_email": _email,
}
"""A name in the form in which two that are the same are equal; "" for what is none."""
_EXPECTED = {
    "san_dns": "a host name without a wildcard",
    "san_uri": "a URI",
    "san_ip": "an address of IPv4 or IPv6",
    "san_email": "an address such as app@example.com",
}
