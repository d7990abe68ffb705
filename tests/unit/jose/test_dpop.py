"""Proofs of possession, good and bad, each with the section of RFC 9449 that says so."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode

import pytest
from joserfc.jwk import ECKey

from consentcore.jose import dpop
from consentcore.jose.dpop import (
    AHEAD_S,
    OLDEST_S,
    Expected,
    InvalidProof,
    NonceWanted,
    check_proof,
    comparable,
)
from consentcore.jose.public_key import thumbprint
from tests.support.proofs import KINDS, Prover

URL = "https://consent.example/oauth/token"
NOW = 1_800_000_000.0
PROVER = Prover()
ALGORITHMS = ("ES256", "EdDSA", "Ed25519", "PS256")


def check(proof, **expected):
    return check_proof(proof, Expected(**{"method": "POST", "urls": (URL,), "now": NOW, **expected}))


def refused(proof, *words, **expected):
    with pytest.raises(InvalidProof) as caught:
        check(proof, **expected)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_proof_names_its_key_and_itself(alg):
    prover = Prover(alg)
    claims = prover.claims(URL, NOW, jti="mine")
    found = check(prover.signed(claims))
    assert (found.thumbprint, found.jti, found.iat) == (prover.jkt, "mine", NOW)


def test_thumbprint_is_that_of_rfc_7638():
    """The example of section 3.1."""
    key = {
        "kty": "RSA",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCi"
        "FV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d"
        "0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-cs"
        "FCur-kEgU8awapJzKnqDKgw",
        "e": "AQAB",
        "alg": "RS256",
        "kid": "2011-04-29",
    }
    assert thumbprint(key) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "expected one JWT"),
        ("a.b", "expected one JWT"),
        ("é.é.é", "expected one JWT"),
        ("a.b.c,d.e.f", "expected one JWT"),  # two header fields (section 4.3 check 1)
        ("x" * 9000, "expected one JWT"),
    ],
)
def test_what_is_no_jwt_is_refused(text, word):
    refused(text, word)


@pytest.mark.parametrize(
    ("header", "word"),
    [
        ({"typ": "JWT"}, "typ"),
        ({"typ": None}, "typ"),
        ({"jwk": None}, "jwk"),
        ({"jwk": "text"}, "jwk"),
        ({"jwk": {}}, "jwk"),
        ({"jwk": {"kty": "oct", "k": "c2VjcmV0"}}, "jwk: expected the public key"),
        ({"jwk": PROVER.key.as_dict(private=True)}, "jwk: expected the public key"),  # check 7
        ({"jwk": ECKey.generate_key("P-384").as_dict(private=False)}, "jwk: expected a key of its alg"),
        ({"jwk": Prover("EdDSA").jwk}, "jwk: expected a key of its alg"),
        ({"jwk": {**PROVER.jwk, "y": PROVER.jwk["x"]}}, "jwk: expected a key of its alg"),
        ({"crit": ["x"], "x": 1}, "expected one JWT"),
        ({"b64": False}, "expected one JWT"),
    ],
)
def test_header_that_is_not_that_of_a_proof_is_refused(header, word):
    refused(PROVER.signed(PROVER.claims(URL, NOW), **header), word)


def test_members_of_a_proof_that_nobody_knows_are_ignored():
    """RFC 7515 section 4, but for what ``crit`` names; RFC 9449 section 4.2: "at least". Another key that a header
    points to is never asked for."""
    claims = {**PROVER.claims(URL, NOW), "tx_id_key": "value"}
    found = check(PROVER.signed(claims, tx_id=1234, jku="https://evil.example/keys", x5c=["AA=="]))
    assert found.thumbprint == PROVER.jkt


def test_algorithms_of_no_key_pair_are_refused():
    """Check 5: asymmetric, and one that is accepted; RS256 is not (FAPI 2.0 section 5.4)."""
    refused(Prover("RS256").proof(URL, NOW), "ES256")
    parts = PROVER.proof(URL, NOW).split(".")
    for alg in ("none", "HS256", "ES512", 7):
        header = urlsafe_b64encode(json.dumps({"typ": "dpop+jwt", "alg": alg, "jwk": PROVER.jwk}).encode())
        refused(".".join([header.rstrip(b"=").decode(), *parts[1:]]), "ES256")


def test_signature_must_be_by_the_key_in_the_header():
    """Check 6."""
    refused(PROVER.signed(PROVER.claims(URL, NOW), jwk=Prover().jwk), "signature")
    head, payload, _ = PROVER.proof(URL, NOW).split(".")
    refused(f"{head}.{payload}.{'A' * 86}", "signature")


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"jti": None}, "jti"),
        ({"jti": ""}, "jti"),
        ({"jti": 7}, "jti"),
        ({"jti": "x" * 257}, "jti"),
        ({"htm": None}, "htm"),
        ({"htm": "GET"}, "htm"),
        ({"htm": "post"}, "htm"),
        ({"htm": ["POST"]}, "htm"),
        ({"htu": None}, "htu"),
        ({"htu": "https://consent.example/oauth/par"}, "htu"),
        ({"htu": "http://consent.example/oauth/token"}, "htu"),
        ({"htu": "https://evil.example/oauth/token"}, "htu"),
        ({"htu": "https://consent.example:8443/oauth/token"}, "htu"),
        ({"htu": "https://consent.example@evil.example/oauth/token"}, "htu"),
        ({"htu": "https://consent.example/oauth/Token"}, "htu"),
        ({"htu": "https://consent.example/oauth/token/"}, "htu"),
        ({"htu": "https://consent.example/oauth%2Ftoken"}, "htu"),
        ({"htu": "/oauth/token"}, "htu"),
        ({"htu": "https://[::1/oauth/token"}, "htu"),
        ({"htu": ""}, "htu"),
        ({"htu": [URL]}, "htu"),
        ({"iat": None}, "iat"),
        ({"iat": str(NOW)}, "iat"),
        ({"iat": True}, "iat"),
        ({"iat": float("nan")}, "iat"),
        ({"iat": float("inf")}, "iat"),
        ({"iat": 10**400}, "iat"),
        ({"iat": NOW - OLDEST_S - 1}, "iat"),
        ({"iat": NOW + AHEAD_S + 1}, "iat"),
        ({"iat": NOW + 61}, "iat"),
    ],
)
def test_claim_that_does_not_fit_is_named(changes, word):
    refused(PROVER.proof(URL, NOW, **changes), word)


@pytest.mark.parametrize("ago", [10, 59, 0, -10])
def test_clocks_may_disagree_a_little(ago):
    """FAPI 2.0 section 5.3.2.1: 10 seconds ahead are accepted."""
    assert check(PROVER.proof(URL, NOW - ago)).iat == NOW - ago


@pytest.mark.parametrize(
    "htu",
    [
        URL + "?x=1",
        URL + "#top",
        "HTTPS://CONSENT.example/oauth/token",
        "https://consent.example:443/oauth/token",
        "https://consent.example/oauth/t%6Fken",
        "https://consent.example/%6fauth/token",
    ],
)
def test_url_is_compared_without_query_and_in_normal_form(htu):
    """Check 9."""
    assert check(PROVER.proof(htu, NOW)).thumbprint == PROVER.jkt


def test_root_has_two_spellings():
    assert comparable("https://a.example") == comparable("https://a.example/")
    assert comparable("https://a.example/%zz") == ""


def test_percent_sign_of_a_path_begins_no_escape():
    """``%252F`` is a name with a percent sign, ``%2F`` one with a slash (RFC 3986 section 2.4)."""
    paths = ["a%252Fb", "a%2Fb", "a/b", "a%25252Fb"]
    assert len({comparable(f"https://a.example/{path}") for path in paths}) == len(paths)


def test_slash_of_a_path_whose_escapes_are_gone_is_any_slash():
    """What WSGI hands out (PEP 3333)."""
    expected = Expected("POST", ("https://a.example/sites/a/b",), NOW, decoded=True)
    for path in ("sites/a%2Fb", "sites/a%2fb", "sites/a/b", "%73ites/a%2Fb"):
        assert check_proof(PROVER.proof(f"https://a.example/{path}", NOW), expected).thumbprint == PROVER.jkt
    for path in ("sites/a%252Fb", "sites/a%2F%2Fb", "sites%2Fa"):
        with pytest.raises(InvalidProof, match="htu"):
            check_proof(PROVER.proof(f"https://a.example/{path}", NOW), expected)


@pytest.mark.parametrize(
    "payload", [b"[]", b"7", b"{", b"\xff", b'{"a":' * 60 + b"1" + b"}" * 60, b"[" * 5000]
)
def test_claims_that_are_no_flat_object_are_refused(payload):
    refused(PROVER.signed(payload), "flat JSON object")


@pytest.mark.parametrize("wrong", [None, "", "x", 7, "é", "\ud800"])
def test_proof_beside_a_token_names_it(wrong):
    """Check 12."""
    refused(PROVER.proof(URL, NOW, ath=wrong), "ath", access_token="cca_token")
    assert check(PROVER.proof(URL, NOW, token="cca_token"), access_token="cca_token")
    refused(PROVER.proof(URL, NOW, token="cca_token"), "ath", access_token="cca_other")


def test_ath_is_that_of_the_example():
    """Section 7.1, figure 12."""
    from consentcore.jose.dpop import ath

    token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
    assert ath(token) == "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"


def test_nonce_is_looked_at_before_anything_is_computed():
    def good(nonce):
        return nonce == "told"

    for nonce in (None, "", 7, "older"):
        with pytest.raises(NonceWanted):
            check(PROVER.proof(URL, NOW, nonce=nonce), nonce=good)
    assert check(PROVER.proof(URL, NOW, nonce="told"), nonce=good)
    assert check(PROVER.proof(URL, NOW, nonce="whatever"))


def test_key_of_a_header_is_made_once_and_every_signature_is_checked(monkeypatch):
    """The next proof of a client has the same header; that it is known says nothing of the proof."""
    made = []
    make = dpop.verifying_key
    monkeypatch.setattr(dpop, "verifying_key", lambda member: made.append(member) or make(member))
    prover = Prover()
    proofs = [prover.proof(URL, NOW) for _ in range(3)]
    assert [check(one).thumbprint for one in proofs] == [prover.jkt] * 3
    assert len(made) == 1
    head, claims, _ = proofs[0].split(".")
    refused(".".join((head, claims, proofs[1].split(".")[2])), "signature")
    refused(f"{head}.{claims}", "one JWT")
    refused(f"{proofs[0]}.x", "one JWT")
    assert check(Prover().proof(URL, NOW)).thumbprint != prover.jkt


def test_each_kind_of_key_fits_its_header():
    assert set(KINDS) - {"RS256"} == set(ALGORITHMS)
