"""Checking by signature, and the ways in which others were tricked (security.md: the JOSE classes)."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

from consentcore.oauth.signing_keys import ALGORITHMS, SigningKeys
from consentcore.resource import JwtVerifier, Refused
from consentcore.testing import fixed_keys
from tests.support.stub_issuer import AUDIENCE, NOW

CLAIMS = {
    "iss": "https://consent.example",
    "aud": AUDIENCE,
    "sub": "s",
    "client_id": "app",
    "scope": "a b",
    "iat": NOW - 10,
    "exp": NOW + 600,
    "jti": "j",
}


@pytest.fixture
def verifier(issuer):
    return make(issuer)


def make(issuer, **options):
    fixed = {"jwks_uri": issuer.url + "/jwks", "clock": issuer.clock, "min_refresh_s": 30.0}
    return issuer.keep(JwtVerifier("https://consent.example", AUDIENCE, **{**fixed, **options}))


def b64(data):
    text = data if isinstance(data, bytes) else json.dumps(data).encode()
    return urlsafe_b64encode(text).rstrip(b"=").decode()


def signed(claims=CLAIMS, algorithm="ES256", ring=None, **header):
    """A token as the server makes it, or nearly."""
    keys = SigningKeys(ring or fixed_keys(), algorithm)
    key = keys.key(f"test1-{algorithm}")
    head = {"alg": algorithm, "typ": "at+jwt", "kid": f"test1-{algorithm}", **header}
    return by_hand({name: value for name, value in head.items() if value is not None}, claims, key, algorithm)


def by_hand(header, claims, key, algorithm):
    message = f"{b64(header)}.{b64(claims)}"
    private = key.private_key
    if algorithm == "EdDSA":
        return f"{message}.{b64(private.sign(message.encode()))}"
    der = private.sign(message.encode(), ec.ECDSA(hashes.SHA256()))
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    r, s = decode_dss_signature(der)
    return f"{message}.{b64(r.to_bytes(32) + s.to_bytes(32))}"


def refused(verifier, token):
    with pytest.raises(Refused) as caught:
        verifier.check(token)
    assert (caught.value.status, caught.value.error) == (401, "invalid_token")
    return caught.value.description


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt"])
def test_59_a_token_of_the_server_is_good(verifier, algorithm, typ):
    found = verifier.check(signed(algorithm=algorithm, typ=typ))
    assert (found.subject, found.scopes, found.audience) == ("s", {"a", "b"}, (AUDIENCE,))


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://consent.example/"},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "https://other.example"},
        {"aud": ["https://other.example"]},
        {"aud": []},
        {"aud": {AUDIENCE: 1}},
        {"aud": None},
        {"exp": NOW - 11},
        {"exp": None},
        {"exp": str(NOW + 600)},
        {"exp": True},
        {"iat": NOW + 60},
        {"iat": None},
        {"nbf": NOW + 60},
        {"nbf": "x"},
        {"sub": None},
        {"client_id": None},
        {"jti": None},
        {"scope": ["a"]},
    ],
)
def test_59_every_claim_is_looked_at(verifier, change):
    claims = {name: value for name, value in {**CLAIMS, **change}.items() if value is not None}
    refused(verifier, signed(claims))


@pytest.mark.parametrize("claims", [[1], "x", 5, None])
def test_59_claims_that_are_no_object_are_refused(verifier, claims):
    refused(verifier, signed(claims))


@pytest.mark.parametrize(
    "claims", [{"aud": ["https://other.example", AUDIENCE]}, {"exp": NOW - 9}, {"nbf": NOW}]
)
def test_clocks_may_disagree_a_little_and_audiences_be_several(verifier, claims):
    verifier.check(signed({**CLAIMS, **claims}))


@pytest.mark.parametrize("typ", ["JWT", "jwt", "", None, "id_token+jwt", "logout+jwt"])
def test_59_only_access_tokens_open_an_api(verifier, typ):
    refused(verifier, signed(typ=typ))


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", ""])
def test_incident_authlib_jose_alg_none_is_refused(verifier, algorithm):
    """CVE-2024-37568, CVE-2025-59420 and their like."""
    header = {"alg": algorithm, "typ": "at+jwt", "kid": "test1-ES256"}
    signature = signed().split(".")[2]
    for last in ("", signature):
        refused(verifier, f"{b64(header)}.{b64(CLAIMS)}.{last}")


def test_incident_authlib_jose_the_public_key_is_no_shared_secret(issuer, verifier):
    """CVE-2024-37568: HMAC under the published key, in every form in which it is written."""
    public = SigningKeys(fixed_keys()).key("test1-ES256")
    pem, der = public.as_pem(private=False), public.as_der(private=False)
    document = json.dumps(issuer.keys["keys"][0]).encode()
    for algorithm, digest in (("HS256", hashlib.sha256), ("HS512", hashlib.sha512)):
        head = b64({"alg": algorithm, "typ": "at+jwt", "kid": "test1-ES256"})
        message = f"{head}.{b64(CLAIMS)}"
        for secret in (pem, der, document, public.as_dict(private=False)["x"].encode()):
            refused(verifier, f"{message}.{b64(hmac.new(secret, message.encode(), digest).digest())}")


def test_incident_authlib_jose_a_key_signs_only_by_its_own_algorithm(verifier):
    keys = SigningKeys(fixed_keys())
    for algorithm, kid in (("EdDSA", "test1-ES256"), ("ES256", "test1-EdDSA")):
        key = keys.key(f"test1-{algorithm}")
        refused(verifier, by_hand({"alg": algorithm, "typ": "at+jwt", "kid": kid}, CLAIMS, key, algorithm))


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES384", "ES512", "ES256K", "Ed448", "Ed25519"])
def test_incident_authlib_jose_other_algorithms_are_refused_even_with_a_key_for_them(
    issuer, verifier, algorithm
):
    foreign = RSAKey.import_key(
        rsa.generate_private_key(65537, 2048), {"kid": "rsa", "use": "sig", "alg": "RS256"}
    )
    issuer.keys["keys"].append(foreign.as_dict(private=False))
    header = {"alg": algorithm, "typ": "at+jwt", "kid": "rsa"}
    if algorithm == "RS256":
        token = jws.serialize_compact(header, json.dumps(CLAIMS), foreign, ["RS256"])
    else:
        token = f"{b64(header)}.{b64(CLAIMS)}.{b64(b'x' * 64)}"
    refused(verifier, token)


def test_incident_authlib_jose_a_token_does_not_bring_its_own_key(issuer, verifier):
    own = ECKey.generate_key("P-256")
    public = own.as_dict(private=False)
    for header in (
        {"jwk": public},
        {"jku": issuer.url + "/mine"},
        {"x5u": issuer.url + "/mine"},
        {"x5c": ["AA=="]},
    ):
        head = {"alg": "ES256", "typ": "at+jwt", "kid": "test1-ES256", **header}
        refused(verifier, by_hand(head, CLAIMS, own, "ES256"))
        refused(verifier, signed(**header))
    assert not [path for path, _ in issuer.asked if path != "/jwks"]


@pytest.mark.parametrize(
    "header", [{"crit": ["exp"], "exp": 1}, {"crit": []}, {"b64": False, "crit": ["b64"]}, {"zip": "DEF"}]
)
def test_incident_authlib_jose_crit_and_unknown_headers_are_refused(verifier, header):
    """CVE-2025-59420: a header that says it must be understood."""
    refused(verifier, signed(**header))


@pytest.mark.parametrize("kid", [None, 5, ["test1-ES256"], "test1-ES256 ", "../test1-ES256", "unknown"])
def test_incident_authlib_jose_the_key_is_named_exactly(verifier, kid):
    refused(verifier, signed(kid=kid))


def test_incident_authlib_jose_oversized_tokens_are_refused_before_they_are_read(issuer, verifier):
    """CVE-2025-61920, CVE-2026-28802: headers, claims and numbers of dots without bound."""
    good = signed()
    for token in (
        signed({**CLAIMS, "x": "x" * 9000}),
        signed(kid="k" * 2000),
        "." * 8000,
        "a" * 100_000,
        good + ".",
        good + "." + "x" * 100,
        "..",
        "a.b",
        "[" * 500 + "." + good,
        f"{b64(b'[' * 700)}.{b64(CLAIMS)}.x",
    ):
        refused(verifier, token)
    assert issuer.asked == [] or {path for path, _ in issuer.asked} == {"/jwks"}


def test_incident_authlib_jose_any_changed_part_is_noticed(verifier):
    head, claims, signature = signed().split(".")
    other = b64({**CLAIMS, "sub": "somebody else"})
    for token in (
        f"{head}.{other}.{signature}",
        f"{head}.{claims}.{signature[:-4]}AAAA",
        f"{head}.{claims}.{b64(bytes(64))}",
        f"{head}.{claims}.",
        f"{head}.{claims}.{signature}{signature}",
        f"{head}..{signature}",
        f"{head}.{claims}.é",
    ):
        refused(verifier, token)


def test_a_new_key_is_fetched_when_a_token_names_it(issuer):
    verifier = make(issuer, min_refresh_s=0.0)
    ring = fixed_keys("next", "test1")
    verifier.check(signed())
    token = SigningKeys(ring).sign("at+jwt", json.dumps(CLAIMS).encode())
    refused(verifier, token)
    issuer.keys = SigningKeys(ring).key_set(0)
    verifier.check(token)
    verifier.check(signed())


def test_unknown_keys_do_not_make_us_a_hammer(issuer, verifier):
    verifier.check(signed())
    for number in range(50):
        refused(verifier, signed(kid=f"unknown{number}"))
    assert len(issuer.asked) == 1


def test_keys_are_fetched_again_when_they_are_old_and_a_withdrawn_one_is_forgotten(issuer):
    verifier = make(issuer, refresh_s=0.0)
    verifier.check(signed())
    issuer.keys = SigningKeys(fixed_keys("other")).key_set(0)
    refused(verifier, signed())


def test_known_keys_outlast_a_server_that_is_away_but_not_for_ever(issuer, monkeypatch):
    verifier = make(issuer, refresh_s=0.0)
    verifier.check(signed())
    for issuer.status, issuer.body in (
        (500, b""),
        (200, b"<html>"),
        (200, b'{"keys": 5}'),
        (200, b'{"keys": {}}'),
        (200, b'{"keys": "none"}'),
        (200, b"[" * 5000),
    ):
        verifier.check(signed())
    monkeypatch.setattr("consentcore.resource.keyset.MAX_STALE_S", 0.0)
    with pytest.raises(Refused) as caught:
        verifier.check(signed())
    assert caught.value.status == 503


def test_without_keys_nobody_gets_in(issuer):
    issuer.status = 500
    with pytest.raises(Refused) as caught:
        make(issuer).check(signed())
    assert caught.value.status == 503


def test_keys_that_cannot_be_read_leave_the_others_usable(issuer, verifier):
    issuer.keys["keys"] = [
        5,
        {"kty": "EC", "crv": "P-256", "kid": "broken", "x": "!", "y": "AA"},
        {"kty": "OKP", "crv": "Ed25519", "kid": "broken2"},
        {"kty": "oct", "kid": "test1-ES256", "k": "AAAA"},
        *issuer.keys["keys"],
    ]
    verifier.check(signed())


def test_a_private_key_that_was_published_by_mistake_is_read_as_public(issuer, verifier):
    whole = OKPKey.generate_key("Ed25519", {"kid": "test1-EdDSA", "alg": "EdDSA"})
    issuer.keys["keys"] = [whole.as_dict(private=True), issuer.keys["keys"][0]]
    verifier.check(signed())
    refused(verifier, signed(algorithm="EdDSA"))


def test_an_api_without_a_name_is_refused():
    with pytest.raises(ValueError, match="audience"):
        JwtVerifier("https://consent.example", [])
