"""The FAPI 2.0 Security Profile: what it demands more than OAuth, of every application or of those that are registered
for it (requirements 98 to 100 of the security checklist)."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from consentcore.api import AuthMethod, ClientKind, TokenFormat
from consentcore.domain.secret import digest
from consentcore.oauth.client_auth.credentials import ASSERTION_TYPE
from consentcore.oauth.messages import PageError, Pending
from consentcore.settings import MtlsSettings
from consentcore.testing import factories
from tests.support.client_certificates import certificate
from tests.support.client_keys import ISSUER, claims, signed
from tests.support.proofs import Prover
from tests.support.server_scenario import SECRET

BASE = f"{ISSUER}/ecostruxure/v1/oauth/"
TOKEN, PAR = BASE + "token", BASE + "par"
EC = ECKey.generate_key("P-256", {"kid": "ec"})
ED = OKPKey.generate_key("Ed25519", {"kid": "ed"})
RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
KEYS = json.dumps({"keys": [key.as_dict(private=False) for key in (EC, ED, RSA)]})


def by_server(make_scenario):
    return make_scenario(profile="fapi2"), ""


def by_client(make_scenario):
    return make_scenario(), "fapi2"


@pytest.fixture(params=[by_server, by_client])
def strict(request, make_scenario):
    """A server, and a client of it that is held to the profile by either."""
    scenario, profile = request.param(make_scenario)
    scenario.strict = scenario.add_client(
        "signer", auth_method=AuthMethod.PRIVATE_KEY_JWT, secrets=(), jwks=KEYS, profile=profile
    )
    scenario.prover = Prover()
    return scenario


def assertion(scenario, key=EC, alg="ES256", **changes):
    return {
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": signed(claims(scenario, **changes), key, alg),
    }


def proof(scenario, url=TOKEN, prover=None, **changes):
    return {"dpop": (prover or scenario.prover).proof(url, scenario.clock.now() // 1000, **changes)}


def push(scenario, *, claimed=None, headers=None, **changes):
    wanted = {
        "response_type": "code",
        "scope": "comfort.read",
        "redirect_uri": factories.REDIRECT_URI,
        "code_challenge": scenario.challenge,
        "code_challenge_method": "S256",
        **(claimed or assertion(scenario)),
        **changes,
    }
    form = {name: value for name, value in wanted.items() if value is not None}
    return scenario.post("par", form, auth=None, headers=headers)


def code_of(scenario, **overrides):
    return scenario.code(scenario.strict, code_challenge=scenario.challenge, **overrides)


def exchange(scenario, code=None, *, headers=None, claimed=None, **changes):
    form = {
        "code_verifier": scenario.verifier,
        **(claimed or assertion(scenario)),
        **changes,
    }
    headers = proof(scenario) if headers is None else headers
    return scenario.exchange(code or code_of(scenario), auth=None, headers=headers, **form)


def refresh(scenario, token, *, headers=None, **changes):
    headers = proof(scenario) if headers is None else headers
    return scenario.refresh(token, auth=None, headers=headers, **assertion(scenario), **changes)


def test_98_99_100_whole_way(strict):
    pushed = push(strict)
    assert pushed.status == 201, pushed.raw
    pending = strict.authorize(client_id="signer", request_uri=pushed.json["request_uri"])
    assert isinstance(pending, Pending)
    tokens = exchange(strict)
    assert (tokens.status, tokens.json["token_type"]) == (200, "DPoP")
    assert refresh(strict, tokens.json["refresh_token"]).status == 200


# pushed requests (section 5.3.2.2)


def test_98_request_that_was_not_pushed_is_refused(strict):
    asked = strict.authorize(
        client_id="signer",
        response_type="code",
        redirect_uri=factories.REDIRECT_URI,
        code_challenge=strict.challenge,
        code_challenge_method="S256",
    )
    answer = strict.answered(asked)
    assert (answer["error"], answer["iss"]) == ("invalid_request", ISSUER)
    assert "pushed" in answer["error_description"]


def test_98_pushed_request_names_its_redirect_uri(strict):
    refused = push(strict, redirect_uri=None)
    assert (refused.status, refused.error) == (400, "invalid_request")
    assert refused.json["error_description"].startswith("redirect_uri: expected")


def test_98_redirect_uri_may_be_left_out_where_the_profile_does_not_hold(scenario):
    assert scenario.post("par", {"response_type": "code", "scope": "comfort.read"}).status == 201


def test_98_redirect_uri_is_needed_everywhere_where_several_are_registered(scenario):
    """RFC 6749 section 3.1.2.3."""
    several = ("https://one.example/cb", "https://two.example/cb")
    scenario.update_client(scenario.client, redirect_uris=several)
    refused = scenario.post("par", {"response_type": "code", "scope": "comfort.read"})
    assert (refused.status, refused.error) == (400, "invalid_request")
    assert refused.json["error_description"].startswith("redirect_uri: expected")


def test_98_pushed_request_without_authentication_is_refused(strict):
    claimed = {"client_id": "signer"}
    assert push(strict, claimed=claimed).error == "invalid_client"


@pytest.mark.parametrize("par_ttl_s", [60, 599, 600])
def test_98_pushed_request_lives_less_than_600_seconds(make_scenario, par_ttl_s):
    strict = make_scenario(profile="fapi2", par_ttl_s=par_ttl_s)
    strict.strict = strict.add_client("signer", auth_method=AuthMethod.PRIVATE_KEY_JWT, secrets=(), jwks=KEYS)
    pushed = push(strict)
    assert pushed.json["expires_in"] == min(par_ttl_s, 599) < 600
    strict.clock.advance(599_000)
    late = strict.authorize(client_id="signer", request_uri=pushed.json["request_uri"])
    assert isinstance(late, PageError)


def test_100_pkce_is_demanded(strict):
    refused = push(strict, code_challenge=None, code_challenge_method=None)
    assert (refused.status, refused.error) == (400, "invalid_request")
    plain = push(strict, code_challenge_method="plain")
    assert (plain.status, plain.error) == (400, "invalid_request")


@pytest.mark.parametrize("grant_type", ["password", "implicit", "client_credentials"])
def test_100_no_password_is_exchanged(strict, grant_type):
    form = {"grant_type": grant_type, "username": "u", "password": "p", **assertion(strict)}
    refused = strict.post("token", form, auth=None, headers=proof(strict))
    assert (refused.status, refused.error) == (400, "unsupported_grant_type")


@pytest.mark.parametrize("response_type", ["token", "code id_token", "code token", "id_token"])
def test_100_response_type_is_code(strict, response_type):
    assert push(strict, response_type=response_type).error == "unsupported_response_type"


def test_100_verifier_that_is_missing_is_an_invalid_grant(strict):
    code = code_of(strict)
    refused = exchange(strict, code, code_verifier=None)
    assert (refused.status, refused.error) == (400, "invalid_grant")
    assert exchange(strict, code).status == 200


def test_100_verifier_that_is_missing_is_an_invalid_grant_everywhere(scenario):
    code = scenario.code(code_challenge=scenario.challenge)
    refused = scenario.exchange(code)
    assert (refused.status, refused.error) == (400, "invalid_grant")


def test_100_code_without_a_challenge_is_not_redeemed(strict):
    """One that was given out before the client was held to the profile."""
    code = strict.code(strict.strict)
    assert exchange(strict, code, code_verifier=None).error == "invalid_grant"


# sender-constrained tokens (section 5.3.2.1)


def test_99_token_that_would_be_bound_to_nothing_is_not_given(strict):
    tokens, code = exchange(strict).json, code_of(strict)
    for refused in (exchange(strict, code, headers={}), refresh(strict, tokens["refresh_token"], headers={})):
        assert (refused.status, refused.error) == (400, "invalid_request")
        assert refused.json["error_description"].startswith("DPoP: expected a proof, or a certificate")
    assert exchange(strict, code).status == 200
    assert refresh(strict, tokens["refresh_token"]).status == 200


def test_99_certificate_binds_as_well_as_a_proof(strict):
    shown = certificate()
    tokens = exchange(strict, headers=shown.header).json
    assert tokens["token_type"] == "Bearer"
    told = strict.post("introspect", {"token": tokens["access_token"], **assertion(strict)}, auth=None).json
    assert told["cnf"] == {"x5t#S256": shown.x5t}
    renewed = refresh(strict, tokens["refresh_token"], headers=shown.header)
    assert renewed.json["token_type"] == "Bearer"


def test_99_proof_wins_over_a_certificate_that_only_authenticates(strict):
    shown = certificate(now_s=strict.clock.now() / 1000)
    strict.update_client(strict.strict, auth_method=AuthMethod.SELF_SIGNED_TLS_CLIENT_AUTH, jwks=shown.jwks)
    headers = {**shown.header, **proof(strict)}
    tokens = exchange(strict, headers=headers, claimed={"client_id": "signer"}).json
    assert tokens["token_type"] == "DPoP"


def test_99_client_registered_for_one_kind_gets_that_kind(strict):
    strict.update_client(strict.strict, tls_client_certificate_bound_access_tokens=True)
    assert exchange(strict).error == "invalid_request"
    assert exchange(strict, headers=certificate().header).status == 200
    strict.update_client(
        strict.strict, tls_client_certificate_bound_access_tokens=False, dpop_bound_access_tokens=True
    )
    assert exchange(strict, headers=certificate().header).error == "invalid_request"
    assert exchange(strict).status == 200


def test_99_pushed_request_needs_no_proof_but_may_have_one(strict):
    assert push(strict).status == 201
    assert push(strict, headers=proof(strict, PAR)).status == 201
    assert push(strict, dpop_jkt=strict.prover.jkt).status == 201
    refused = push(strict, headers=proof(strict, PAR), dpop_jkt=Prover().jkt)
    assert (refused.status, refused.error) == (400, "invalid_request")


def test_99_code_of_another_key_is_not_redeemed(strict):
    code = code_of(strict, confirmation=f"jkt:{strict.prover.jkt}")
    assert exchange(strict, code, headers=proof(strict, prover=Prover())).error == "invalid_grant"
    assert exchange(strict, code, headers={}).error == "invalid_request"
    assert exchange(strict, code).status == 200


def test_99_jwt_access_token_is_bound_too(strict):
    strict.update_client(strict.strict, access_token_format=TokenFormat.JWT)
    assert exchange(strict).json["token_type"] == "DPoP"


def test_99_refresh_token_stays_the_same(strict):
    """Section 5.3.2.1 clause 9: no rotation; each access token is another one."""
    tokens = exchange(strict).json
    seen = {tokens["access_token"]}
    for _ in range(3):
        renewed = refresh(strict, tokens["refresh_token"])
        assert renewed.json["refresh_token"] == tokens["refresh_token"]
        seen.add(renewed.json["access_token"])
        strict.clock.advance(120_000)  # there is no grace that could end
    assert len(seen) == 4
    assert strict.alarms == []


def test_99_jwts_come_of_the_same_refresh_token_too(strict):
    strict.update_client(strict.strict, access_token_format=TokenFormat.JWT)
    tokens = exchange(strict).json
    for _ in range(2):
        renewed = refresh(strict, tokens["refresh_token"]).json
        assert renewed["refresh_token"] == tokens["refresh_token"]
        assert renewed["access_token"].count(".") == 2


def test_99_refresh_token_ends_in_time_though_it_is_used(strict):
    tokens = exchange(strict).json
    strict.clock.advance(86_399_000)
    assert refresh(strict, tokens["refresh_token"]).status == 200
    strict.clock.advance(1000)
    assert refresh(strict, tokens["refresh_token"]).error == "invalid_grant"


def test_99_refresh_token_is_its_client_s_alone(strict):
    other = strict.add_client(
        "other", auth_method=AuthMethod.PRIVATE_KEY_JWT, secrets=(), jwks=KEYS, profile="fapi2"
    )
    tokens = exchange(strict).json
    claimed = assertion(strict, iss=other.client_id, sub=other.client_id)
    refused = strict.refresh(tokens["refresh_token"], auth=None, headers=proof(strict), **claimed)
    assert refused.error == "invalid_grant"
    assert refresh(strict, tokens["refresh_token"]).status == 200


def test_99_where_the_profile_does_not_hold_refresh_tokens_rotate(scenario):
    tokens = scenario.tokens()
    assert scenario.refresh(tokens["refresh_token"]).json["refresh_token"] != tokens["refresh_token"]


def test_99_revoked_refresh_token_is_over(strict):
    tokens = exchange(strict).json
    form = {"token": tokens["refresh_token"], **assertion(strict)}
    assert strict.post("revoke", form, auth=None).status == 200
    assert refresh(strict, tokens["refresh_token"]).error == "invalid_grant"


# client authentication (sections 5.3.2.1 and 5.4.1)


@pytest.mark.parametrize(
    "changes", [{"aud": TOKEN}, {"aud": PAR}, {"aud": [ISSUER]}, {"aud": [ISSUER, TOKEN]}]
)
def test_99_assertion_is_for_the_issuer_as_a_text(strict, changes):
    assert push(strict, claimed=assertion(strict, **changes)).error == "invalid_client"
    assert exchange(strict, claimed=assertion(strict, **changes)).error == "invalid_client"


def test_99_registered_audience_counts_less_than_the_profile(strict):
    strict.update_client(strict.strict, assertion_audience="endpoint")
    assert push(strict, claimed=assertion(strict, aud=PAR)).error == "invalid_client"


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("alg", ["ES256", "EdDSA", "Ed25519", "PS256"])
def test_99_algorithms_of_the_profile_are_accepted(strict, alg):
    key = {"ES256": EC, "PS256": RSA}.get(alg, ED)
    assert push(strict, claimed=assertion(strict, key, alg)).status == 201


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_99_rs256_is_refused(strict):
    assert push(strict, claimed=assertion(strict, RSA, "RS256")).error == "invalid_client"


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_99_rs256_is_accepted_where_the_profile_does_not_hold(scenario):
    scenario.add_client("signer", auth_method=AuthMethod.PRIVATE_KEY_JWT, secrets=(), jwks=KEYS)
    claimed = assertion(scenario, RSA, "RS256")
    assert scenario.post("introspect", {"token": "x", **claimed}, auth=None).status == 200


@pytest.mark.parametrize(
    "method", [AuthMethod.SECRET, AuthMethod.SECRET_BASIC, AuthMethod.SECRET_POST, AuthMethod.NONE]
)
def test_99_no_other_method_gets_in(strict, method):
    """However it has come about: registrations are held to that, and settings change."""
    secrets = () if method is AuthMethod.NONE else factories.client().secrets
    strict.add_client("weak", auth_method=method, secrets=secrets, profile="fapi2")
    form = {"response_type": "code", "client_id": "weak"}
    if method is AuthMethod.NONE:
        answer = strict.post("par", form, auth=None)
    elif method is AuthMethod.SECRET_POST:
        answer = strict.post("par", {**form, "client_secret": SECRET}, auth=None)
    else:
        answer = strict.post("par", form, auth=("weak", SECRET))
    assert (answer.status, answer.error) == (401, "invalid_client")


def test_99_public_client_reaches_no_consent_page(strict):
    strict.add_client("public", public=True, profile="fapi2")
    asked = strict.authorize(
        client_id="public",
        response_type="code",
        code_challenge=strict.challenge,
        code_challenge_method="S256",
    )
    assert strict.answered(asked)["error"] == "invalid_request"


def test_99_client_that_shows_a_certificate_gets_in(strict):
    shown = certificate(now_s=strict.clock.now() / 1000)
    strict.update_client(strict.strict, auth_method=AuthMethod.SELF_SIGNED_TLS_CLIENT_AUTH, jwks=shown.jwks)
    claimed = {"client_id": "signer"}
    assert push(strict, claimed=claimed, headers=shown.header).status == 201
    tokens = exchange(strict, headers=shown.header, claimed=claimed).json
    assert tokens["token_type"] == "Bearer"
    assert exchange(strict, headers={}, claimed=claimed).error == "invalid_client"


def test_99_api_may_ask_with_its_secret(strict):
    """The profile says nothing of how an API asks about tokens."""
    strict.add_resource_server("api")
    tokens = exchange(strict).json
    assert strict.introspect(tokens["access_token"], ("api", SECRET))["active"] is True
    assert strict.storage.protocol.read_authorize("api", None, 0).client.kind is ClientKind.RESOURCE_SERVER


# lifetimes, answers, metadata


@pytest.mark.parametrize(("code_ttl_s", "life_s"), [(10, 10), (60, 60), (600, 60)])
def test_100_code_is_good_for_a_minute_at_most(make_scenario, code_ttl_s, life_s):
    strict = make_scenario(profile="fapi2", code_ttl_s=code_ttl_s)
    strict.strict = strict.add_client("signer", auth_method=AuthMethod.PRIVATE_KEY_JWT, secrets=(), jwks=KEYS)
    strict.prover = Prover()
    now = strict.clock.now()
    first, second = (code_of(strict, expires_at=now + code_ttl_s * 1000) for _ in range(2))
    strict.clock.advance(life_s * 1000 - 1)
    assert exchange(strict, first).status == 200
    strict.clock.advance(1)
    assert exchange(strict, second).error == "invalid_grant"


def test_100_code_that_was_used_is_refused_and_ends_what_came_of_it(strict):
    code = code_of(strict)
    tokens = exchange(strict, code).json
    assert exchange(strict, code).error == "invalid_grant"
    assert refresh(strict, tokens["refresh_token"]).error == "invalid_grant"


@pytest.mark.parametrize(("ahead_s", "status"), [(0, 201), (10, 201), (61, 401)])
def test_100_clocks_may_differ_a_little(strict, ahead_s, status):
    ahead = strict.clock.now() // 1000 + ahead_s
    for name in ("iat", "nbf"):
        assert push(strict, claimed=assertion(strict, **{name: ahead})).status == status
    proven = proof(strict, PAR, iat=ahead)
    assert push(strict, headers=proven).status == (status if status == 201 else 400)


def test_100_answers_name_the_issuer(strict):
    pushed = push(strict).json["request_uri"]
    pending = strict.authorize(client_id="signer", request_uri=pushed)
    for url in (
        strict.server.authorization.success_url(pending.request, "c"),
        strict.server.authorization.error_url(pending.request, "access_denied", ""),
    ):
        assert "iss=https" in urlsplit(url).query


def test_100_secrets_have_128_bits_and_more(strict):
    for token in exchange(strict).pair:
        assert len(token) >= 22 + len("cca_")
        assert strict.storage.protocol.find_token("signer", digest(token)).token is not None


def test_98_99_100_metadata_says_what_holds(make_scenario, tmp_path):
    strict = make_scenario(profile="fapi2")
    said = strict.server.metadata()
    assert said["require_pushed_authorization_requests"] is True
    assert said["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    for name in ("token", "revocation"):
        assert "RS256" not in said[f"{name}_endpoint_auth_signing_alg_values_supported"]
    assert "client_secret_basic" in said["introspection_endpoint_auth_methods_supported"]
    assert said["authorization_response_iss_parameter_supported"] is True
    assert "RS256" not in said["dpop_signing_alg_values_supported"]
    strict.settings = replace(strict.settings, mtls=MtlsSettings(certificate_header="nginx"))
    with_certificates = strict.make_server().metadata()
    methods = with_certificates["token_endpoint_auth_methods_supported"]
    assert methods == ["private_key_jwt", "self_signed_tls_client_auth"]


def test_98_99_100_client_of_its_own_changes_nothing_for_others(make_scenario):
    scenario = make_scenario()
    scenario.add_client(
        "signer", auth_method=AuthMethod.PRIVATE_KEY_JWT, secrets=(), jwks=KEYS, profile="fapi2"
    )
    assert "none" in scenario.server.metadata()["token_endpoint_auth_methods_supported"]
    assert scenario.tokens()["token_type"] == "Bearer"
