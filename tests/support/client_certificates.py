"""Certificates that clients show with TLS, and authorities that make them; and how proxies tell of one."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
from base64 import b64encode
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey

from consentcore.jose.certificate import x5t_of

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
CA = (x509.BasicConstraints(ca=True, path_length=None), True)


@dataclass(frozen=True)
class Shown:
    """A certificate and its key.

    :ivar certificate: of cryptography.
    """

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        form, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        return self.key.private_bytes(serialization.Encoding.PEM, form, none).decode()

    @cached_property
    def x5t(self) -> str:
        return x5t_of(self.der)

    @property
    def rfc9440(self) -> str:
        return f":{b64encode(self.der).decode()}:"

    @property
    def escaped(self) -> str:
        """As nginx writes it: all but what RFC 3986 section 2.3 has as unreserved."""
        return quote(self.pem, safe="-._~")

    def files(self, folder: Path) -> tuple[str, str]:
        """Certificate and key as files, for libraries that want those."""
        shown, key = folder / f"{self.x5t}.pem", folder / f"{self.x5t}.key"
        shown.write_text(self.pem)
        key.write_text(self.key_pem)
        return str(shown), str(key)

    @property
    def header(self) -> dict[str, str]:
        """What the authorization server is handed."""
        return {"client-certificate": self.rfc9440}

    @property
    def jwk(self) -> dict:
        """The public key with its certificate (RFC 7517 section 4.7)."""
        public = self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        plain = ECKey.import_key(public.decode()).as_dict(private=False)
        return {**plain, "x5c": [b64encode(self.der).decode()]}

    @property
    def jwks(self) -> str:
        return json.dumps({"keys": [self.jwk]})


def name(text: str) -> x509.Name:
    return x509.Name.from_rfc4514_string(text)


def certificate(
    subject: str = "CN=app",
    *,
    by: Shown | None = None,
    names: tuple[x509.GeneralName, ...] = (),
    now_s: float | None = None,
    life: dt.timedelta = DAY,
    extensions: tuple = (),
    curve: ec.EllipticCurve | None = None,
) -> Shown:
    """Make one that was good for an hour and is for ``life``.

    :param by: who signs it; by default its own key.
    :param extensions: pairs of an extension and whether it is critical.
    """
    key = ec.generate_private_key(curve or ec.SECP256R1())
    now = dt.datetime.fromtimestamp(now_s, dt.UTC) if now_s else dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(by.certificate.subject if by else name(subject))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - HOUR)
        .not_valid_after(now + life)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return Shown(builder.sign(by.key if by else key, hashes.SHA256()), key)


def authority(subject: str = "CN=Authority,O=Cool", **options) -> Shown:
    """Make one that may sign others."""
    return certificate(subject, extensions=(CA, *options.pop("extensions", ())), **options)


def dns(text: str) -> x509.GeneralName:
    return x509.DNSName(text)


def uri(text: str) -> x509.GeneralName:
    return x509.UniformResourceIdentifier(text)


def ip(text: str) -> x509.GeneralName:
    return x509.IPAddress(ipaddress.ip_address(text))


def email(text: str) -> x509.GeneralName:
    return x509.RFC822Name(text)
