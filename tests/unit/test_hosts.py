"""Names of hosts: IDNA 2008 with UTS 46, non-transitional, and origins as browsers write them."""

from __future__ import annotations

import pytest

from consentcore.api import ascii_host
from consentcore.hosts import ascii_url, is_authority, normal_url, origin_of

# UTS 46 revision 33, section 4 and table 1 (deviations); what IDNA 2003 made of them is another name.
NAMES = [
    ("straße.example", "xn--strae-oqa.example"),
    ("STRASSE.example", "strasse.example"),
    ("STRAẞE.example", "xn--strae-oqa.example"),
    ("faß.de", "xn--fa-hia.de"),
    ("βόλος.com", "xn--nxasmm1c.com"),
    ("βόλοσ.com", "xn--nxasmq6b.com"),
    ("نامه\u200cای.com", "xn--mgba3gch31f060k.com"),
    ("ශ්\u200dරී.com", "xn--10cl1a0b660p.com"),
    ("ශ්රී.com", "xn--10cl1a0b.com"),
    ("Bücher.example", "xn--bcher-kva.example"),
    ("bu\u0308cher.example", "xn--bcher-kva.example"),
    ("bücher。example", "xn--bcher-kva.example"),
    ("ｅｘａｍｐｌｅ．ｃｏｍ", "example.com"),
    ("Ⴀ.example", "xn--rkj.example"),
    ("my_app.bücher.example", "my_app.xn--bcher-kva.example"),
    ("My_App.example", "my_app.example"),
    ("-odd-.example", "-odd-.example"),
    ("xn--strae-oqa.example", "xn--strae-oqa.example"),
    ("xn--n3h.net", "xn--n3h.net"),
    ("bücher.example.", "xn--bcher-kva.example."),
    ("localhost", "localhost"),
    ("", ""),
]


@pytest.mark.parametrize(("typed", "name"), NAMES)
def test_name_is_that_of_idna_2008(typed, name):
    assert ascii_host(typed) == name
    assert ascii_host(name) == name


@pytest.mark.parametrize(
    "typed",
    ["☃.net", "💩.la", "a\u202eb.example", "é\u0000.example", "ℂ℀.example", "й" * 60 + ".example",
     "\u00ad.example", "\u200cé.example", "\ud800.example", "é@b.example", "é/b.example", "ab--é.example",
     "é.example" + ".a" * 130],
)  # fmt: skip
def test_what_is_no_name_is_refused_and_said(typed):
    with pytest.raises(ValueError, match=r"IDNA 2008|253 characters"):
        ascii_host(typed)


def test_only_the_host_of_an_url_changes():
    assert ascii_url("https://straße.example:8443/ß?ß#ß") == "https://xn--strae-oqa.example:8443/ß?ß#ß"
    assert ascii_url("HTTPS://My_App.example/ß") == "HTTPS://My_App.example/ß"


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("HTTPS://Consent.Example:443/x", "https://consent.example"),
        ("http://consent.example:80", "http://consent.example"),
        ("https://consent.example:80", "https://consent.example:80"),
        ("https://straße.example", "https://xn--strae-oqa.example"),
        ("https://[2001:DB8::0001]:8443/", "https://[2001:db8::1]:8443"),
        ("https://consent.example.", "https://consent.example."),
        ("null", ""),
        ("", ""),
        ("com.example.app:/x", ""),
        ("https://", ""),
        ("https://[::1", ""),
        ("https://a.example:99999", ""),
        ("https://☃.example", ""),
    ],
)
def test_origin_is_that_of_rfc_6454(url, origin):
    assert origin_of(url) == origin


def test_url_with_a_user_or_without_a_host_has_no_normal_form():
    for url in ("https://ada@consent.example", "https://", "consent.example", "https://[::1]x", "https://@x"):
        with pytest.raises(ValueError, match="URL"):
            normal_url(url)


def test_authority_is_that_of_rfc_3986():
    for good in (
        "my_app.example",
        "a.example:443",
        "[::1]:80",
        "[1::]",
        "192.0.2.1",
        "a!$&'()*+,;=~",
        "%C3%BC",
    ):
        assert is_authority(good), good
    for bad in ("", ":80", "a b", "a@b", "[::1", "[::1]x", "[1.2.3.4]", "[v1.a]", "é", "a%2", "a/b", "a:b"):
        assert not is_authority(bad), bad
