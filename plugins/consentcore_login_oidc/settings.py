"""Settings of the plugin, and what their types do not say."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from consentcore.api import ConfigurationError, Secret, ascii_host, setting

ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)
"""Signatures of public keys only: ``none`` proves nothing, and HMAC would let a public key be taken for a secret."""


@dataclass(frozen=True)
class OidcSettings:
    """Settings ``consentcore.plugin.login_oidc.*``."""

    issuer: str = setting("The provider's issuer, as its discovery document names it; https.")
    client_id: str = setting("What the provider calls this installation.")
    client_secret: Secret = setting("The secret that goes with it.", default=Secret(""))
    client_auth: str = setting(
        "How the secret is sent.",
        default="client_secret_basic",
        choices=("client_secret_basic", "client_secret_post", "none"),
    )
    label: str = setting(
        "What pages call the provider, as in: Continue with …", default="your company account"
    )
    scopes: tuple[str, ...] = setting("What is asked of it.", default=("openid", "email", "profile"))
    create_owners: bool = setting(
        "Whoever signs in for the first time becomes a data owner; off: only who is known already.",
        default=True,
    )
    link_verified_email: bool = setting(
        "A first sign-in takes over the data owner with the same address, if the provider says that the "
        "address is verified.",
        default=False,
    )
    trust_email: bool = setting(
        "Take the provider's addresses for verified although it does not say so; only where it hands them out "
        "itself.",
        default=False,
    )
    follow_email: bool = setting(
        "A verified address that has changed at the provider is changed here too.", default=True
    )
    allowed_domains: tuple[str, ...] = setting(
        "Let in only verified addresses of these domains; empty: all.", default=()
    )
    acr_values: tuple[str, ...] = setting(
        "What the provider can say of how somebody signed in (acr). The metadata names it, and applications that ask "
        "for anything else are refused at once; empty: they are refused after the sign-in, if that was another.",
        default=(),
    )
    id_token_algs: tuple[str, ...] = setting(
        "Signatures of ID tokens that are accepted.", default=("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
    )
    clock_tolerance_s: int = setting(
        "How far the provider's clock may be off.", default=60, minimum=0, maximum=600
    )
    timeout_s: float = setting(
        "Time for one call of the provider, whatever it does.", default=10.0, minimum=0.1, maximum=60
    )
    logout: bool = setting("Logging out here leads to the provider's sign-out too.", default=True)
    ca_file: Path | None = setting("Certificates to trust instead of the system's.", default=None)

    @property
    def domains(self) -> frozenset[str]:
        """``allowed_domains`` as addresses have them: in lower case, letters beyond ASCII by IDNA 2008.

        :raises ValueError: when one is no name.
        """
        return frozenset(ascii_host(domain.lstrip("@")) for domain in self.allowed_domains)


def check(settings: OidcSettings) -> None:
    """Refuse what cannot work or would not be safe.

    :raises ConfigurationError: with every problem.
    """
    prefix = "consentcore.plugin.login_oidc."
    problems = []
    if not is_safe_url(settings.issuer) or "?" in settings.issuer or "#" in settings.issuer:
        problems.append(f"{prefix}issuer: expected an https URL; http is for loopback addresses only")
    if settings.client_auth != "none" and not settings.client_secret.reveal():
        problems.append(f"{prefix}client_secret: expected a secret, or client_auth = none")
    if "openid" not in settings.scopes:
        problems.append(f"{prefix}scopes: expected openid among them")
    unknown = [name for name in settings.id_token_algs if name not in ALGORITHMS]
    if unknown or not settings.id_token_algs:
        problems.append(f"{prefix}id_token_algs: expected some of {' '.join(ALGORITHMS)}")
    try:
        frozenset(settings.domains)
    except ValueError as error:
        problems.append(f"{prefix}allowed_domains: expected {error}")
    if settings.ca_file and not settings.ca_file.is_file():
        problems.append(f"{prefix}ca_file: expected a file, {settings.ca_file} is none")
    elif settings.ca_file and not _holds_certificates(settings.ca_file):
        problems.append(f"{prefix}ca_file: expected certificates (PEM) in {settings.ca_file}")
    if problems:
        raise ConfigurationError(problems)


def _holds_certificates(path: Path) -> bool:
    try:
        ssl.create_default_context(cafile=str(path))
    except OSError:
        return False
    return True


def is_safe_url(url: object) -> bool:
    """Whether it is an https URL; http only on this machine. The operator chooses the provider, which often has a
    private address: so the guard of outgoing requests, which is for addresses of strangers, has no place here."""
    if not isinstance(url, str) or not url.isascii() or any(sign <= " " for sign in url):
        return False
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if not host or parts.username is not None:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
