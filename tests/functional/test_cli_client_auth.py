"""Registering how a client authenticates itself, what it must push, and which tokens it gets."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

URI = "https://app.example/cb"


def create(cli, *more):
    return cli(
        "client", "create", "--name", "App", "--redirect-uri", URI, "--scope", "comfort.read", *more, "--json"
    )


def key_set(*keys, private=False, **members) -> str:
    return json.dumps({"keys": [{**key.as_dict(private=private), **members} for key in keys]})


def test_a_client_with_keys_has_no_secret(cli, tmp_path):
    keys = key_set(ECKey.generate_key("P-256"), OKPKey.generate_key("Ed25519"))
    (tmp_path / "keys.json").write_text(keys)
    for given in (keys, str(tmp_path / "keys.json")):
        made = create(cli, "--auth-method", "private_key_jwt", "--jwks", given).json
        assert made["client_secret"] is None
        shown = cli("client", "show", made["client_id"], "--json").json
        assert (shown["auth_method"], json.loads(shown["jwks"])) == ("private_key_jwt", json.loads(keys))
        assert (shown["public"], shown["secrets"]) == (False, [])
        assert cli("client", "rotate-secret", made["client_id"]).code == 2


def test_new_clients_name_the_issuer_unless_they_are_registered_otherwise(cli):
    signing = ("--auth-method", "private_key_jwt", "--jwks", key_set(EC))

    def audience_of(made):
        return cli("client", "show", made.json["client_id"], "--json").json["assertion_audience"]

    assert audience_of(create(cli, *signing)) == "issuer"
    assert audience_of(create(cli)) == "issuer"
    other = create(cli, *signing, "--assertion-audience", "endpoint")
    assert (audience_of(other), other.err) == ("endpoint", "")
    changed = cli(
        "client", "update", other.json["client_id"], "--assertion-audience", "issuer", "--json"
    ).json
    assert changed["changed"] == ["assertion_audience"]
    assert audience_of(other) == "issuer"
    assert create(cli, *signing, "--assertion-audience", "anybody").code == 2


def test_one_kid_may_name_keys_of_several_types_and_algorithms(cli):
    """RFC 7517 section 4.5."""
    rsa_key = RSAKey.generate_key(2048)
    members = [
        {**EC.as_dict(private=False), "kid": "k"},
        {**rsa_key.as_dict(private=False), "kid": "k", "alg": "PS256"},
        {**rsa_key.as_dict(private=False), "kid": "k", "alg": "RS256"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "k", "alg": ["ES256"]},
    ]
    made = create(cli, "--auth-method", "private_key_jwt", "--jwks", json.dumps({"keys": members}))
    assert made.code == 0, made.err


def test_everything_that_is_registered_is_shown(cli):
    made = create(
        cli,
        *("--auth-method", "client_secret_post", "--require-par", "--access-token-format", "jwt"),
        *("--resource", "https://api.example/meters", "--resource", "urn:example:sites"),
    ).json
    assert made["client_secret"]
    shown = cli("client", "show", made["client_id"], "--json").json
    assert (shown["auth_method"], shown["require_par"]) == ("client_secret_post", True)
    assert (shown["access_token_format"], shown["jwks_uri"]) == ("jwt", "")
    assert shown["resources"] == ["https://api.example/meters", "urn:example:sites"]


def test_what_it_signs_and_what_is_signed_for_it_is_registered_and_changed(cli):
    names = (
        "require_signed_request_object",
        "request_object_signing_alg",
        "authorization_signed_response_alg",
        "introspection_signed_response_alg",
    )
    made = create(
        cli,
        *("--jwks", key_set(EC), "--require-signed-request-object", "--request-object-signing-alg", "ES256"),
        *("--authorization-signed-response-alg", "EdDSA", "--introspection-signed-response-alg", "ES256"),
    ).json
    shown = cli("client", "show", made["client_id"], "--json").json
    assert [shown[name] for name in names] == [True, "ES256", "EdDSA", "ES256"]
    less = ("--no-require-signed-request-object", "--authorization-signed-response-alg", "")
    changed = cli("client", "update", made["client_id"], *less, "--json").json
    assert set(changed["changed"]) == {"require_signed_request_object", "authorization_signed_response_alg"}
    shown = cli("client", "show", made["client_id"], "--json").json
    assert [shown[name] for name in names] == [False, "ES256", "", "ES256"]
    refused = create(cli, "--authorization-signed-response-alg", "PS256")
    assert (refused.code, "--authorization-signed-response-alg: expected one of" in refused.err) == (2, True)


def test_none_is_another_word_for_public(cli):
    made = create(cli, "--auth-method", "none").json
    assert made["client_secret"] is None
    assert cli("client", "show", made["client_id"], "--json").json["public"] is True


def test_keys_by_url_pass_the_guard(cli):
    assert create(cli, "--auth-method", "private_key_jwt", "--jwks-uri", "http://127.0.0.1:9/keys").code == 0
    refused = create(cli, "--auth-method", "private_key_jwt", "--jwks-uri", "https://10.0.0.1/keys")
    assert (refused.code, "--jwks-uri: expected https to a public address" in refused.err) == (2, True)


EC = ECKey.generate_key("P-256")


def weak_key() -> str:
    number = rsa.generate_private_key(65537, 1024).public_key().public_numbers().n
    text = base64.urlsafe_b64encode(number.to_bytes(128)).rstrip(b"=").decode()
    return json.dumps({"keys": [{"kty": "RSA", "n": text, "e": "AQAB"}]})


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (key_set(EC, private=True), "public keys only"),
        (key_set(RSAKey.generate_key(2048), private=True), "public keys only"),
        (key_set(OctKey.generate_key(256), private=True), "public keys only"),
        (json.dumps({"keys": [{"kty": "oct"}]}), "public keys only"),
        (weak_key(), "2048 to 8192 bits"),
        (key_set(EC, use="enc"), "a signing key"),
        (key_set(EC, alg="HS256"), "a signing key"),
        (key_set(EC, alg="none"), "a signing key"),
        (key_set(EC, key_ops=["encrypt"]), "a signing key"),
        (key_set(ECKey.generate_key("P-384")), "a signing key"),
        (json.dumps({"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]}), "a signing key"),
        (json.dumps({"keys": [{"kty": "RSA", "n": "A" * 342, "e": "A" * 300}]}), "a signing key"),
        (
            json.dumps({"keys": [{"kty": ["EC"]}, {"kty": "EC", "crv": 1, "x": {}, "y": None}]}),
            "a signing key",
        ),
        (key_set(EC, EC, kid="same"), "every kid once"),
        (json.dumps({"keys": []}), "a JWK set"),
        (json.dumps({"keys": [1]}), "a JWK set"),
        (json.dumps({"keys": [EC.as_dict(private=False)] * 21}), "a JWK set"),
        ('{"keys": [' + "[" * 50_000, "a JWK set"),
        ("{", "a JWK set"),
        ("no/such/file", "a file with one"),
    ],
    ids=lambda value: "keys" if value.startswith("{") else value,  # keys differ in every process
)
def test_keys_that_must_not_be_registered_are_refused(cli, keys, expected):
    result = create(cli, "--auth-method", "private_key_jwt", "--jwks", keys)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("Error: --jwks: expected ")
    assert expected in result.err


@pytest.mark.parametrize(
    ("more", "option"),
    [
        (("--auth-method", "tls_client_auth"), "--tls-client-auth"),
        (("--auth-method", "none_of_these"), "--auth-method"),
        (("--auth-method", "private_key_jwt"), "--jwks"),
        (
            ("--auth-method", "private_key_jwt", "--jwks", key_set(EC), "--jwks-uri", "http://127.0.0.1/k"),
            "--jwks",
        ),
        (("--jwks", key_set(EC)), "--jwks"),
        (("--jwks-uri", "http://127.0.0.1/k"), "--jwks-uri"),
        (("--public", "--auth-method", "client_secret_basic"), "--auth-method"),
        (("--resource", "meters"), "--resource"),
        (("--resource", "https://api.example/#part"), "--resource"),
        (("--access-token-format", "saml"), "--access-token-format"),
    ],
)
def test_what_contradicts_itself_is_refused_by_name(cli, more, option):
    result = create(cli, *more)
    assert (result.code, result.out) == (2, "")
    assert option in result.err


def test_a_resource_server_may_have_keys_but_not_nothing(cli):
    api = ("client", "create", "--name", "API", "--resource-server", "--json")
    assert cli(*api, "--auth-method", "private_key_jwt", "--jwks", key_set(EC)).json["client_secret"] is None
    assert "--auth-method" in cli(*api, "--auth-method", "none").err
    assert "--require-par" in cli(*api, "--require-par").err


def test_two_secrets_are_live_at_most(cli):
    create(cli, "--client-id", "one")
    for _ in range(3):
        cli("client", "rotate-secret", "one", "--keep-hours", "1")
    secrets = cli("client", "show", "one", "--json").json["secrets"]
    assert [secret["expires_at"] is None for secret in secrets] == [True, False]
