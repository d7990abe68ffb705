"""Host names and origins in the one form under which DNS, certificates and browsers know them.

Letters beyond ASCII go by IDNA 2008 (RFC 5891) after the mapping of UTS 46, non-transitional, as browsers do it. Under
IDNA 2003, which Python's ``idna`` codec still is, ``straße`` became ``strasse``: a domain that can be somebody else's.
Nothing else in consentcore turns a name into ASCII. Needs nothing of the rest, so that anything may use it.
"""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

LONGEST = 253
"""Characters of a host name (RFC 1035 section 2.3.4, without the dot of the root)."""

_DOTS = re.compile("[.\u3002\uff0e\uff61]")
_PORTS = {"https": 443, "http": 80}
_AUTHORITY = re.compile(
    r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)(?::[0-9]*)?"
)


class NoHostName(ValueError):
    """What was given is no host name.

    :ivar sign: the character or label that cannot stand in one; "" where it is only too long.
    """

    def __init__(self, text: str, sign: str = "") -> None:
        super().__init__(text)
        self.sign = sign


def ascii_host(host: str) -> str:
    """Give a host name or the domain of a mailbox in lower case, each label beyond ASCII as ``xn--…``.

    Labels of plain ASCII stay what they are, underscores and all (RFC 3986 section 3.2.2 allows more than DNS does).

    :raises NoHostName: when a label beyond ASCII is no name in IDNA 2008, or the whole is longer than 253 characters;
        its text says why, as the end of "expected …".
    """
    if host.isascii():
        return host.lower()
    name = ".".join(_ascii_label(label) for label in _DOTS.split(host))
    if len(name.removesuffix(".")) > LONGEST:
        raise NoHostName(f"a host name of at most {LONGEST} characters")
    return name


def _ascii_label(label: str) -> str:
    if label.isascii():
        return label.lower()
    # Imported here: few processes ever see such a name.
    import idna

    try:
        return idna.alabel(idna.uts46_remap(label)).decode()
    except idna.IDNAError as error:
        point = getattr(error, "codepoint", None)
        which = f"U+{point:04X}" if point is not None else f"{label[:63]!r}"
        raise NoHostName(
            f"a domain name of IDNA 2008, where {which} cannot stand (type a name that exists all the same as xn--…)",
            which,
        ) from None


def letters_of(host: str) -> str:
    """A host with its ``xn--…`` labels as letters; a label that stands for none stays."""
    return ".".join(map(_letters, host.split(".")))


def _letters(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        letters = label[4:].encode().decode("punycode")
    except UnicodeError:
        return label
    return label if letters.isascii() else letters


def misread_host(host: str) -> str:
    """What IDNA 2003 made of a host: under which names were kept before, and may be somebody else's."""
    try:
        return letters_of(host).encode("idna").decode()
    except UnicodeError:
        return host


def ascii_url(url: str) -> str:
    """Give a URL with its host as :func:`ascii_host` has it; one with a host of plain ASCII stays as it is.

    :raises ValueError: when it cannot be taken apart, or the host is no name.
    """
    netloc = urlsplit(url).netloc
    if netloc.isascii():
        return url
    before, at, place = netloc.rpartition("@")
    host, colon, port = place.partition(":")
    return url.replace(netloc, f"{before}{at}{ascii_host(host)}{colon}{port}", 1)


def is_authority(netloc: str) -> bool:
    """Whether it is a host, with or without a port and without a user (RFC 3986 section 3.2.2): an IPv6 address between
    brackets, an IPv4 address, or a registered name of unreserved characters, sub-delimiters and percent-encoded octets.
    """
    found = _AUTHORITY.fullmatch(netloc)
    return found is not None and (found["six"] is None or _is_ipv6(found["six"]))


def is_loopback(host: str) -> bool:
    """Whether the host of a URL is this machine, whoever asks (RFC 6761 section 6.3 for names)."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def origin_of(url: str) -> str:
    """The origin of an http or https URL as browsers write it (RFC 6454 section 6.2): host in lower case and ASCII, no
    default port; "" for anything else, ``null`` included."""
    try:
        return _origin(urlsplit(url))
    except ValueError:
        return ""


def normal_url(url: str) -> str:
    """Give an http or https URL with its origin as :func:`origin_of` has it and no dot at the end of the host; whatever
    comes after stays byte for byte.

    :raises ValueError: when there is no host, it is no name, or there is a user.
    """
    url = ascii_url(url)
    parts = urlsplit(url)
    origin = _origin(parts, root=False)
    if not origin or not is_authority(parts.netloc):
        raise ValueError("an URL with a host")
    return origin + url.partition("//")[2].removeprefix(parts.netloc)


def _origin(parts: SplitResult, *, root: bool = True) -> str:
    host, port = ascii_host(parts.hostname or ""), parts.port
    if not host or parts.scheme not in _PORTS:
        return ""
    if ":" in host:
        host = f"[{IPv6Address(host).compressed}]"
    elif not root:
        host = host.removesuffix(".")
    return f"{parts.scheme}://{host}" + ("" if port in {None, _PORTS[parts.scheme]} else f":{port}")


def _is_ipv6(host: str) -> bool:
    try:
        IPv6Address(host)
    except ValueError:
        return False
    return True
