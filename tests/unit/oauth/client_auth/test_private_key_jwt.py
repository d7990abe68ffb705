"""private_key_jwt (RFC 7523), claim by claim, and what was done to others with forged, large and repeated JWTs."""

from __future__ import annotations

import base64
import json
import logging
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import hashes, hmac
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from consentcore.api import AuthMethod, StorageConflict, StorageUnavailable
from consentcore.oauth.client_auth.credentials import ASSERTION_TYPE
from consentcore.testing.threads import together
from tests.support.client_keys import EC, ISSUER, accepted, claims, present, signed

TOKEN_URL = f"{ISSUER}/ecostruxure/v1/oauth/token"
ED = OKPKey.generate_key("Ed25519", {"kid": "ed"})
RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
STRANGER = ECKey.generate_key("P-256", {"kid": "ec"})
KEYS = json.dumps({"keys": [key.as_dict(private=False) for key in (EC, ED, RSA)]})
PUBLIC_PEM = RSA.as_pem(private=False)


@pytest.fixture
def keyed(scenario):
    scenario.add_client("signer", auth_method=AuthMethod.PRIVATE_KEY_JWT, secrets=(), jwks=KEYS)
    return scenario


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize(
    ("key", "alg"), [(EC, "ES256"), (ED, "EdDSA"), (ED, "Ed25519"), (RSA, "PS256"), (RSA, "RS256")]
)
def test_60_assertions_with_asymmetric_signatures_are_accepted(keyed, key, alg):
    assert accepted(present(keyed, signed(claims(keyed), key, alg)))


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_60_one_kid_may_name_keys_of_several_types_and_one_key_for_several_algorithms(scenario):
    """RFC 7517 section 4.5: "equivalent alternatives by the application using them"."""
    keys = [
        {**EC.as_dict(private=False), "kid": "2026"},
        {**ED.as_dict(private=False), "kid": "2026"},
        {**RSA.as_dict(private=False), "kid": "2026", "alg": "PS256"},
        {**RSA.as_dict(private=False), "kid": "2026", "alg": "RS256"},
    ]
    text = json.dumps({"keys": keys})
    scenario.add_client("signer", auth_method=AuthMethod.PRIVATE_KEY_JWT, secrets=(), jwks=text)
    for key, alg in ((EC, "ES256"), (ED, "EdDSA"), (RSA, "PS256"), (RSA, "RS256")):
        assert accepted(present(scenario, signed(claims(scenario), key, alg, kid="2026"))), alg


def test_60_code_and_refresh_and_revocation(keyed):
    client = keyed.storage.protocol.read_authorize("signer", None, 0).client
    code = keyed.code(client)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": client.redirect_uris[0]}
    got = present(keyed, signed(claims(keyed, jti="1")), "token", **form).json
    form = {"grant_type": "refresh_token", "refresh_token": got["refresh_token"]}
    fresh = present(keyed, signed(claims(keyed, jti="2", aud=TOKEN_URL)), "token", **form).json
    assert present(keyed, signed(claims(keyed, jti="3")), token=fresh["access_token"]).json["active"] is True
    revoked = present(keyed, signed(claims(keyed, jti="4")), "revoke", token=fresh["refresh_token"])
    assert revoked.status == 200
    assert present(keyed, signed(claims(keyed, jti="5")), token=fresh["access_token"]).json == {
        "active": False
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": None},
        {"iss": "app"},
        {"sub": None},
        {"sub": "app"},
        {"sub": ["signer"]},
        {"sub": "signer\n"},
        {"aud": None},
        {"aud": "https://evil.example"},
        {"aud": f"{ISSUER}/"},
        {"aud": ISSUER.upper()},
        {"aud": [ISSUER, "https://evil.example"]},
        {"aud": [ISSUER, ISSUER]},
        {"aud": []},
        {"aud": {"a": ISSUER}},
        {"aud": f"{ISSUER}/ecostruxure/v1/oauth/revoke"},
        {"exp": None},
        {"exp": "1795000060"},
        {"exp": True},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"exp": 10**40},
        {"exp": -1},
        {"iat": "now"},
        {"nbf": float("nan")},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"jti": "x" * 257},
    ],
    ids=str,
)
def test_60_every_claim_is_checked(keyed, changes):
    assert not accepted(present(keyed, signed(claims(keyed, **changes))))


@pytest.mark.parametrize("aud", [ISSUER, [ISSUER], TOKEN_URL, f"{ISSUER}/ecostruxure/v1/oauth/introspect"])
def test_60_incident_assertion_audience_is_the_issuer_or_where_it_is_sent(keyed, aud):
    assert accepted(present(keyed, signed(claims(keyed, aud=aud))))


def test_60_incident_assertion_audience_may_be_held_to_the_issuer_alone(make_scenario):
    scenario = make_scenario(assertion_audience="issuer")
    scenario.add_client("signer", auth_method=AuthMethod.PRIVATE_KEY_JWT, secrets=(), jwks=KEYS)
    assert not accepted(present(scenario, signed(claims(scenario, aud=TOKEN_URL))))
    assert accepted(present(scenario, signed(claims(scenario, aud=ISSUER))))


@pytest.mark.parametrize(
    ("setting", "registered", "only_issuer"),
    [
        (None, "", False),  # a client of before
        (None, "endpoint", False),
        (None, "issuer", True),
        ("endpoint", "issuer", False),  # a setting decides for all
        ("issuer", "endpoint", True),
        ("issuer", "", True),
    ],
)
def test_60_incident_assertion_audience_is_as_registered_where_no_setting_decides(
    make_scenario, setting, registered, only_issuer
):
    scenario = make_scenario(assertion_audience=setting)
    values = {"auth_method": AuthMethod.PRIVATE_KEY_JWT, "secrets": (), "jwks": KEYS}
    scenario.add_client("signer", assertion_audience=registered, **values)
    assert accepted(present(scenario, signed(claims(scenario, aud=ISSUER))))
    for endpoint in (TOKEN_URL, f"{ISSUER}/ecostruxure/v1/oauth/introspect"):
        assert accepted(present(scenario, signed(claims(scenario, aud=endpoint)))) is not only_issuer
    assert not accepted(present(scenario, signed(claims(scenario, aud=[ISSUER, TOKEN_URL]))))


@pytest.mark.parametrize(
    ("member", "seconds", "good"),
    [
        *[("exp", 1, True), ("exp", 0, False), ("exp", -1, False), ("exp", 3660, True), ("exp", 3661, False)],
        *[("iat", 10, True), ("iat", 11, False), ("nbf", 10, True), ("nbf", 11, False), ("nbf", -99, True)],
    ],
)
def test_60_clocks_may_differ_by_ten_seconds(keyed, member, seconds, good):
    now = keyed.clock.now() / 1000
    assert accepted(present(keyed, signed(claims(keyed, **{member: now + seconds})))) is good


def test_cve_2020_5300_and_fosite_cve_2020_15222_a_jti_is_used_once(keyed, caplog):
    assertion = signed(claims(keyed, jti="once"))
    assert accepted(present(keyed, assertion))
    with caplog.at_level(logging.WARNING):
        assert not accepted(present(keyed, assertion))
    assert "its jti was used before" in caplog.text
    assert assertion not in caplog.text
    assert not accepted(present(keyed, signed(claims(keyed, exp=keyed.clock.now() // 1000 + 30, jti="once"))))
    keyed.clock.advance(59_999)
    assert not accepted(present(keyed, assertion))


def test_one_of_many_at_once_uses_a_jti(keyed):
    assertion = signed(claims(keyed))
    assert sorted(together(8, lambda _: accepted(present(keyed, assertion)))) == [False] * 7 + [True]


def test_jti_belongs_to_its_client(keyed):
    keyed.add_client("other", auth_method=AuthMethod.PRIVATE_KEY_JWT, secrets=(), jwks=KEYS)
    for client_id in ("signer", "other"):
        assert accepted(present(keyed, signed(claims(keyed, iss=client_id, sub=client_id, jti="same"))))


def test_forged_assertion_uses_up_no_jti(keyed):
    assert not accepted(present(keyed, signed(claims(keyed, jti="mine"), STRANGER)))
    assert accepted(present(keyed, signed(claims(keyed, jti="mine"))))


def test_collision_after_the_jti_was_used_does_not_refuse_the_client(keyed, monkeypatch):
    client = keyed.storage.protocol.read_authorize("signer", None, 0).client
    code, consume, tries = keyed.code(client), keyed.storage.protocol.consume_code, []

    def collide_first(redemption):
        tries.append(redemption)
        if len(tries) < 3:
            raise StorageConflict("serialization failure")
        return consume(redemption)

    monkeypatch.setattr(keyed.storage.protocol, "consume_code", collide_first)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": client.redirect_uris[0]}
    assert present(keyed, signed(claims(keyed)), "token", **form).status == 200
    assert len(tries) == 3


def test_storage_that_cannot_say_is_no_refusal(keyed, monkeypatch):
    def fail(*_):
        raise StorageUnavailable("gone")

    monkeypatch.setattr(keyed.storage.protocol, "use_once", fail)
    assert present(keyed, signed(claims(keyed))).status == 503


def part(value) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def confused(scenario) -> str:
    """HS256 under the RSA key's public text, which everybody has."""
    text = f"{part({'alg': 'HS256', 'kid': 'rsa'})}.{part(claims(scenario))}"
    mac = hmac.HMAC(PUBLIC_PEM, hashes.SHA256())
    mac.update(text.encode())
    return f"{text}.{part(mac.finalize())}"


def test_cve_2024_37568_hmac_under_a_public_key(keyed):
    assert not accepted(present(keyed, confused(keyed)))
    secret = OctKey.import_key("s" * 32, {"kid": "ec"})
    assert not accepted(present(keyed, signed(claims(keyed), secret, "HS256")))


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", "", None, 1, ["ES256"]])
@pytest.mark.parametrize("signature", ["", "AA"])
def test_cve_2026_28802_alg_none(keyed, alg, signature):
    assert not accepted(present(keyed, f"{part({'alg': alg})}.{part(claims(keyed))}.{signature}"))


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["b64"], "b64": False},
        {"crit": ["x"], "x": 1},
        {"crit": []},
        {"b64": False},
        {"typ": "at+jwt"},
        {"typ": 1},
        {"kid": ["ec"]},
        {"kid": "nobody"},
        {"alg": "ES384"},
    ],
    ids=str,
)
def test_cve_2025_59420_headers_that_change_the_meaning(keyed, header):
    text = f"{part({'alg': 'ES256', 'kid': 'ec', **header})}.{part(claims(keyed))}"
    signature = jws.JWSRegistry.algorithms["ES256"].sign(text.encode(), EC)
    assert not accepted(present(keyed, f"{text}.{part(signature)}"))


def test_keys_in_the_header_are_not_asked(keyed):
    for header in (
        {"jwk": STRANGER.as_dict(private=False)},
        {"jku": "http://127.0.0.1:9/"},
        {"x5u": "http://127.0.0.1:9/"},
    ):
        assert not accepted(present(keyed, signed(claims(keyed), STRANGER, **header)))


@pytest.mark.parametrize("alg", ["PS256", "RS256", "EdDSA"])
def test_algorithm_belongs_to_the_key(keyed, alg):
    _, payload, signature = signed(claims(keyed)).split(".")
    assert not accepted(present(keyed, f"{part({'alg': alg, 'kid': 'ec'})}.{payload}.{signature}"))


@pytest.mark.parametrize(
    "assertion",
    [
        "a" * 16_000,
        f"{'a' * 4000}.{'a' * 4000}.{'a' * 4000}",
        f"{part({'alg': 'ES256', 'x': 'y' * 2000})}.{part({'sub': 'signer'})}.AA",
        f"{part({'alg': 'ES256'})}.{part(b'[' * 5000)}.AA",
        f"{part({'alg': 'ES256'})}.{part(b'9' * 5000)}.AA",
        f"{part({'alg': 'ES256'})}.{part(b'{')}.AA",
        f"{part({'alg': 'ES256'})}.{part([1])}.AA",
        f"{part([])}.{part({'sub': 'signer'})}.AA",
        f"{part({'alg': 'ES256'})}.{part({'sub': 'signer'})}",
        f"{part({'alg': 'RSA-OAEP', 'enc': 'A128GCM'})}.AA.AA.AA.AA",
        "..",
        "x",
    ],
    ids=lambda text: text[:12],
)
def test_cve_2025_61920_large_and_malformed_tokens(keyed, assertion):
    assert not accepted(present(keyed, assertion))


def test_35_one_method_and_one_client(keyed):
    assertion = signed(claims(keyed))
    form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion, "token": "x"}
    assert keyed.post("introspect", form).status == 400
    assert present(keyed, assertion, client_secret="x").status == 400
    assert present(keyed, assertion, client_id="app").status == 401
    assert keyed.post("introspect", {**form, "client_assertion_type": "urn:x"}, auth=None).status == 401
    assert keyed.post("introspect", {"client_assertion_type": ASSERTION_TYPE}, auth=None).status == 400
    assert accepted(present(keyed, assertion, client_id="signer"))


def test_36_unknown_and_disabled_clients_are_refused_alike(keyed):
    unknown = present(keyed, signed(claims(keyed, iss="nobody", sub="nobody")))
    client = keyed.storage.protocol.read_authorize("signer", None, 0).client
    keyed.update_client(client, enabled=False)
    disabled = present(keyed, signed(claims(keyed)))
    assert (unknown.status, unknown.raw.body) == (disabled.status, disabled.raw.body)
    assert unknown.status == 401


METHODS = {
    "basic": lambda scenario, client_id, secret: scenario.post(
        "revoke", {"token": "x"}, auth=(client_id, secret)
    ),
    "post": lambda scenario, client_id, secret: scenario.post(
        "revoke", {"token": "x", "client_id": client_id, "client_secret": secret}, auth=None
    ),
    "none": lambda scenario, client_id, _: scenario.post(
        "revoke", {"token": "x", "client_id": client_id}, auth=None
    ),
    "jwt": lambda scenario, client_id, _: present(
        scenario, signed(claims(scenario, iss=client_id, sub=client_id)), "revoke"
    ),
}


@pytest.mark.parametrize(
    ("registered", "allowed"),
    [
        (AuthMethod.SECRET, {"basic", "post"}),
        (AuthMethod.SECRET_BASIC, {"basic"}),
        (AuthMethod.SECRET_POST, {"post"}),
        (AuthMethod.PRIVATE_KEY_JWT, {"jwt"}),
        (AuthMethod.NONE, {"none"}),
    ],
)
def test_37_the_registered_method_is_enforced(scenario, registered, allowed):
    # A secret and keys for all of them: what counts is the method.
    client = scenario.add_client("c", auth_method=registered, jwks=KEYS)
    secret = "factories-client-secret"
    assert client.knows_secret(secret, scenario.clock.now())
    assert {name for name, show in METHODS.items() if accepted(show(scenario, "c", secret))} == allowed


def test_two_secrets_are_good_while_one_is_rotated(scenario):
    old = scenario.client.secrets[0]
    from consentcore.api import ClientSecret
    from consentcore.domain.secret import digest

    now = scenario.clock.now()
    scenario.update_client(
        scenario.client, secrets=(ClientSecret(digest("new"), now), replace(old, expires_at=now + 1000))
    )
    works = lambda secret: scenario.post("introspect", {"token": "x"}, auth=("app", secret)).status == 200  # noqa: E731
    assert (works("new"), works("factories-client-secret")) == (True, True)
    scenario.clock.advance(1000)
    assert (works("new"), works("factories-client-secret")) == (True, False)


def test_only_clients_with_keys_pay_for_it(scenario, monkeypatch):
    def fail(*_):
        raise AssertionError("a shared secret asks for nothing to be used once")

    monkeypatch.setattr(scenario.storage.protocol, "use_once", fail)
    assert scenario.tokens()["token_type"] == "Bearer"
