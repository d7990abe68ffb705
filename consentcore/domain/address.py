"""Network addresses: what to count by, and whose they are."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network


@lru_cache(maxsize=4096)
def network_of(remote_addr: str) -> str:
    """What one customer of a provider has: an IPv4 address, or the /64 of an IPv6 address.

    IPv4 addresses in IPv6 notation (RFC 4291 section 2.5.5.2) are IPv4 addresses. What is no address, such as
    that of a Unix socket, stays as it is.
    """
    try:
        address = ip_address(remote_addr)
    except ValueError:
        return remote_addr
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ip_network(f"{address.compressed.partition('%')[0]}/64", strict=False))
    return str(address)


def is_in(networks: Iterable[Network], address: str) -> bool:
    """Whether an address lies in one of the networks; an IPv4 address in IPv6 notation is an IPv4 address."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return any((mapped or found) in network for network in networks)


def no_networks(texts: Iterable[str]) -> list[str]:
    """Those that are neither an address nor a network in CIDR notation, such as ``10.0.0.1/8`` with bits of a host."""
    return [text for text in texts if not _is_network(text)]


def _is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True
