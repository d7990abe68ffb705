"""Distinguished names are the same whatever tool wrote them, and nobody else's."""

from __future__ import annotations

import pytest

from consentcore.domain.errors import InvalidInput
from consentcore.oauth.client_auth.distinguished_name import MAX_LENGTH, name_of, read_name
from tests.support.client_certificates import name

SAME = [
    ("CN=app,O=Cool,C=FR", "CN=app,O=Cool,C=FR"),
    ("CN=app,O=Cool,C=FR", "cn=APP, o = cool ,c=fr"),
    ("CN=app,O=Cool,C=FR", "CN=app;O=Cool;C=FR"),
    ("CN=app,O=Cool,C=FR", "OID.2.5.4.3=app,2.5.4.10=Cool,2.5.4.6=FR"),
    ("CN=app,O=Cool,C=FR", "CN=#0c03617070,O=#1304436f6f6c,C=#13024652"),
    ("CN=a  b,O=Cool", "CN=A b,O=Cool"),
    ("CN=app,O=Acme\\, Inc.", "CN=app,O=Acme\\, Inc."),
    ("CN=app,O=Acme\\, Inc.", "CN=app,O=Acme\\2C Inc."),
    ("CN=a\\+b\\=c", "CN=a\\+b\\=c"),
    ("CN=\\#1", "CN=\\#1"),
    ("CN=Électricité", "CN=\\C3\\89lectricit\\C3\\A9"),
    ("CN=Électricité", "CN=E\u0301lectricite\u0301"),
    ("CN=app+OU=x,O=Cool", "OU=x+CN=app,O=Cool"),
    ("CN=app,DC=example,DC=com", "cn=app,dc=Example,dc=COM"),
    ("1.2.840.113549.1.9.1=a@b.example", "emailAddress=A@b.example"),
    ("2.5.4.97=PSDFR-1", "organizationIdentifier=PSDFR-1"),
    ("2.5.4.5=12", "SERIALNUMBER=12"),
]


@pytest.mark.parametrize(("held", "registered"), SAME)
def test_99_same_name_is_the_same_however_it_is_written(held, registered):
    assert read_name(registered) == name_of(name(held))


OTHER = [
    ("CN=app,O=Cool", "O=Cool,CN=app"),
    ("CN=app,O=Cool", "CN=app"),
    ("CN=app,O=Cool", "CN=app,O=Cool,C=FR"),
    ("CN=app,O=Cool", "CN=app+O=Cool"),
    ("CN=app,O=Cool", "OU=app,O=Cool"),
    ("CN=app", "CN=app2"),
    ("CN=app,O=Cool", "CN=app\\,O=Cool"),
    ("CN=*", "CN=app"),
]


@pytest.mark.parametrize(("held", "registered"), OTHER)
def test_99_another_name_is_another(held, registered):
    assert read_name(registered) != name_of(name(held))


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "app",
        "CN",
        "CN=",
        "CN= ",
        "=app",
        "CN=app,",
        "CN=app+",
        ",CN=app",
        "CN=app,,O=Cool",
        "nobody=app",
        "1=app",
        "CN=a<b",
        'CN="app"',
        "CN=a\\",
        "CN=a\\xy",
        "CN=\\C3",
        "CN=a\nO=b",
        "CN=#",
        "CN=#0",
        "CN=#0c",
        "CN=#0c0461",
        "CN=#0403617070",
        "CN=#0c0180",
        "/CN=app/O=Cool",
    ],
)
def test_99_what_is_no_name_is_refused(text):
    with pytest.raises(InvalidInput, match="tls_client_auth: expected"):
        read_name(text)


def test_99_long_name_is_refused_unread():
    assert read_name("CN=" + "a" * (MAX_LENGTH - 3))
    with pytest.raises(InvalidInput, match=f"at most {MAX_LENGTH}"):
        read_name("CN=" + "a" * MAX_LENGTH)


def test_99_value_that_is_no_text_is_like_no_other():
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    kind = x509.name._ASN1Type.BitString
    held = x509.Name([x509.NameAttribute(NameOID.X500_UNIQUE_IDENTIFIER, b"app", kind)])
    assert read_name("2.5.4.45=app") != name_of(held)
