"""Addresses of clients, as far as counting needs them."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network


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
