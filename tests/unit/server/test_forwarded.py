from __future__ import annotations

import pytest

from consentcore.server.forwarded import Forwarded


def seen(peer, trusted=("127.0.0.1", "10.0.0.0/8"), **headers):
    environ = {"REMOTE_ADDR": peer, "wsgi.url_scheme": "http"}
    environ |= {"HTTP_" + name.upper(): value for name, value in headers.items()}
    found = {}

    def app(environ, start_response):
        found.update(environ)
        return []

    Forwarded(app, trusted)(environ, lambda *_: None)
    assert not [key for key in found if "FORWARDED" in key or "REAL_IP" in key]
    return found["REMOTE_ADDR"], found["wsgi.url_scheme"]


def test_84_stranger_is_not_believed():
    assert seen("192.0.2.1", x_forwarded_for="1.1.1.1", x_forwarded_proto="https") == ("192.0.2.1", "http")


@pytest.mark.parametrize(
    ("chain", "client"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9", "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9, 10.1.1.1", "203.0.113.9"),
        ("10.1.1.1", "10.1.1.1"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("6.6.6.6, rubbish", "127.0.0.1"),
        ("6.6.6.6, rubbish, 10.1.1.1", "10.1.1.1"),
        ("", "127.0.0.1"),
    ],
)
def test_first_address_from_the_right_that_is_no_proxy_is_the_client(chain, client):
    assert seen("127.0.0.1", x_forwarded_for=chain)[0] == client


@pytest.mark.parametrize(
    ("value", "scheme"),
    [("https", "https"), ("HTTPS", "https"), ("http, https", "https"), ("gopher", "http")],
)
def test_scheme_is_the_last_one_named(value, scheme):
    assert seen("10.9.9.9", x_forwarded_proto=value)[1] == scheme


def test_host_is_never_taken():
    environ = {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "a", "HTTP_X_FORWARDED_HOST": "evil"}
    Forwarded(lambda environ, start_response: [], ["127.0.0.1"])(environ, lambda *_: None)
    assert environ == {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "a"}


def test_peer_without_an_address_is_not_trusted():
    assert seen("", ("127.0.0.1",), x_forwarded_for="203.0.113.9")[0] == ""


def test_mapped_ipv4_peer_is_the_same_proxy():
    assert seen("::ffff:10.0.0.1", x_forwarded_for="203.0.113.9")[0] == "203.0.113.9"


def test_entry_that_is_no_network_is_an_error():
    with pytest.raises(ValueError, match=r"proxy\.example"):
        Forwarded(lambda environ, start_response: [], ["proxy.example"])


CERTIFICATES = {"client_cert": ":AAAA:", "client_cert_chain": ":BBBB:", "x_ssl_client_cert": "-----BEGIN"}


def told_certificate(peer, header, **more):
    environ = {"REMOTE_ADDR": peer, "wsgi.url_scheme": "http"}
    environ |= {"HTTP_" + name.upper(): value for name, value in {**CERTIFICATES, **more}.items()}
    found = {}

    def app(environ, start_response):
        found.update(environ)
        return []

    Forwarded(app, ("127.0.0.1", "10.0.0.0/8"), header)(environ, lambda *_: None)
    assert not [key for key in found if "CERT" in key], "nothing behind sees what anybody sends"
    return found.get("consentcore.client_certificate")


@pytest.mark.parametrize(("header", "told"), [("rfc9440", ":AAAA:"), ("nginx", "-----BEGIN"), ("", None)])
def test_99_certificate_is_taken_from_the_one_header_of_a_trusted_proxy(header, told):
    assert told_certificate("127.0.0.1", header) == told
    assert told_certificate("10.1.2.3", header) == told


@pytest.mark.parametrize("header", ["rfc9440", "nginx", ""])
@pytest.mark.parametrize("peer", ["192.0.2.1", "127.0.0.2", "", "unix"])
def test_99_certificate_of_anybody_else_is_never_believed(header, peer):
    assert told_certificate(peer, header) is None
    claiming = {"x_forwarded_for": "127.0.0.1", "x_real_ip": "127.0.0.1"}
    assert told_certificate(peer, header, **claiming) is None


def test_99_address_that_a_proxy_tells_is_no_proxy_for_its_certificate():
    """What is trusted is who speaks to us, not whom it names."""
    assert told_certificate("10.1.2.3", "nginx", x_forwarded_for="192.0.2.1") == "-----BEGIN"


def test_99_empty_header_is_no_certificate():
    assert told_certificate("127.0.0.1", "nginx", x_ssl_client_cert="") is None
