"""JWT access tokens (RFC 9068)."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from joserfc import jws
from joserfc.jwk import KeySet

from consentcore.api import ConfigurationError, GrantState, TokenFormat
from consentcore.domain.secret import digest
from consentcore.jose.rules import registry
from consentcore.keys import Keys, MasterKey
from consentcore.oauth.jwt_access_token import MAX_CLAIMS_BYTES
from consentcore.oauth.signing_keys import ALGORITHMS

RESOURCE = "https://api.example"


def with_jwts(scenario):
    scenario.client = scenario.update_client(
        scenario.client, access_token_format=TokenFormat.JWT, audiences=(RESOURCE,)
    )
    return scenario


@pytest.fixture
def scenario(scenario):
    return with_jwts(scenario)


def read(scenario, token):
    """Header and claims of a token whose signature the published keys verify."""
    published = KeySet.import_key_set(json.loads(json.dumps(scenario.server.jwks())))
    found = jws.deserialize_compact(token, published, list(ALGORITHMS), registry(ALGORITHMS))
    return found.headers(), json.loads(found.payload)


def test_59_a_jwt_has_what_the_profile_demands(scenario):
    answer = scenario.tokens()
    header, claims = read(scenario, answer["access_token"])
    assert header == {"typ": "at+jwt", "alg": "ES256", "kid": "test1-ES256"}
    told = scenario.introspect(answer["access_token"])
    assert claims["iss"] == "https://consent.example"
    assert claims["aud"] == RESOURCE
    assert (claims["client_id"], claims["scope"]) == ("app", answer["scope"])
    assert claims["iat"] == scenario.clock.now() // 1000
    assert claims["exp"] == claims["iat"] + answer["expires_in"]
    assert len(claims["jti"]) >= 16
    shared = {
        name: told[name] for name in ("iss", "sub", "aud", "exp", "iat", "client_id", "scope", "grant_id")
    }
    assert claims == {**shared, "jti": claims["jti"]}
    assert scenario.owner.owner_id not in json.dumps(claims)
    assert answer["refresh_token"].startswith("ccr_"), "refresh tokens stay opaque"


def test_59_when_and_how_the_owner_signed_in_is_said_where_it_is_known(scenario):
    tokens = scenario.exchange(
        scenario.code(auth_time=scenario.clock.now() - 5_999, acr="urn:example:password")
    ).json
    later = scenario.refresh(tokens["refresh_token"]).json
    for token in (tokens["access_token"], later["access_token"]):
        for claims in (read(scenario, token)[1], scenario.introspect(token)):
            assert claims["auth_time"] == (scenario.clock.now() - 5_999) // 1000
            assert claims["acr"] == "urn:example:password"
    pending = scenario.pending()
    redirect = scenario.server.authorization.issue_code(
        pending.request, scenario.grant_for(scenario.client), scenario.session
    )
    token = scenario.exchange(scenario.answered(redirect)["code"], redirect_uri=None).json["access_token"]
    assert read(scenario, token)[1]["auth_time"] == scenario.session.auth_time // 1000


def test_59_opaque_tokens_stay_the_default(scenario):
    scenario.client = scenario.update_client(scenario.client, access_token_format=TokenFormat.OPAQUE)
    assert scenario.tokens()["access_token"].startswith("cca_")


def test_59_every_token_has_an_id_of_its_own(scenario):
    ids = {read(scenario, scenario.tokens()["access_token"])[1]["jti"] for _ in range(20)}
    assert len(ids) == 20


def test_59_the_algorithm_is_chosen_by_a_setting(make_scenario):
    scenario = with_jwts(make_scenario(jwt_signing_alg="EdDSA"))
    header, _ = read(scenario, scenario.tokens()["access_token"])
    assert (header["alg"], header["kid"]) == ("EdDSA", "test1-EdDSA")


@pytest.mark.parametrize(("setting", "expected"), [("", "https://consent.example"), (RESOURCE, RESOURCE)])
def test_59_the_audience_is_never_absent(make_scenario, setting, expected):
    scenario = with_jwts(make_scenario(jwt_default_audience=setting))
    scenario.client = scenario.update_client(scenario.client, audiences=())
    token = scenario.tokens()["access_token"]
    assert read(scenario, token)[1]["aud"] == expected
    assert scenario.introspect(token)["aud"] == expected


def test_59_revocation_and_the_end_of_the_grant_reach_introspection_at_once(scenario):
    revoked, refreshed = scenario.tokens(), scenario.tokens()
    scenario.post("revoke", {"token": revoked["access_token"]})
    assert scenario.introspect(revoked["access_token"]) == {"active": False}
    assert scenario.introspect(revoked["refresh_token"]) == {"active": False}
    later = scenario.refresh(refreshed["refresh_token"]).json
    scenario.change_grant(scenario.grant_for(scenario.client), state=GrantState.WITHDRAWN)
    for token in (refreshed["access_token"], later["access_token"]):
        assert scenario.introspect(token) == {"active": False}


def test_59_a_changed_jwt_is_merely_unknown(scenario):
    head, claims, signature = scenario.tokens()["access_token"].split(".")
    for text in (f"{head}.{claims}.", f"{head}.{claims}.{signature[::-1]}", f"{head}.{signature}.{claims}"):
        assert scenario.introspect(text) == {"active": False}


def test_48_a_lost_answer_comes_again_byte_for_byte(scenario):
    """Also with claims that change from call to call, another algorithm, and a key that signs by then."""
    counter = iter(range(100))
    scenario.server = scenario.make_server(claims=lambda _context: {"call": next(counter)})
    refresh_token = scenario.tokens()["refresh_token"]
    first = scenario.refresh(refresh_token).json
    scenario.clock.advance(9_000)
    newer = MasterKey("newer", b"n" * 32, used_from=scenario.clock.now())
    oldest = MasterKey("test1", b"test1".ljust(32, b"."))
    settings = replace(scenario.settings, oauth=replace(scenario.settings.oauth, jwt_signing_alg="EdDSA"))
    scenario.keys = Keys([newer, oldest], scenario.clock)
    scenario.server = scenario.make_server(settings=settings, claims=lambda _context: {"call": next(counter)})
    again = scenario.refresh(refresh_token).json
    assert again["access_token"] == first["access_token"]
    assert again["refresh_token"] == first["refresh_token"]
    assert again["expires_in"] == first["expires_in"] - 9
    assert scenario.introspect(again["access_token"])["active"] is True
    third = scenario.refresh(again["refresh_token"]).json
    assert read(scenario, third["access_token"])[0]["kid"] == "newer-EdDSA"


def test_48_twenty_at_once_get_the_same_jwt(scenario):
    refresh_token = scenario.tokens()["refresh_token"]
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: scenario.refresh(refresh_token), range(20)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.json["access_token"] for answer in answers}) == 1


def test_48_what_is_kept_for_the_grace_reads_without_the_old_token_as_nothing(scenario):
    tokens = scenario.tokens()
    later = scenario.refresh(tokens["refresh_token"]).json
    row = scenario.storage._engine.committed.tokens.get(digest(tokens["refresh_token"]))
    assert row.sealed_access
    assert later["access_token"].encode()[:40] not in row.sealed_access
    scenario.clock.advance(60_000)
    scenario.storage.purge(scenario.clock.now(), 100)
    row = scenario.storage._engine.committed.tokens.get(digest(tokens["refresh_token"]))
    assert (row.sealed_access, row.token.nonce) == (b"", None)


def test_plugin_claims_are_in_jwts_and_in_introspection(scenario):
    seen = []

    def claims(context):
        seen.append(context)
        return {"tenant": "north", "roles": ["reader"]}

    scenario.server = scenario.make_server(claims=claims)
    token = scenario.tokens()["access_token"]
    _, told = read(scenario, token)
    assert (told["tenant"], told["roles"]) == ("north", ["reader"])
    assert scenario.introspect(token)["tenant"] == "north"
    assert {context.audience for context in seen} == {(RESOURCE,)}
    assert {context.subject for context in seen} == {told["sub"]}


@pytest.mark.parametrize(
    "claims",
    [
        {name: "x"}
        for name in ("iss", "sub", "aud", "exp", "jti", "client_id", "acr", "auth_time", "grant_id", "cnf")
    ]
    + [{"big": "x" * MAX_CLAIMS_BYTES}],
)
def test_claims_that_cannot_be_given_store_nothing(scenario, claims):
    code, refresh_token = scenario.code(), scenario.tokens()["refresh_token"]
    sound = scenario.server
    scenario.server = scenario.make_server(claims=lambda _context: claims)
    for answer in (scenario.exchange(code), scenario.refresh(refresh_token)):
        assert (answer.status, answer.error) == (500, "server_error")
    scenario.server = sound
    assert scenario.exchange(code).status == 200
    assert scenario.refresh(refresh_token).status == 200
    assert scenario.alarms == []


def test_a_plugin_that_breaks_the_configuration_leaks_nothing(scenario):
    def broken(_context):
        raise ConfigurationError(["the claim x is given twice"])

    code = scenario.code()
    scenario.server = scenario.make_server(claims=broken)
    assert scenario.exchange(code).json == {
        "error": "server_error",
        "error_description": "The server is not configured well",
    }


def test_a_jwt_fits_into_a_header(scenario):
    resources = tuple(f"{RESOURCE}/{number}/{'x' * 450}" for number in range(8))
    scenario.update_client(scenario.client, audiences=resources)
    code = scenario.code(audience=resources)
    refused = scenario.exchange(code)
    assert (refused.status, refused.error) == (400, "invalid_request")
    scenario.server = scenario.make_server(claims=lambda _context: {"fill": "x" * 1300})
    body = "&".join(f"resource={uri}" for uri in resources[:2])
    accepted = scenario.post(
        "token",
        body=f"grant_type=authorization_code&code={code}&redirect_uri=https://app.example/callback&{body}".encode(),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert accepted.status == 200
    assert 3_500 < len(accepted.json["access_token"]) <= 4_096


def test_one_read_and_one_write_for_jwts_too(scenario):
    called = []
    real = scenario.storage.protocol

    class Counted:
        def __getattr__(self, name):
            called.append(name)
            return getattr(real, name)

    code = scenario.code()
    scenario.storage.protocol = Counted()
    refresh_token = scenario.exchange(code).json["refresh_token"]
    scenario.refresh(refresh_token)
    assert called == ["read_code", "consume_code", "find_token", "rotate_refresh"]


def test_a_jwt_that_is_fetched_is_a_use_of_the_permission(scenario):
    """No API asks about it."""
    used = []
    scenario.server = scenario.make_server(used=used.append)
    scenario.refresh(scenario.tokens()["refresh_token"])
    assert used == [scenario.grant_for(scenario.client).grant_id] * 2


@pytest.mark.parametrize(("chosen", "jwt"), [(50, True), (51, False)])
def test_a_choice_that_is_too_long_for_a_jwt_gives_an_opaque_token(scenario, chosen, jwt):
    tokens = scenario.tokens()
    references = tuple(f"site|s{number:02}" for number in range(chosen))
    with scenario.storage.transaction() as uow:
        (grant,) = uow.grants.all()
        uow.grants.update(replace(grant, resources=references), expected_sequence=grant.sequence)
    later = scenario.refresh(tokens["refresh_token"]).json
    assert (later["access_token"].count(".") == 2) is jwt
    told = scenario.introspect(later["access_token"])
    (listed,) = told["resources"]
    assert (told["active"], len(listed["identifiers"])) == (True, chosen)
