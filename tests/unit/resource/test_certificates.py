"""The certificate of a client, as an API finds it behind its proxy."""

from __future__ import annotations

import pytest

from consentcore.jose.certificate import UnreadableCertificate
from consentcore.resource import ProxyCertificate
from tests.support.client_certificates import certificate

SHOWN = certificate()


def environ(peer="127.0.0.1", **headers):
    return {"REMOTE_ADDR": peer, **{"HTTP_" + name.upper(): value for name, value in headers.items()}}


def test_99_certificate_is_read_from_the_header_of_the_proxy():
    assert ProxyCertificate("rfc9440")(environ(client_cert=SHOWN.rfc9440)) == SHOWN.der
    assert ProxyCertificate("nginx")(environ(x_ssl_client_cert=SHOWN.escaped)) == SHOWN.der


def test_99_other_header_is_not_looked_at():
    assert ProxyCertificate("nginx")(environ(client_cert=SHOWN.rfc9440)) is None
    assert ProxyCertificate("rfc9440")(environ(x_ssl_client_cert=SHOWN.escaped)) is None
    assert ProxyCertificate("rfc9440")(environ(client_cert="")) is None
    assert ProxyCertificate("rfc9440")({}) is None


@pytest.mark.parametrize("peer", ["192.0.2.1", "127.0.0.2", "", "unix", "::2", "::ffff:192.0.2.1"])
def test_99_nobody_but_the_proxy_is_believed(peer):
    assert ProxyCertificate("rfc9440")(environ(peer, client_cert=SHOWN.rfc9440)) is None


@pytest.mark.parametrize("peer", ["10.0.0.7", "::ffff:10.0.0.7", "2001:db8::1"])
def test_99_proxies_may_be_networks(peer):
    finds = ProxyCertificate("rfc9440", ["10.0.0.0/24", "2001:db8::1"])
    assert finds(environ(peer, client_cert=SHOWN.rfc9440)) == SHOWN.der


def test_99_what_is_no_certificate_is_said():
    with pytest.raises(UnreadableCertificate):
        ProxyCertificate("rfc9440")(environ(client_cert="x"))


@pytest.mark.parametrize(
    ("header", "proxies"), [("Client-Cert", ["::1"]), ("", ["::1"]), ("nginx", ["10.0.0.1/8"])]
)
def test_99_wrong_settings_are_said_at_start(header, proxies):
    with pytest.raises(ValueError, match=r"expected|host bits"):
        ProxyCertificate(header, proxies)
