"""The one name in its certificate by which a client is known (RFC 8705 section 2.1.2)."""

from __future__ import annotations

import pytest

from consentcore.domain.errors import InvalidInput
from consentcore.oauth.client_auth.certificate_name import check_name, has_name
from tests.support.client_certificates import certificate, dns, email, ip, uri

FULL = certificate(
    "CN=app,O=Cool",
    names=(
        dns("app.example"),
        dns("*.wild.example"),
        uri("urn:app:1"),
        ip("192.0.2.1"),
        ip("2001:db8::1"),
        email("App@Cool.example"),
    ),
).certificate
BARE = certificate("CN=app.example").certificate


@pytest.mark.parametrize(
    "text",
    [
        "subject_dn:CN=app,O=Cool",
        "subject_dn: cn=App, o=cool ",
        "san_dns:app.example",
        "san_dns:APP.Example.",
        "san_uri:urn:app:1",
        "san_ip:192.0.2.1",
        "san_ip:2001:DB8:0::1",
        "san_email:App@cool.example",
    ],
)
def test_99_registered_name_is_found(text):
    assert has_name(FULL, check_name(text))


@pytest.mark.parametrize(
    "text",
    [
        "subject_dn:CN=app",
        "san_dns:example",
        "san_dns:b.app.example",
        "san_dns:a.wild.example",
        "san_uri:urn:app:2",
        "san_uri:URN:app:1",
        "san_ip:192.0.2.2",
        "san_email:app@cool.example",
        "san_uri:https://app.example",
    ],
)
def test_99_another_name_is_not_found(text):
    assert not has_name(FULL, check_name(text))


def test_99_common_name_is_no_host_name():
    assert not has_name(BARE, check_name("san_dns:app.example"))


@pytest.mark.parametrize(
    "text", ["", "x", "x:y", "san_ip:", "san_ip:x", "san_dns:*", "subject_dn:x", "san_dns"]
)
def test_99_name_that_was_never_checked_lets_nobody_in(text):
    assert not has_name(FULL, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "CN=app",
        "subject_dn:",
        "subject_dn: ",
        "subject_dn:app",
        "san_dns:*.app.example",
        "san_dns:a b",
        "san_dns:App@Cool.example",
        "san_uri:app",
        "san_uri:urn:",
        "san_uri:urn:a b",
        "san_ip:app.example",
        "san_ip:192.0.2.0/24",
        "san_email:app",
        "san_email:@b",
        "san_x:y",
        "san_uri:urn:" + "a" * 2000,
        "san_uri:urn:\x00",
    ],
)
def test_99_name_that_is_none_of_its_kind_is_not_registered(text):
    with pytest.raises(InvalidInput, match="tls_client_auth: expected"):
        check_name(text)


def test_99_certificate_that_cannot_be_read_has_no_name():
    class Broken:
        @property
        def subject(self):
            raise ValueError("malformed")

        @property
        def extensions(self):
            raise ValueError("malformed")

    assert not has_name(Broken(), "subject_dn:CN=app")
    assert not has_name(Broken(), "san_dns:app.example")
