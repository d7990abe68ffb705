"""Which IP addresses are on the public Internet, and which hosts are addresses in disguise.

The lists are written out instead of asking ``ipaddress.is_global``, whose answer changes between Python
versions. Source: the IANA special-purpose address registries (RFC 6890 and what has updated it).
"""

from __future__ import annotations

import re
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from consentcore.domain.errors import InvalidInput

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NOT_PUBLIC_4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network, unspecified
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",
        "168.63.129.16/32",  # a cloud's internal service, although the address is a public one
        "169.254.0.0/16",  # link-local, metadata services
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)

# Global unicast is 2000::/3; mapped (::ffff:0:0/96), NAT64 (64:ff9b::/96), unique local, link-local,
# multicast, loopback and the rest lie outside it.
_GLOBAL_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # Teredo, benchmarking, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: leads to any IPv4 address
        "3fff::/20",  # documentation
    )
)

_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


def is_public(address: Address) -> bool:
    """Tell whether an address is unicast on the public Internet and leads nowhere else."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    return address in _GLOBAL_6 and not any(address in network for network in _NOT_PUBLIC_6)


def parse_networks(texts: tuple[str, ...], field: str) -> tuple[Network, ...]:
    """Read CIDRs.

    :raises InvalidInput: naming ``field``, when one is not a network like ``10.0.0.0/8``.
    """
    found = []
    for text in texts:
        try:
            found.append(ip_network(text))
        except ValueError:
            raise InvalidInput(field, f"expected networks like 10.0.0.0/8, not {text!r}") from None
    return tuple(found)


def inside(address: Address, networks: tuple[Network, ...]) -> bool:
    """Tell whether an address lies in one of the networks."""
    return any(address.version == network.version and address in network for network in networks)


def literal(host: str) -> Address | None:
    """The address that a host is, or None when it is a name.

    :param host: lower case, without the brackets of IPv6 and without a trailing dot.
    :raises InvalidInput: when it is neither, or an address in an unusual spelling: decimal, octal,
        hexadecimal or short forms mean different things to different resolvers, and no honest URL has one.
    """
    if ":" in host:
        try:
            address = ip_address(host)
        except ValueError:
            raise InvalidInput("url", "expected an IPv6 address between the brackets") from None
        if "%" in host:
            raise InvalidInput("url", "expected an address without a zone")
        return address
    if _NUMBER.fullmatch(host.rpartition(".")[2]):
        try:
            return IPv4Address(host)
        except ValueError:
            raise InvalidInput("url", "expected a host name, or an address like 198.51.100.7") from None
    if len(host) > 253 or not _NAME.fullmatch(host):
        raise InvalidInput("url", "expected a host name of ASCII letters, digits, hyphens and dots")
    return None
