"""Whose certificates are taken."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from consentcore.oauth.client_auth import authorities as module
from consentcore.oauth.client_auth.authorities import Authorities
from tests.support.client_certificates import authority, certificate

ROOT = authority()
BETWEEN = certificate(
    "CN=Between", by=ROOT, extensions=((x509.BasicConstraints(ca=True, path_length=0), True),)
)
NOW = int(time.time() * 1000)


@pytest.fixture
def trusted(tmp_path):
    def make(*authorities):
        path = tmp_path / "ca.pem"
        path.write_text("".join(one.pem for one in authorities))
        return Authorities(path)

    return make


def test_99_authority_vouches_for_what_it_has_signed(trusted):
    assert trusted(ROOT).vouch_for(certificate(by=ROOT).certificate, NOW)


def test_99_authority_in_between_is_trusted_where_it_stands_in_the_file(trusted):
    shown = certificate(by=BETWEEN).certificate
    assert trusted(ROOT, BETWEEN).vouch_for(shown, NOW)
    assert not trusted(ROOT).vouch_for(shown, NOW)


def usage(*purposes):
    return ((x509.ExtendedKeyUsage(purposes), False),)


def test_99_certificate_that_names_its_purposes_must_be_for_clients(trusted):
    for purpose, good in (
        (ExtendedKeyUsageOID.CLIENT_AUTH, True),
        (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE, True),
        (ExtendedKeyUsageOID.SERVER_AUTH, False),
    ):
        shown = certificate(by=ROOT, extensions=usage(purpose)).certificate
        assert trusted(ROOT).vouch_for(shown, NOW) is good, purpose


STRANGER = authority()
UNKNOWN_AND_CRITICAL = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
NOT_TAKEN = {
    "of itself": certificate,
    "of an authority of the same name": lambda: certificate(by=STRANGER),
    "of one that is no authority": lambda: certificate(by=certificate("CN=Leaf", by=ROOT)),
    "over": lambda: certificate(by=ROOT, now_s=NOW / 1000, life=dt.timedelta(minutes=-1)),
    "with a rule that nobody knows": lambda: certificate(by=ROOT, extensions=((UNKNOWN_AND_CRITICAL, True),)),
}


@pytest.mark.parametrize("make", NOT_TAKEN.values(), ids=NOT_TAKEN)
def test_99_no_other_certificate_is_taken(trusted, make):
    assert not trusted(ROOT, certificate("CN=Leaf")).vouch_for(make().certificate, NOW)


def test_99_certificate_whose_time_has_not_come_is_not_taken(trusted):
    shown = certificate(by=ROOT).certificate
    assert not trusted(ROOT).vouch_for(shown, NOW - 2 * 3_600_000)


def test_99_authority_that_signs_no_certificates_vouches_for_nobody(trusted):
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment")
    names += ("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    for signs in (True, False):
        usages = x509.KeyUsage(**(dict.fromkeys(names, False) | {"key_cert_sign": signs}))
        made = authority(extensions=((usages, True),))
        assert trusted(made).vouch_for(certificate(by=made).certificate, NOW) is signs


@pytest.mark.parametrize("text", ["", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_99_file_without_authorities_is_refused(tmp_path, text):
    path = tmp_path / "ca.pem"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"."):
        Authorities(path)


def test_99_certificate_that_was_good_is_not_judged_again_within_a_minute(trusted, monkeypatch):
    """And no other one is taken for it."""
    authorities, shown = trusted(ROOT), certificate(by=ROOT).certificate
    judged = []
    verify = authorities._verified
    monkeypatch.setattr(authorities, "_verified", lambda *what: judged.append(what) or verify(*what))
    assert all(authorities.vouch_for(shown, NOW + passed) for passed in (0, 1, 59_999))
    assert len(judged) == 1
    assert authorities.vouch_for(shown, NOW + 60_000)
    assert not authorities.vouch_for(certificate(by=STRANGER).certificate, NOW)
    assert len(judged) == 3


def test_99_certificate_that_was_good_is_over_when_it_is_over(trusted):
    shown = certificate(by=ROOT, life=dt.timedelta(seconds=30)).certificate
    authorities, end = trusted(ROOT), int(shown.not_valid_after_utc.timestamp() * 1000)
    assert authorities.vouch_for(shown, end - 1000)
    assert not authorities.vouch_for(shown, end + 1000)


def test_99_certificates_that_were_good_are_few(trusted, monkeypatch):
    monkeypatch.setattr(module, "MOST_KEPT", 2)
    authorities = trusted(ROOT)
    for _ in range(5):
        assert authorities.vouch_for(certificate(by=ROOT).certificate, NOW)
        assert len(authorities._good) <= 2
