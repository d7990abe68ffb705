"""DPoP at the token endpoint and for pushed requests (RFC 9449), by requirement 99 of the security checklist."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode

import pytest

from consentcore.api import AuthMethod, ClientKind, TokenFormat
from consentcore.domain.clock import SECOND
from consentcore.domain.secret import digest
from consentcore.jose.dpop import AHEAD_S
from consentcore.oauth.messages import PageError, Pending
from consentcore.oauth.token_binding import NONCE_LIFE_MS, is_nonce, new_nonce
from consentcore.testing import fixed_keys
from tests.support.proofs import Prover

BASE = "https://consent.example/ecostruxure/v1/oauth/"
TOKEN, PAR = BASE + "token", BASE + "par"
SECRET = "factories-client-secret"
CALLBACK = {"client_id": "app", "response_type": "code"}


@pytest.fixture
def prover():
    return Prover()


@pytest.fixture
def public(scenario):
    """A public client, and how it asks."""
    return scenario.add_client("public", public=True)


def proven(scenario, prover, url=TOKEN, **changes):
    return {"dpop": prover.proof(url, scenario.clock.now() // 1000, **changes)}


def exchanged(scenario, prover, *, code=None, **changes):
    return scenario.exchange(code or scenario.code(), headers=proven(scenario, prover, **changes))


def claims_of(jwt):
    return json.loads(urlsafe_b64decode(jwt.split(".")[1] + "=="))


def stored(scenario, token):
    return scenario.storage.protocol.find_token("app", digest(token)).token


def test_99_token_is_bound_to_the_key_of_the_proof(scenario, prover):
    """Sections 5 and 6.2."""
    answer = exchanged(scenario, prover)
    assert (answer.status, answer.json["token_type"]) == (200, "DPoP")
    scenario.add_resource_server("api")
    for auth in (("app", SECRET), ("api", SECRET)):
        told = scenario.introspect(answer.json["access_token"], auth)
        assert (told["active"], told["token_type"], told["cnf"]) == (True, "DPoP", {"jkt": prover.jkt})


def test_99_without_a_proof_nothing_is_bound(scenario):
    tokens = scenario.tokens()
    assert tokens["token_type"] == "Bearer"
    assert "cnf" not in scenario.introspect(tokens["access_token"])


def test_99_jwt_names_the_key(scenario, prover):
    """Section 6.1."""
    scenario.update_client(scenario.client, access_token_format=TokenFormat.JWT)
    claims = claims_of(exchanged(scenario, prover).json["access_token"])
    assert claims["cnf"] == {"jkt": prover.jkt}
    assert "cnf" not in claims_of(scenario.tokens()["access_token"])


@pytest.mark.parametrize("alg", ["ES256", "EdDSA", "PS256"])
def test_99_each_algorithm_of_the_metadata_is_accepted(scenario, alg):
    assert exchanged(scenario, Prover(alg)).status == 200
    assert alg in scenario.server.metadata()["dpop_signing_alg_values_supported"]


@pytest.mark.parametrize(
    "changes", [{"htm": "GET"}, {"htu": PAR}, {"jti": None}, {"iat": 0}, {"iat": None}, {"htu": "x"}]
)
def test_99_bad_proof_is_refused_and_the_code_is_still_good(scenario, prover, changes):
    code = scenario.code()
    refused = exchanged(scenario, prover, code=code, **changes)
    assert (refused.status, refused.error) == (400, "invalid_dpop_proof")
    assert next(iter(changes)) in refused.json["error_description"]
    assert exchanged(scenario, prover, code=code).status == 200


@pytest.mark.parametrize("header", ["", "x", "a.b.c", "a.b.c, d.e.f", "é", "x" * 10_000])
def test_99_what_is_no_proof_is_refused(scenario, header):
    refused = scenario.exchange(scenario.code(), headers={"dpop": header})
    assert (refused.status, refused.error) == (400, "invalid_dpop_proof")


def test_99_proof_is_good_once(scenario, prover):
    """Section 11.1; whatever it was used for, and by whatever token."""
    headers = proven(scenario, prover)
    first = scenario.exchange(scenario.code(), headers=headers)
    assert first.status == 200
    code = scenario.code()
    for again in (
        scenario.exchange(code, headers=headers),
        scenario.refresh(first.json["refresh_token"], headers=headers),
    ):
        assert (again.status, again.error) == (400, "invalid_dpop_proof")
    assert exchanged(scenario, prover, code=code).status == 200


def test_99_same_name_of_another_key_is_another_proof(scenario, prover):
    assert exchanged(scenario, prover, jti="one").status == 200
    assert exchanged(scenario, Prover(), jti="one").status == 200
    assert exchanged(scenario, prover, jti="one").error == "invalid_dpop_proof"


def test_99_refresh_of_a_confidential_client_takes_any_key(scenario, prover):
    """Section 5: it is bound to the client's own credentials; each access token to the key of its request."""
    first, other = exchanged(scenario, prover).json, Prover()
    renewed = scenario.refresh(first["refresh_token"], headers=proven(scenario, other))
    assert renewed.json["token_type"] == "DPoP"
    assert scenario.introspect(renewed.json["access_token"])["cnf"] == {"jkt": other.jkt}
    plain = scenario.refresh(renewed.json["refresh_token"])
    assert (plain.status, plain.json["token_type"]) == (200, "Bearer")


def test_99_refresh_of_a_public_client_takes_its_key_only(scenario, prover, public):
    """Section 5: bound, through every rotation."""
    code = scenario.code(public, code_challenge=scenario.challenge)
    ask = {"auth": None, "client_id": "public"}
    first = scenario.exchange(
        code, code_verifier=scenario.verifier, headers=proven(scenario, prover), **ask
    ).json
    token = first["refresh_token"]
    for headers in (None, proven(scenario, Prover())):
        assert scenario.refresh(token, headers=headers, **ask).error == "invalid_grant"
    for _ in range(3):
        token = scenario.refresh(token, headers=proven(scenario, prover), **ask).json["refresh_token"]
        assert scenario.refresh(token, **ask).error == "invalid_grant"


def test_99_public_client_may_begin_with_proofs_later(scenario, prover, public):
    code = scenario.code(public, code_challenge=scenario.challenge)
    ask = {"auth": None, "client_id": "public"}
    token = scenario.exchange(code, code_verifier=scenario.verifier, **ask).json["refresh_token"]
    renewed = scenario.refresh(token, headers=proven(scenario, prover), **ask).json
    assert scenario.refresh(renewed["refresh_token"], **ask).error == "invalid_grant"
    assert scenario.refresh(renewed["refresh_token"], headers=proven(scenario, prover), **ask).status == 200


def test_99_answer_that_was_lost_is_told_again_to_the_same_key(scenario, prover):
    first = exchanged(scenario, prover).json
    renewed = scenario.refresh(first["refresh_token"], headers=proven(scenario, prover)).json
    again = scenario.refresh(first["refresh_token"], headers=proven(scenario, prover)).json
    assert (again["access_token"], again["token_type"]) == (renewed["access_token"], "DPoP")
    other = Prover()
    elsewhere = scenario.refresh(first["refresh_token"], headers=proven(scenario, other)).json
    assert elsewhere["access_token"] != renewed["access_token"]
    assert elsewhere["refresh_token"] == renewed["refresh_token"]
    assert scenario.introspect(elsewhere["access_token"])["cnf"] == {"jkt": other.jkt}


def test_99_proof_is_good_once_within_the_grace_too(scenario, prover):
    """Section 11.1: whoever has seen a whole request gets nothing for it, and a proof that was told the answer again
    gets nothing else."""
    first = exchanged(scenario, prover).json["refresh_token"]
    headers, others = proven(scenario, prover), proven(scenario, prover)
    renewed = scenario.refresh(first, headers=headers).json
    assert scenario.refresh(first, headers=headers).error == "invalid_dpop_proof"
    again = scenario.refresh(first, headers=others)
    assert again.json["access_token"] == renewed["access_token"]
    for token in (first, renewed["refresh_token"]):
        assert scenario.refresh(token, headers=others).error == "invalid_dpop_proof"
    assert scenario.refresh(renewed["refresh_token"], headers=proven(scenario, prover)).status == 200


def test_99_proof_whose_request_comes_twice_at_once_is_good_once(scenario, prover, monkeypatch):
    """Both found the token good; the verb then tells the second one that it was exchanged."""
    first, headers = exchanged(scenario, prover).json["refresh_token"], proven(scenario, prover)
    look_up = type(scenario.storage.protocol).find_token
    found = scenario.storage.protocol.find_token("app", digest(first))
    assert scenario.refresh(first, headers=headers).status == 200
    monkeypatch.setattr(type(scenario.storage.protocol), "find_token", lambda *_: found)
    assert scenario.refresh(first, headers=headers).error == "invalid_dpop_proof"
    monkeypatch.setattr(type(scenario.storage.protocol), "find_token", look_up)
    assert scenario.refresh(first, headers=proven(scenario, prover)).status == 200


def test_99_client_that_must_prove_a_key_gets_nothing_without(scenario, prover):
    """Section 5.2."""
    first = exchanged(scenario, prover).json
    scenario.update_client(scenario.client, dpop_bound_access_tokens=True)
    code = scenario.code()
    for refused in (scenario.exchange(code), scenario.refresh(first["refresh_token"])):
        assert (refused.status, refused.error) == (400, "invalid_request")
        assert refused.json["error_description"].startswith("DPoP: expected a proof")
    assert exchanged(scenario, prover, code=code).json["token_type"] == "DPoP"


def test_99_failed_authentication_is_said_before_anything_of_the_proof(scenario, prover):
    bad = {"dpop": "x"}
    assert scenario.exchange(scenario.code(), auth=("app", "wrong"), headers=bad).error == "invalid_client"


# the key is fixed by the authorization request (section 10)


def code_of(scenario, pending):
    return scenario.code(confirmation=pending.request.confirmation)


def test_99_code_is_bound_to_dpop_jkt(scenario, prover):
    code = code_of(scenario, scenario.pending(dpop_jkt=prover.jkt))
    for refused in (scenario.exchange(code), exchanged(scenario, Prover(), code=code)):
        assert (refused.status, refused.error) == (400, "invalid_grant")
    assert exchanged(scenario, prover, code=code).status == 200


@pytest.mark.parametrize("wrong", ["x", "a" * 42, "a" * 44, "!" * 43, "a" * 42 + "="])
def test_99_dpop_jkt_that_is_no_thumbprint_is_refused(scenario, wrong):
    answer = scenario.answered(scenario.authorize(**CALLBACK, dpop_jkt=wrong))
    assert (answer["error"], "dpop_jkt" in answer["error_description"]) == ("invalid_request", True)


def push(scenario, headers=None, **changes):
    return scenario.post(
        "par", {"response_type": "code", "scope": "comfort.read", **changes}, headers=headers
    )


def opened(scenario, pushed):
    return scenario.authorize(client_id="app", request_uri=pushed.json["request_uri"])


def test_99_pushed_request_is_bound_by_its_proof(scenario, prover):
    """Section 10.1."""
    pushed = push(scenario, proven(scenario, prover, PAR))
    pending = opened(scenario, pushed)
    assert isinstance(pending, Pending)
    assert pending.request.confirmation == f"jkt:{prover.jkt}"
    by_name = opened(scenario, push(scenario, dpop_jkt=prover.jkt))
    assert by_name.request.confirmation == f"jkt:{prover.jkt}"
    both = push(scenario, proven(scenario, prover, PAR), dpop_jkt=prover.jkt)
    assert both.status == 201


def test_99_pushed_request_whose_proof_and_parameter_differ_is_refused(scenario, prover):
    refused = push(scenario, proven(scenario, prover, PAR), dpop_jkt=Prover().jkt)
    assert (refused.status, refused.error) == (400, "invalid_request")


def test_99_pushed_request_with_a_bad_or_used_proof_is_refused(scenario, prover):
    for headers in ({"dpop": "x"}, proven(scenario, prover, TOKEN), proven(scenario, prover, PAR, iat=0)):
        refused = push(scenario, headers)
        assert (refused.status, refused.error) == (400, "invalid_dpop_proof")
    headers = proven(scenario, prover, PAR)
    assert push(scenario, headers).status == 201
    assert push(scenario, headers).error == "invalid_dpop_proof"


def test_99_nothing_outside_the_pushed_request_changes_its_key(scenario, prover):
    pushed = push(scenario, proven(scenario, prover, PAR))
    found = scenario.authorize(client_id="app", request_uri=pushed.json["request_uri"], dpop_jkt=Prover().jkt)
    assert isinstance(found, PageError) or found.request.confirmation == f"jkt:{prover.jkt}"


def test_99_client_that_must_prove_a_key_may_push_without_and_proves_it_later(scenario, prover):
    scenario.update_client(scenario.client, dpop_bound_access_tokens=True)
    assert push(scenario).status == 201


# nonces of the server (section 8)


@pytest.fixture
def wary(make_scenario):
    return make_scenario(dpop_nonce=True)


def test_99_nonce_is_told_and_demanded(wary, prover):
    code = wary.code()
    refused = exchanged(wary, prover, code=code)
    assert (refused.status, refused.error) == (400, "use_dpop_nonce")
    nonce = refused.headers["DPoP-Nonce"]
    answer = exchanged(wary, prover, code=code, nonce=nonce)
    assert answer.status == 200
    # section 8.2: the next one comes with the answer
    renewed = wary.refresh(
        answer.json["refresh_token"], headers=proven(wary, prover, nonce=answer.headers["DPoP-Nonce"])
    )
    assert renewed.status == 200
    pushed = push(wary, proven(wary, prover, PAR, nonce=nonce))
    assert (pushed.status, bool(pushed.headers["DPoP-Nonce"])) == (201, True)


@pytest.mark.parametrize("wrong", ["", "x", "é", "A" * 44, "AAAA", None])
def test_99_nonce_that_was_never_told_is_refused(wary, prover, wrong):
    assert exchanged(wary, prover, nonce=wrong).error == "use_dpop_nonce"


def test_99_nonce_counts_as_it_was_told(wary, prover):
    nonce = exchanged(wary, prover).headers["DPoP-Nonce"]
    for changed in (nonce * 2, nonce + "A", nonce.rstrip("="), nonce + "\n"):
        assert exchanged(wary, prover, nonce=changed).error == "use_dpop_nonce"
    assert exchanged(wary, prover, nonce=nonce).status == 200


def test_99_nonce_grows_old(wary, prover):
    nonce = exchanged(wary, prover).headers["DPoP-Nonce"]
    wary.clock.advance(NONCE_LIFE_MS)
    assert exchanged(wary, prover, nonce=nonce).status == 200
    wary.clock.advance(1)
    assert exchanged(wary, prover, nonce=nonce).error == "use_dpop_nonce"


def test_nonce_of_a_node_whose_clock_is_ahead_is_taken():
    keys, now = fixed_keys(), 1_795_000_000_000
    assert is_nonce(keys, new_nonce(keys, now + AHEAD_S * SECOND), now)
    assert not is_nonce(keys, new_nonce(keys, now + AHEAD_S * SECOND + 1), now)


def test_99_without_the_setting_no_nonce_is_told(scenario, prover):
    assert "DPoP-Nonce" not in exchanged(scenario, prover).headers


def test_99_wrong_proof_is_said_before_its_nonce(wary, prover):
    assert exchanged(wary, prover, htm="GET").error == "invalid_dpop_proof"


def test_99_resource_server_registers_no_such_thing(scenario):
    api = scenario.add_resource_server("api")
    assert (api.kind, api.auth_method) == (ClientKind.RESOURCE_SERVER, AuthMethod.SECRET)
    assert api.dpop_bound_access_tokens is False


def test_99_stored_refresh_token_of_a_confidential_client_names_no_key(scenario, prover):
    tokens = exchanged(scenario, prover).json
    assert stored(scenario, tokens["access_token"]).confirmation == f"jkt:{prover.jkt}"
    assert stored(scenario, tokens["refresh_token"]).confirmation == ""
