"""Tokens bound to a key, from the authorization request over the consent page to the API (RFC 9449)."""

from __future__ import annotations

import pytest

from tests.support.platform import (
    ISSUER,
    PREFIX,
    Request,
    answer,
    exchange,
    introspect,
    sign_in,
    to_consent_page,
)
from tests.support.proofs import Prover

TOKEN = f"{ISSUER}{PREFIX}/token"


@pytest.fixture
def prover():
    return Prover()


def ask(platform, prover, body, *, path="token", **changes):
    now_s = platform.runtime.clock.now() // 1000
    headers = {"DPoP": prover.proof(f"{ISSUER}{PREFIX}/{path}", now_s, **changes)}
    credentials = {"client_id": "coolsite", "client_secret": platform.secrets["coolsite"]}
    return platform.browser().post(
        f"{PREFIX}/{path}", {**credentials, **body}, headers=headers, expect_errors=True
    )


def code_body(request, code):
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": request.redirect_uri,
        "code_verifier": request.verifier,
    }


def test_99_key_of_the_request_goes_through_the_consent_page(platform, prover):
    request = Request(extra={"dpop_jkt": prover.jkt})
    _, page = to_consent_page(platform, request)
    code = answer(page, "approve")["code"]
    assert exchange(platform, request, code).json["error"] == "invalid_grant"
    stolen = ask(platform, Prover(), code_body(request, code))
    assert (stolen.status_int, stolen.json["error"]) == (400, "invalid_grant")
    tokens = ask(platform, prover, code_body(request, code)).json
    assert tokens["token_type"] == "DPoP"
    assert introspect(platform, tokens["access_token"])["cnf"] == {"jkt": prover.jkt}


def test_99_key_of_a_pushed_request_goes_through_a_remembered_consent(platform, prover):
    request = Request()
    browser, page = to_consent_page(platform, request)
    answer(page, "approve")
    asked = {
        "response_type": "code",
        "redirect_uri": request.redirect_uri,
        "scope": request.scope,
        "code_challenge": Request(verifier=request.verifier).url.split("code_challenge=")[1].split("&")[0],
        "code_challenge_method": "S256",
    }
    pushed = ask(platform, prover, asked, path="par").json
    found = browser.get(
        f"{PREFIX}/authorize", {"client_id": "coolsite", "request_uri": pushed["request_uri"]}
    )
    code = found.location.split("code=")[1].split("&")[0]
    assert exchange(platform, request, code).json["error"] == "invalid_grant"
    assert ask(platform, prover, code_body(request, code)).json["token_type"] == "DPoP"


def test_99_proof_that_names_where_the_server_listens_is_refused(platform, prover):
    """What a client has to name is the address of the metadata, not that behind the proxy."""
    request = Request()
    browser = platform.browser()
    page = sign_in(browser, browser.get(request.url).follow())
    code = answer(page, "approve")["code"]
    body = code_body(request, code)
    refused = ask(platform, prover, body, htu=f"http://127.0.0.1:8080{PREFIX}/token")
    assert (refused.status_int, refused.json["error"]) == (400, "invalid_dpop_proof")
    assert "htu" in refused.json["error_description"]
    assert ask(platform, prover, body).status_int == 200


def test_99_wrong_method_and_wrong_type_are_answered_before_any_proof(platform, prover):
    headers = {"DPoP": prover.proof(TOKEN, platform.runtime.clock.now() // 1000)}
    assert platform.browser().get(f"{PREFIX}/token", headers=headers, expect_errors=True).status_int == 405
