"""The guard against a URL that leads inside."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from consentcore.domain.errors import InvalidInput
from consentcore.egress import EgressError, EgressPolicy
from consentcore.egress.addresses import is_public

NOT_PUBLIC = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.0.1",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.9",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:2::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd12::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]
PUBLIC = ["8.8.8.8", "9.255.255.255", "100.63.255.255", "172.32.0.1", "2606:4700::1111", "2a00:1450::1"]

DISGUISES = [
    "https://2130706433/",
    "https://017700000001/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://127.0.1/",
    "https://127.0.0.1./",
    "https://0/",
    "https://0x/",
    "https://127.0.0.256/",
    "https://1.1.1.1.1/",
    "https://name.127.0.0.0x1/",
    "https://[::ffff:7f00:1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fe80::1%eth0]/",
    "https://[::1/",
    "https://[v1.x]/",
    "https://１２７.０.０.１/",
    "https://127。0。0。1/",
    "https://ⓛocalhost/",
    "https://localhost%00.example/",
    "https://exa%6dple.com/",
    "https://example..com/",
    "https://-example.com/",
    "https://user@example.com/",
    "https://user:pw@example.com/",
    "https://example.com@127.0.0.1/",
    "https://example.com\\@127.0.0.1/",
    "https://example.com /",
    " https://example.com/",
    "https://exam\tple.com/",
    "https://example.com/\r\nHost: inside",
    "https://example.com/#f",
    "https://example.com:0/",
    "https://example.com:22/",
    "https://example.com:99999/",
    "https://example.com:x/",
    "http://example.com/",
    "http://example.com:443/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "//example.com/",
    "https:///path",
    "https://",
    "https:example.com",
    "example.com",
    "",
    "https://example.com/" + "a" * 2048,
    f"https://{'a' * 64}.com/",
]


def nowhere(host: str, port: int) -> list[str]:
    raise OSError("no such name")


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_95_special_addresses_are_not_public(text):
    assert is_public(ip_address(text)) is False


@pytest.mark.parametrize("text", PUBLIC)
def test_ordinary_addresses_are_public(text):
    assert is_public(ip_address(text)) is True


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_95_incident_webhook_ssrf_url_with_a_special_address_is_refused_twice(text):
    url = f"https://[{text}]/" if ":" in text else f"https://{text}/"
    policy = EgressPolicy(resolver=nowhere)
    with pytest.raises(InvalidInput, match="url"):
        policy.check_url(url)
    with pytest.raises(EgressError) as caught:
        policy.post(url, {}, b"")
    assert caught.value.error_class == "blocked_address"


@pytest.mark.parametrize("url", DISGUISES)
@pytest.mark.parametrize("networks", [(), ("10.0.0.0/8",)])
def test_95_disguised_and_odd_urls_are_refused(url, networks):
    # The resolver plays along with every name, so that only the guard can say no.
    policy = EgressPolicy(allow_networks=networks, resolver=lambda host, port: ["8.8.8.8"])
    with pytest.raises(InvalidInput) as caught:
        policy.check_url(url)
    assert caught.value.field == "url"
    with pytest.raises(EgressError) as blocked:
        policy.post(url, {}, b"")
    assert blocked.value.error_class == "blocked_address"


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/",
        "https://EXAMPLE.com:8443/hook?x=1",
        "https://example.com.",
        "https://xn--bcher-kva.example/hook",
        "https://8.8.8.8/",
        "https://[2606:4700::1111]:8443/",
    ],
)
def test_ordinary_urls_pass_at_registration(url):
    EgressPolicy(resolver=lambda host, port: ["93.184.216.34", "2606:2800::1"]).check_url(url)


def test_name_that_cannot_be_resolved_now_may_be_registered():
    EgressPolicy(resolver=nowhere).check_url("https://not-there-yet.example/hook")


@pytest.mark.parametrize(
    "url", ["http://not-there-yet.example/", "https://not-there-yet.example:9000/", "http://nowhere.local/"]
)
def test_95_name_that_cannot_be_resolved_is_not_taken_for_an_inner_one(url):
    policy = EgressPolicy(allow_networks=("10.0.0.0/8",), resolver=nowhere)
    policy.check_url("https://not-there-yet.example/hook")
    with pytest.raises(InvalidInput, match=r"10\.0\.0\.0/8"):
        policy.check_url(url)


@pytest.mark.parametrize("bad", ["127.0.0.1", "10.1.2.3", "::1", "169.254.169.254"])
def test_name_with_one_inner_address_among_good_ones_is_refused(bad):
    policy = EgressPolicy(resolver=lambda host, port: ["93.184.216.34", bad])
    with pytest.raises(InvalidInput, match="public"):
        policy.check_url("https://mixed.example/")
    with pytest.raises(EgressError) as caught:
        policy.post("https://mixed.example/", {}, b"")
    assert caught.value.error_class == "blocked_address"


class TestAllowedNetworks:
    policy = EgressPolicy(
        allow_networks=("10.1.0.0/16", "fd00::/8"), resolver=lambda host, port: ["10.1.2.3"]
    )

    @pytest.mark.parametrize(
        "url",
        ["http://10.1.2.3:9000/", "https://10.1.255.1:22/", "http://[fd00::1]/", "http://inside.example/"],
    )
    def test_inside_everything_is_allowed(self, url):
        self.policy.check_url(url)

    @pytest.mark.parametrize(
        "url",
        [
            "http://10.2.0.1/",
            "https://10.2.0.1/",
            "http://8.8.8.8/",
            "https://8.8.8.8:9000/",
            "http://[::1]/",
        ],
    )
    def test_outside_nothing_changes(self, url):
        with pytest.raises(InvalidInput, match=r"10\.1\.0\.0/16"):
            self.policy.check_url(url)

    def test_mapped_address_does_not_pass_as_the_inner_one(self):
        with pytest.raises(InvalidInput):
            self.policy.check_url("http://[::ffff:10.1.2.3]/")

    @pytest.mark.parametrize("text", ["10.0.0.1/8", "ten", "", "10.0.0.0/33"])
    def test_what_is_no_network_is_named(self, text):
        with pytest.raises(InvalidInput) as caught:
            EgressPolicy(allow_networks=(text,))
        assert caught.value.field == "allow_networks"
