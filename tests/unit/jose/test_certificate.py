"""Certificates as proxies tell of them: read within bounds, and named by their thumbprint."""

from __future__ import annotations

import hashlib
from base64 import b64encode, urlsafe_b64decode

import pytest

from consentcore.jose.certificate import MAX_HEADER, UnreadableCertificate, read_header, x5t_of
from tests.support.client_certificates import certificate

SHOWN = certificate()


@pytest.mark.parametrize("form", ["rfc9440", "escaped"])
def test_99_certificate_is_read_as_each_proxy_writes_it(form):
    assert read_header(getattr(SHOWN, form)) == SHOWN.der
    assert read_header(f" {getattr(SHOWN, form)} ") == SHOWN.der


def test_99_pem_with_the_line_ends_of_windows_is_read():
    assert read_header(SHOWN.escaped.replace("%0A", "%0D%0A")) == SHOWN.der


WRONG = {
    "nothing": "",
    "blank": " ",
    "base64 alone": b64encode(SHOWN.der).decode(),
    "one colon": SHOWN.rfc9440[:-1],
    "two": f"{SHOWN.rfc9440}, {SHOWN.rfc9440}",
    "two without a blank": f"{SHOWN.rfc9440},{SHOWN.rfc9440}",
    "a parameter": f"{SHOWN.rfc9440};a=1",
    "an empty sequence": "::",
    "a broken sequence": ":AAAA=AAA:",
    "a cut sequence": ":AAAAA:",
    "url alphabet": SHOWN.rfc9440.replace("A", "_"),
    "pem twice": SHOWN.escaped * 2,
    "two joined": f"{SHOWN.escaped},{SHOWN.escaped}",
    "cut pem": SHOWN.escaped[:-40],
    "a key": SHOWN.escaped.replace("CERTIFICATE", "PRIVATE%20KEY"),
    "text before": f"x{SHOWN.escaped}",
    "bare escapes": "%%%",
    "no letters": "é",
    "broken base64": "-----BEGIN%20CERTIFICATE-----%0AAAAAA%0A-----END%20CERTIFICATE-----%0A",
}


@pytest.mark.parametrize("header", WRONG.values(), ids=WRONG)
def test_99_what_is_not_one_certificate_is_refused(header):
    with pytest.raises(UnreadableCertificate, match="expected"):
        read_header(header)


def test_99_long_header_is_refused_before_anything_is_decoded():
    longest = ":" + "A" * (MAX_HEADER - 4) + ":"
    assert read_header(longest + " " * 100)
    with pytest.raises(UnreadableCertificate, match=f"at most {MAX_HEADER}"):
        read_header(":" + "A" * MAX_HEADER + ":")


def test_99_thumbprint_is_that_of_the_whole_certificate():
    assert urlsafe_b64decode(x5t_of(SHOWN.der) + "=") == hashlib.sha256(SHOWN.der).digest()
    assert len(x5t_of(b"")) == 43
