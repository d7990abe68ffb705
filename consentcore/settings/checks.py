"""The rules of the core's settings that types do not express."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from urllib.parse import urlsplit

from consentcore.domain.address import no_networks
from consentcore.domain.errors import InvalidInput
from consentcore.hosts import ascii_host, is_authority, is_loopback, origin_of
from consentcore.i18n import Languages
from consentcore.mailbox import normalise_email
from consentcore.settings.binding import PREFIX, Source
from consentcore.settings.core import CoreSettings
from consentcore.settings.marks import read_mark
from consentcore.settings.palette import HEX, unreadable
from consentcore.settings.theme import COLOURS, ThemeSettings

# Protocol routes run without the transaction that pages need, and which are which is told by the path.
PAGES = {"consent", "consents", "developer", "livez", "login", "logout", "metrics", "operator", "readyz"}
PAGES |= {
    "applications",
    "openapi.json",
    "account",
    "api",
    "jwks",
    "receipts",
    "static",
    "theme",
    "theme.css",
    "scopes",
    "scopes.json",
    "verify",
    ".well-known",
}

_VISIBLE = re.compile(r"[!-~]+")
# A browser or library would rewrite any other path (RFC 3986 section 6.2.2) before it asks for it.
_PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~!$&'()*+,;=:@-]+)*/?")
_ANY_PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|$))(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*)*")
# Whatever ends in a number is an IPv4 address for browsers (WHATWG URL, "ends in a number checker"): 127.1, 0x7f.0.0.1.
_NUMBER = re.compile(r"(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)\.?$")


def check(settings: CoreSettings, source: Source) -> None:
    """Blame what is wrong with single values, or between them."""
    _check_urls(settings, source)
    _check_prefix(settings.oauth.prefix, source)
    if settings.operator.email and not _is_mailbox(settings.operator.email):
        source.blame("consentcore.operator.email", "expected an address like ada@example.org")
    if settings.web.theme and not settings.web.theme.is_dir():
        source.blame("consentcore.web.theme", f"expected a folder, {settings.web.theme} is none")
    offered = Languages(theme=settings.web.theme).offered
    if settings.web.default_locale.lower() not in {tag.lower() for tag in offered}:
        source.blame("consentcore.web.default_locale", f"expected one of {', '.join(offered)}")
    if not settings.scopes:
        source.blame("consentcore.scopes", "expected one or more plugins")
    _check_metrics(settings, source)
    _check_theme(settings.theme, source)
    for uri in settings.oauth.protected_resources:
        problem = _url_problem(uri, path=_ANY_PATH)
        if problem:
            source.blame("consentcore.oauth.protected_resources", f"{problem}, not {uri!r}")
    _check_mtls(settings, source)
    if settings.oauth.profile and settings.oauth.assertion_audience == "endpoint":
        source.blame(
            "consentcore.oauth.assertion_audience",
            f"expected issuer or nothing: consentcore.oauth.profile = {settings.oauth.profile} takes no other",
        )
    for wrong in no_networks(settings.server.trusted_proxies):
        source.blame("consentcore.server.trusted_proxies", f"expected addresses or networks, not {wrong!r}")


def _check_mtls(settings: CoreSettings, source: Source) -> None:
    if settings.mtls.certificate_header and settings.server.mode != "proxied":
        source.blame(
            "consentcore.mtls.certificate_header",
            "expected consentcore.server.mode = proxied: only a proxy can tell of a certificate",
        )
    if settings.mtls.url:
        problem = _url_problem(settings.mtls.url)
        if problem:
            source.blame("consentcore.mtls.url", problem)
    if settings.mtls.ca_file:
        problem = _authorities_problem(settings.mtls.ca_file)
        if problem:
            source.blame("consentcore.mtls.ca_file", problem)


def _authorities_problem(path: Path) -> str:
    from cryptography.x509 import load_pem_x509_certificates

    try:
        load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        return f"expected a file with certificates in PEM ({error})"
    return ""


def _check_theme(theme: ThemeSettings, source: Source) -> None:
    names = [name + end for name in COLOURS for end in ("", "_dark")]
    wrong = [name for name in names if getattr(theme, name) and not HEX.fullmatch(getattr(theme, name))]
    for name in wrong:
        source.blame(
            f"consentcore.theme.{name}", f"expected a colour like #0b5a78, not {getattr(theme, name)!r}"
        )
    if theme.coloured and not wrong:
        for dark in (False, True):
            for found in unreadable(theme, dark=dark):
                source.blame(f"consentcore.theme.{found.setting}", str(found))
    for name in ("logo", "logo_dark"):
        path = getattr(theme, name)
        if path:
            try:
                read_mark(path)
            except ValueError as error:
                source.blame(f"consentcore.theme.{name}", str(error))


def _check_metrics(settings: CoreSettings, source: Source) -> None:
    for wrong in no_networks(settings.web.metrics):
        source.blame("consentcore.web.metrics", f"expected networks like 10.0.0.0/8, not {wrong!r}")
    if 0 < len(settings.web.metrics_token) < 16:
        source.blame("consentcore.web.metrics_token", "expected at least 16 characters")
    listen = settings.worker.metrics_listen
    if listen:
        try:
            parse_listen(listen)
        except ValueError as error:
            source.blame("consentcore.worker.metrics_listen", str(error))


def _check_urls(settings: CoreSettings, source: Source) -> None:
    for name in ("issuer", "web_url"):
        problem = _url_problem(getattr(settings, name))
        if problem and (name == "issuer" or settings.web_url != settings.issuer):
            source.blame(PREFIX + name, problem)
        elif not problem:
            _warn_of_spelling(name, getattr(settings, name), source)
    for name in ("privacy_url", "complaint_url"):
        url = getattr(settings.web, name)
        if url and not origin_of(url):
            source.blame(f"consentcore.web.{name}", "expected an http or https URL")


def _warn_of_spelling(name: str, url: str, source: Source) -> None:
    entry = source.entries.get(PREFIX + name)
    written = entry.value if entry else ""
    if written and written != url and not written.startswith(("env:", "file:")):
        where = source.where(PREFIX + name)
        source.warnings.append(
            f"{where}: {PREFIX}{name}: taken for {url}, which is how browsers and applications write it"
        )


def _check_prefix(prefix: str, source: Source) -> None:
    if not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+/?", prefix):
        source.blame("consentcore.oauth.prefix", "expected a path such as /oauth")
    elif prefix.split("/")[1] in PAGES:
        source.blame("consentcore.oauth.prefix", f"expected a path such as /oauth; {prefix} is for pages")


def parse_listen(text: str) -> tuple[str, int]:
    """Take ``host:port`` or ``[ipv6]:port`` apart; ``*`` and nothing mean every address.

    :raises ValueError: when it is neither.
    """
    host, colon, port = text.strip().rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        colon = ""
    if not colon or not (port.isascii() and port.isdecimal()) or int(port) > 65535 or " " in host:
        raise ValueError(f"expected HOST:PORT, not {text!r}")
    return {"*": "0.0.0.0", "": "0.0.0.0"}.get(host, ascii_host(host)), int(port)  # noqa: S104 - asked for


def check_keys(source: Source) -> None:
    """Say a missing variable together with all others; what it holds is read when the key ring is opened."""
    entry = source.entries.get("consentcore.keys")
    name = entry.value[4:] if entry and entry.value.startswith("env:") else ""
    if name and name not in source.environ:
        source.blame("consentcore.keys", f"expected the environment variable {name} to be set")


def _url_problem(url: str, path: re.Pattern[str] = _PATH) -> str:
    """RFC 8414 section 2: https, no query, no fragment; http only on the machine itself. "" when all is well."""
    expected = "expected an URL such as https://consent.example.com"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return expected
    if parts.query or parts.fragment or "?" in url or "#" in url or parts.username is not None:
        return "expected an URL without query, fragment or user"
    try:
        ascii_host(host)
    except ValueError as error:
        return f"expected {error}"
    if "%" in host or (_NUMBER.search(host) and not _is_ipv4(host)):
        return "expected a host as browsers write it: a name without percent signs, or all four numbers of an address"
    if parts.scheme not in {"https", "http"} or not is_authority(parts.netloc) or not _VISIBLE.fullmatch(url):
        return expected
    if not path.fullmatch(parts.path):
        few = "., .., // and percent signs, such as /tenant" if path is _PATH else ". and .."
        return f"expected a path without {few}"
    if parts.scheme == "http" and not is_loopback(host):
        return "expected https; http is for loopback addresses only"
    return ""


def _is_mailbox(address: str) -> bool:
    try:
        normalise_email(address)
    except InvalidInput:
        return False
    return True


def _is_ipv4(host: str) -> bool:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True
