"""Tokens that are bound to the certificate that a client shows with TLS (RFC 8705 section 3)."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from dataclasses import replace

import pytest

from consentcore.api import TokenFormat
from consentcore.domain.secret import digest
from consentcore.settings import MtlsSettings
from tests.support.client_certificates import certificate
from tests.support.proofs import Prover

BASE = "https://consent.example/ecostruxure/v1/oauth/"
TOKEN, PAR = BASE + "token", BASE + "par"
SHOWN, OTHER = certificate(), certificate()


@pytest.fixture
def bound(scenario):
    """Its client gets tokens that are bound to its certificate."""
    scenario.update_client(scenario.client, tls_client_certificate_bound_access_tokens=True)
    return scenario


def exchanged(scenario, shown=SHOWN, **more):
    return scenario.exchange(more.pop("code", None) or scenario.code(), headers=shown.header, **more)


def stored(scenario, token, client_id="app"):
    return scenario.storage.protocol.find_token(client_id, digest(token)).token


def test_99_token_is_bound_to_the_certificate(bound):
    """Section 3.2; it is a bearer token that needs one thing more."""
    tokens = exchanged(bound).json
    assert tokens["token_type"] == "Bearer"
    told = bound.introspect(tokens["access_token"])
    assert (told["active"], told["token_type"], told["cnf"]) == (True, "Bearer", {"x5t#S256": SHOWN.x5t})


def test_99_both_ways_of_proxies_bind_to_the_same(bound):
    tokens = bound.exchange(bound.code(), headers={"client-certificate": SHOWN.escaped}).json
    assert bound.introspect(tokens["access_token"])["cnf"] == {"x5t#S256": SHOWN.x5t}


def test_99_jwt_names_the_certificate(bound):
    """Section 3.1."""
    bound.update_client(
        bound.client,
        access_token_format=TokenFormat.JWT,
        tls_client_certificate_bound_access_tokens=True,
    )
    claims = exchanged(bound).json["access_token"].split(".")[1]
    assert json.loads(urlsafe_b64decode(claims + "=="))["cnf"] == {"x5t#S256": SHOWN.x5t}


def test_99_client_that_is_not_registered_for_it_is_not_bound(scenario):
    tokens = exchanged(scenario).json
    assert "cnf" not in scenario.introspect(tokens["access_token"])


def test_99_without_a_certificate_there_is_no_token(bound):
    first = exchanged(bound).json
    code = bound.code()
    for refused in (bound.exchange(code), bound.refresh(first["refresh_token"])):
        assert (refused.status, refused.error) == (400, "invalid_request")
        assert "certificate" in refused.json["error_description"]
    assert exchanged(bound, code=code).status == 200
    assert bound.refresh(first["refresh_token"], headers=SHOWN.header).status == 200


@pytest.mark.parametrize("told", ["x", ":AAA:", "::"])
def test_99_certificate_that_cannot_be_read_changes_nothing(bound, told):
    code = bound.code()
    refused = bound.exchange(code, headers={"client-certificate": told})
    assert (refused.status, refused.error) == (400, "invalid_request")
    assert exchanged(bound, code=code).status == 200


def test_99_refresh_of_a_confidential_client_takes_its_new_certificate(bound):
    """Section 6.3: certificates run out, and what a refresh token is bound to is the client."""
    first = exchanged(bound).json
    assert stored(bound, first["refresh_token"]).confirmation == ""
    renewed = bound.refresh(first["refresh_token"], headers=OTHER.header).json
    assert bound.introspect(renewed["access_token"])["cnf"] == {"x5t#S256": OTHER.x5t}


@pytest.fixture
def public(scenario):
    client = scenario.add_client("public", public=True, tls_client_certificate_bound_access_tokens=True)
    code = scenario.code(client, code_challenge=scenario.challenge)
    ask = {"auth": None, "client_id": "public"}
    first = exchanged(scenario, code=code, code_verifier=scenario.verifier, **ask).json
    return client, first["refresh_token"], ask


def test_99_refresh_of_a_public_client_takes_its_certificate_only(scenario, public):
    """Sections 4 and 7.1: through every rotation."""
    _, token, ask = public
    for _ in range(2):
        assert scenario.refresh(token, headers=OTHER.header, **ask).error == "invalid_grant"
        assert scenario.refresh(token, **ask).error == "invalid_request"
        token = scenario.refresh(token, headers=SHOWN.header, **ask).json["refresh_token"]
    assert stored(scenario, token, "public").confirmation == f"x5t#S256:{SHOWN.x5t}"


def test_99_refresh_token_stays_bound_when_its_client_is_no_longer_registered_for_it(scenario, public):
    client, token, ask = public
    scenario.update_client(client, tls_client_certificate_bound_access_tokens=False)
    assert scenario.refresh(token, **ask).error == "invalid_request"
    assert scenario.refresh(token, headers=OTHER.header, **ask).error == "invalid_grant"
    assert scenario.refresh(token, headers=SHOWN.header, **ask).status == 200


def test_99_answer_that_was_lost_is_told_again_to_the_same_certificate(bound):
    first = exchanged(bound).json
    renewed = bound.refresh(first["refresh_token"], headers=SHOWN.header).json
    again = bound.refresh(first["refresh_token"], headers=SHOWN.header).json
    assert again["access_token"] == renewed["access_token"]
    elsewhere = bound.refresh(first["refresh_token"], headers=OTHER.header).json
    assert elsewhere["access_token"] != renewed["access_token"]
    assert bound.introspect(elsewhere["access_token"])["cnf"] == {"x5t#S256": OTHER.x5t}


# not both kinds at once


def proof(scenario, url=TOKEN):
    return {"dpop": Prover().proof(url, scenario.clock.now() // 1000)}


def test_99_proof_of_another_kind_is_refused(bound):
    code = bound.code()
    refused = bound.exchange(code, headers={**SHOWN.header, **proof(bound)})
    assert (refused.status, refused.error) == (400, "invalid_request")
    assert refused.json["error_description"].startswith("DPoP: expected none")
    assert exchanged(bound, code=code).status == 200


def push(scenario, headers=None, **changes):
    return scenario.post(
        "par", {"response_type": "code", "scope": "comfort.read", **changes}, headers=headers
    )


def test_99_pushed_request_is_bound_to_no_key_that_the_token_endpoint_would_refuse(bound):
    for refused in (push(bound, proof(bound, PAR)), push(bound, dpop_jkt=Prover().jkt)):
        assert (refused.status, refused.error) == (400, "invalid_request")
    assert push(bound, SHOWN.header).status == 201
    assert push(bound).status == 201


def test_99_authorization_request_is_bound_to_no_key_either(bound):
    asked = bound.authorize(client_id="app", response_type="code", dpop_jkt=Prover().jkt)
    assert bound.answered(asked)["error"] == "invalid_request"


def test_99_code_of_a_key_is_not_redeemed_with_a_certificate(bound):
    code = bound.code(confirmation=f"jkt:{Prover().jkt}")
    assert exchanged(bound, code=code).error == "invalid_grant"


def test_99_client_that_proves_keys_may_show_a_certificate_for_nothing(scenario):
    tokens = scenario.exchange(scenario.code(), headers={**SHOWN.header, **proof(scenario)}).json
    assert (tokens["token_type"], list(scenario.introspect(tokens["access_token"])["cnf"])) == (
        "DPoP",
        ["jkt"],
    )


def test_99_proof_names_the_address_where_certificates_are_asked_for(scenario):
    """RFC 8705 section 5: it is the same endpoint."""
    mtls = MtlsSettings(certificate_header="nginx", url="https://mtls.example")
    scenario.settings = replace(scenario.settings, mtls=mtls)
    scenario.server = scenario.make_server()
    alias = TOKEN.replace("consent.example", "mtls.example")
    for url, status in ((TOKEN, 200), (alias, 200), (TOKEN.replace("consent.", "other."), 400)):
        assert scenario.exchange(scenario.code(), headers=proof(scenario, url)).status == status
