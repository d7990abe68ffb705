"""JWT access tokens for chosen resources, from the consent page to the API that verifies them."""

from __future__ import annotations

import pytest

from consentcore.api import ClientKind, TokenFormat
from consentcore.demo.serving import Site, base_url, bind
from consentcore.resource import JwtVerifier, Refused
from tests.support.platform import (
    ISSUER,
    PREFIX,
    Request,
    answer,
    connect,
    exchange,
    introspect,
    refresh,
    sign_in,
    to_consent_page,
)

METERS, SITES = "https://api.example/meters", "https://api.example/sites"


@pytest.fixture
def jwts(platform):
    """An application with JWTs for two resources."""
    platform.add_client("signed", access_token_format=TokenFormat.JWT, audiences=(METERS, SITES))
    return platform


@pytest.fixture
def verifier(jwts):
    """Verifies tokens for one of them, with the keys that the platform really serves."""
    with bind("127.0.0.1", 0) as sock:
        site = Site(sock, jwts.app)
        made = JwtVerifier(ISSUER, METERS, jwks_uri=base_url(sock) + "/jwks")
        yield made
        made.close()
        site.close()


def asking(**changes) -> Request:
    return Request(client_id="signed", **changes)


def test_58_59_resources_go_through_the_consent_page_into_the_token(jwts, verifier):
    request = asking()
    url = f"{request.url}&resource={METERS}&resource={SITES}"
    browser = jwts.browser()
    page = sign_in(browser, browser.get(url).follow())
    tokens = exchange(jwts, request, answer(page, "approve")["code"]).json
    found = verifier.check(tokens["access_token"])
    told = introspect(jwts, tokens["access_token"])
    assert set(found.audience) == set(told["aud"]) == {METERS, SITES}
    for name in ("sub", "client_id", "scope", "exp", "iat", "grant_id", "auth_time"):
        assert found.claims[name] == told[name]
    narrowed = refresh(jwts, tokens["refresh_token"], "signed", resource=SITES).json
    assert introspect(jwts, narrowed["access_token"])["aud"] == SITES
    with pytest.raises(Refused, match="another API"):
        verifier.check(narrowed["access_token"])


def test_58_a_resource_that_is_not_registered_leads_back_with_invalid_target(jwts):
    back = jwts.browser().get(f"{asking().url}&resource=https://other.example", status=303)
    assert "error=invalid_target" in back.location


def test_58_an_api_learns_about_tokens_for_itself(jwts):
    jwts.add_client(
        "meters", kind=ClientKind.RESOURCE_SERVER, redirect_uris=(), scopes=(), audiences=(METERS,)
    )
    for resource, active in ((METERS, True), (SITES, False)):
        token = connect(jwts, asking(extra={"resource": resource}))["access_token"]
        assert introspect(jwts, token, "meters")["active"] is active


def test_59_a_revoked_jwt_is_dead_for_who_asks_and_lives_on_for_who_verifies(jwts, verifier):
    token = connect(jwts, asking(extra={"resource": METERS}))["access_token"]
    body = {"token": token, "client_id": "signed", "client_secret": jwts.secrets["signed"]}
    jwts.browser().post(f"{PREFIX}/revoke", body)
    assert introspect(jwts, token) == {"active": False}
    verifier.check(token)


def test_a_remembered_consent_says_when_the_owner_signed_in(jwts):
    request = asking()
    browser, page = to_consent_page(jwts, request)
    exchange(jwts, request, answer(page, "approve")["code"])
    again = asking()
    back = browser.get(again.url, status=303)
    code = back.location.partition("code=")[2].partition("&")[0]
    told = introspect(jwts, exchange(jwts, again, code).json["access_token"])
    assert told["auth_time"] <= told["iat"]
