"""Network addresses: what to count by, and whose they are."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from consentcore.domain.address import is_in, network_of, no_networks


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unix:", "unix:"),
    ],
)
def test_who_has_a_network_counts_once(address, network):
    assert network_of(address) == network


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("11.1.2.3", False),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("", False),
        ("proxy.example", False),
    ],
)
def test_an_address_lies_in_a_network_however_it_is_written(address, inside):
    assert is_in([ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")], address) is inside


def test_what_is_no_network_is_named():
    assert no_networks(["10.0.0.0/8", "::1", "10.0.0.1/8", "proxy.example", ""]) == [
        "10.0.0.1/8",
        "proxy.example",
        "",
    ]
