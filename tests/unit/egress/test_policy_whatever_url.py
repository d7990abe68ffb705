"""Whatever somebody types and whatever the resolver says: a socket is only ever opened to a public address."""

from __future__ import annotations

import contextlib
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from consentcore.domain.errors import InvalidInput
from consentcore.egress import EgressError, EgressPolicy

INNER_4 = ["127.0.0.1", "10.0.0.1", "169.254.169.254", "0.0.0.0"]
INNER = [*INNER_4, "::1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "fd00::1"]


def spellings(number: int) -> list[str]:
    """An IPv4 address as different parsers would read it."""
    a, b, c, d = IPv4Address(number).packed
    return [
        f"{a}.{b}.{c}.{d}",
        f"{a}.{b}.{c}.{d}.",
        f"{number}",
        f"{number:#x}",
        f"0{number:o}",
        f"{a:#x}.{b:#x}.{c:#x}.{d:#x}",
        f"0{a:o}.0{b:o}.0{c:o}.0{d:o}",
        f"{a}.{number & 0xFFFFFF}",
        f"{a}.{b}.{number & 0xFFFF}",
        f"[::ffff:{a}.{b}.{c}.{d}]",
        f"[64:ff9b::{a:02x}{b:02x}:{c:02x}{d:02x}]",
        f"[2002:{a:02x}{b:02x}:{c:02x}{d:02x}::]",
    ]


numbers = st.one_of(st.integers(0, 2**32 - 1), st.sampled_from([int(IPv4Address(one)) for one in INNER_4]))
hosts = st.one_of(
    numbers.flatmap(lambda number: st.sampled_from(spellings(number))),
    st.integers(0, 2**128 - 1).map(lambda number: f"[{IPv6Address(number)}]"),
    st.sampled_from(
        ["example.com", "localhost", "metadata.google.internal", "xn--bcher-kva.example", "a.b.c."]
    ),
    st.text(st.characters(codec="utf-8"), max_size=20),
)
urls = st.builds(
    lambda scheme, user, host, port, path: f"{scheme}://{user}{host}{port}{path}",
    st.sampled_from(["https", "http", "HTTPS", "ftp", "file"]),
    st.sampled_from(["", "", "", "user@", "a:b@", "example.com\\@"]),
    hosts,
    st.sampled_from(["", "", ":443", ":8443", ":80", ":22", ":0", ":", ":65536"]),
    st.sampled_from(["", "/", "/hook?a=b", "#x", "/\r\nX: y", "\\@inside"]),
)
addresses = st.lists(
    st.one_of(
        st.sampled_from(INNER),
        st.sampled_from(["93.184.216.34", "2606:4700::1111"]),
        st.integers(0, 2**32 - 1).map(lambda number: str(IPv4Address(number))),
        st.integers(0, 2**128 - 1).map(lambda number: str(IPv6Address(number))),
    ),
    max_size=4,
)


@settings(max_examples=400, deadline=None)
@given(urls, addresses)
def test_95_sockets_lead_to_public_addresses_only(url, answer):
    opened = []

    def connect(_sock, address):
        opened.append(address[:2])
        raise ConnectionRefusedError

    policy = EgressPolicy(resolver=lambda host, port: answer)
    with patch.object(socket.socket, "connect", connect):
        with contextlib.suppress(EgressError):
            policy.post(url, {}, b"x")
        registered = True
        try:
            policy.check_url(url)
        except InvalidInput:
            registered = False
    for host, port in opened:
        found = ip_address(host)
        assert found.is_global, url
        assert not found.is_multicast, url
        assert getattr(found, "ipv4_mapped", None) is None, url
        assert port in {443, 8443}, url
    assert registered or not opened, f"{url!r} is refused at registration and sent to all the same"
