"""Requirements 54 to 59 of the security checklist: revocation, introspection, metadata, by number."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from consentcore.api import AuthMethod, ClientKind, GrantState
from consentcore.settings import MtlsSettings

SECRET = "factories-client-secret"


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_54_revoking_one_token_takes_its_family_along(scenario, kind):
    tokens = scenario.tokens()
    answer = scenario.post("revoke", {"token": tokens[kind]})
    assert (answer.status, answer.raw.body) == (200, b"")
    assert answer.headers["Cache-Control"] == "no-store"
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert scenario.introspect(token) == {"active": False}
    assert scenario.refresh(tokens["refresh_token"]).error == "invalid_grant"
    assert scenario.alarms == []


def test_54_the_grant_stands_after_a_revocation(scenario):
    scenario.post("revoke", {"token": scenario.tokens()["refresh_token"]})
    assert scenario.grant_for(scenario.client).is_active(scenario.clock.now())
    assert scenario.exchange(scenario.code()).status == 200


def test_54_other_families_of_the_grant_stand(scenario):
    one, two = scenario.tokens(), scenario.tokens()
    scenario.post("revoke", {"token": one["refresh_token"]})
    assert scenario.introspect(two["access_token"])["active"] is True


@pytest.mark.parametrize("token", ["unknown", "x" * 16_000, "cca_" + "x" * 49, "a.b.c"])
def test_54_unknown_tokens_are_answered_with_200(scenario, token):
    assert scenario.post("revoke", {"token": token}).status == 200


FORM = {"content-type": "application/x-www-form-urlencoded"}
NO_TOKENS = [
    *(b"token=%00", b"token=%0a", b"token=%C3%A9", b"token=%ff", b"token=%zz", b"token=\xff"),
    b"token=" + b"x" * 60_000,
]


@pytest.mark.parametrize("body", NO_TOKENS, ids=lambda body: str(body[:14]))
def test_54_a_token_that_cannot_be_one_is_answered_with_200(scenario, body):
    """RFC 7009 section 2.2: an invalid token is no error. RFC 7662 section 2.2: it is not active."""
    assert scenario.post("revoke", headers=FORM, body=body).status == 200
    found = scenario.post("introspect", headers=FORM, body=body)
    assert (found.status, found.json) == (200, {"active": False})


@pytest.mark.parametrize("hint", [b"%ff", b"%00", b"x" * 300, b"%C3%A9"])
def test_54_a_hint_that_cannot_be_one_is_ignored(scenario, hint):
    token = scenario.tokens()["access_token"]
    body = f"token={token}&token_type_hint=".encode() + hint
    assert scenario.post("introspect", headers=FORM, body=body).json["active"] is True
    assert scenario.post("revoke", headers=FORM, body=body).status == 200
    assert scenario.introspect(token) == {"active": False}


@pytest.mark.parametrize("value", [None, 7, [1], {"token": "x"}, "\0", "\ud800"])
def test_11_unknown_members_are_ignored_whatever_they_hold(scenario, value):
    token = scenario.tokens()["access_token"]
    body = json.dumps({"token": token, "foo": value, "token_type_hint": None}).encode()
    headers = {"content-type": "application/json"}
    assert scenario.post("introspect", headers=headers, body=body).json["active"] is True
    assert scenario.post("revoke", headers=headers, body=body).status == 200
    assert scenario.introspect(token) == {"active": False}


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "nonsense", ""])
def test_54_a_wrong_hint_is_ignored(scenario, hint):
    tokens = scenario.tokens()
    assert scenario.post("revoke", {"token": tokens["access_token"], "token_type_hint": hint}).status == 200
    assert scenario.introspect(tokens["access_token"]) == {"active": False}


def test_54_nobody_revokes_anothers_token(scenario):
    scenario.add_client("other")
    scenario.add_resource_server("api")
    tokens = scenario.tokens()
    for client in ("other", "api"):
        assert (
            scenario.post("revoke", {"token": tokens["refresh_token"]}, auth=(client, SECRET)).status == 200
        )
    assert scenario.introspect(tokens["access_token"])["active"] is True


def test_54_revocation_needs_authentication_and_a_token(scenario):
    tokens = scenario.tokens()
    assert scenario.post("revoke", {"token": tokens["access_token"]}, auth=None).status == 401
    assert scenario.post("revoke", {"token": tokens["access_token"]}, auth=("app", "wrong")).status == 401
    answer = scenario.post("revoke", {})
    assert (answer.status, answer.error) == (400, "invalid_request")
    assert scenario.introspect(tokens["access_token"])["active"] is True


def test_54_a_public_client_revokes_its_own_token(scenario):
    public = scenario.add_client("public", auth_method=AuthMethod.NONE, secrets=())
    code = scenario.code(public, code_challenge=scenario.challenge)
    tokens = scenario.exchange(code, auth=None, client_id="public", code_verifier=scenario.verifier).json
    assert (
        scenario.post("revoke", {"token": tokens["access_token"], "client_id": "public"}, auth=None).status
        == 200
    )
    assert scenario.refresh(tokens["refresh_token"], auth=None, client_id="public").error == "invalid_grant"


def test_54_revoking_twice_is_fine(scenario):
    token = scenario.tokens()["access_token"]
    assert [scenario.post("revoke", {"token": token}).status for _ in range(2)] == [200, 200]


def test_56_an_active_token_is_described(scenario):
    grant = scenario.grant_for(scenario.client)
    token = scenario.tokens(grant=grant)["access_token"]
    answer = scenario.post("introspect", {"token": token})
    now = scenario.clock.now() // 1000
    subject = answer.json["sub"]
    assert answer.json == {
        "active": True,
        "scope": "comfort.read energy.read",
        "client_id": "app",
        "sub": subject,
        "token_type": "Bearer",
        "exp": now + 3600,
        "iat": now,
        "iss": "https://consent.example",
        "grant_id": grant.grant_id,
    }
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", subject)
    assert scenario.owner.owner_id not in answer.raw.body.decode()
    assert answer.headers["Cache-Control"] == "no-store"


def test_56_the_subject_is_pairwise(scenario):
    other = scenario.add_client("other")
    mine = [scenario.introspect(scenario.tokens()["access_token"])["sub"] for _ in range(2)]
    theirs = scenario.exchange(scenario.code(other), auth=("other", SECRET)).json["access_token"]
    told = scenario.introspect(theirs, ("other", SECRET))["sub"]
    assert mine[0] == mine[1] != told
    scenario.add_resource_server("api")
    assert scenario.introspect(theirs, ("api", SECRET))["sub"] == told


def test_56_introspection_and_notices_name_an_owner_alike(scenario):
    from consentcore.ports.keys import pairwise_subject

    told = scenario.introspect(scenario.tokens()["access_token"])["sub"]
    assert told == pairwise_subject(scenario.keys, "app", scenario.owner.owner_id)


@pytest.mark.parametrize(
    ("issuer", "prefix", "token_endpoint"),
    [
        ("https://a.example", "/oauth/", "https://a.example/oauth/token"),
        ("https://a.example/", "/oauth", "https://a.example/oauth/token"),
        ("https://a.example/tenant", "/o/auth", "https://a.example/tenant/o/auth/token"),
    ],
)
def test_57_endpoints_follow_issuer_and_prefix(scenario, issuer, prefix, token_endpoint):
    oauth = replace(scenario.settings.oauth, prefix=prefix)
    server = scenario.make_server(settings=replace(scenario.settings, issuer=issuer, oauth=oauth))
    assert server.metadata()["issuer"] == issuer
    assert server.metadata()["token_endpoint"] == token_endpoint


def test_56_chosen_resources_are_told(scenario):
    grant = scenario.grant_for(scenario.client, resources=("meter|m-2", "site|s-1", "house-1"))
    assert scenario.introspect(scenario.tokens(grant=grant)["access_token"])["resources"] == [
        {"type": "meter", "identifiers": ["m-2"]},
        {"type": "site", "identifiers": ["house-1", "s-1"]},
    ]


def test_56_claims_of_plugins_are_added(scenario):
    seen = []
    scenario.server = scenario.make_server(claims=lambda context: seen.append(context) or {"tenant": "north"})
    assert scenario.introspect(scenario.tokens()["access_token"])["tenant"] == "north"
    assert seen[0].client_id == "app"
    assert seen[0].scopes == ("comfort.read", "energy.read")
    assert seen[0].subject != scenario.owner.owner_id
    assert scenario.introspect("unknown") == {"active": False}


class SameRows:
    """A storage that gives the very same look-up as long as nothing has changed."""

    def __init__(self, scenario, monkeypatch):
        self.found, self._find = {}, scenario.storage.protocol.find_token
        monkeypatch.setattr(scenario.storage.protocol, "find_token", self.find, raising=False)

    def find(self, client_id, token_hash):
        found = self._find(client_id, token_hash)
        kept = self.found.setdefault((client_id, token_hash), found)
        if kept != found:
            kept = self.found[client_id, token_hash] = found
        return kept


@pytest.fixture
def same_rows(scenario, monkeypatch):
    return SameRows(scenario, monkeypatch)


def test_what_was_told_is_told_again(scenario, same_rows, monkeypatch):
    token = scenario.tokens()["access_token"]
    first = scenario.introspect(token)
    monkeypatch.setattr("consentcore.oauth.introspection_endpoint.standard_claims", pytest.fail)
    assert scenario.introspect(token) == first
    assert first["active"] is True
    assert len(same_rows.found) == 1


@pytest.mark.parametrize("end", ["clock", "grant", "family"])
def test_what_was_told_ends_with_the_token_at_once(scenario, same_rows, end):
    grant = scenario.grant_for(scenario.client)
    tokens = scenario.tokens(grant=grant)
    for _ in range(3):
        assert scenario.introspect(tokens["access_token"])["active"] is True
    if end == "clock":
        scenario.clock.advance(scenario.settings.oauth.access_token_ttl_s * 1000)
    elif end == "grant":
        scenario.change_grant(grant, state=GrantState.REVOKED)
    else:
        scenario.post("revoke", {"token": tokens["refresh_token"]})
    assert scenario.introspect(tokens["access_token"]) == {"active": False}
    assert same_rows.found


def test_what_was_told_of_a_token_ends_with_the_key_that_sealed_it(scenario, same_rows, monkeypatch):
    token = scenario.tokens()["access_token"]
    assert scenario.introspect(token)["active"] is True
    monkeypatch.setattr(type(scenario.keys), "revoked_at", lambda *_: 1)
    assert scenario.introspect(token) == {"active": False}
    assert len(same_rows.found) == 1


def test_what_was_told_to_one_is_not_told_to_another(scenario, same_rows):
    token = scenario.tokens()["access_token"]
    scenario.add_client("other")
    assert scenario.introspect(token)["active"] is True
    assert scenario.introspect(token, auth=("other", SECRET)) == {"active": False}
    assert scenario.post("introspect", {"token": token}, auth=("app", "wrong")).status == 401
    assert len(same_rows.found) == 2


def test_claims_of_plugins_are_asked_for_each_time(scenario, same_rows):
    calls = []
    scenario.server = scenario.make_server(claims=lambda _: calls.append(1) or {"call": len(calls)})
    token = scenario.tokens()["access_token"]
    assert [scenario.introspect(token)["call"] for _ in range(3)] == [1, 2, 3]
    assert same_rows.found


@pytest.mark.parametrize("claim", ["active", "sub", "scope", "exp", "grant_id", "aud"])
def test_56_a_plugin_cannot_shadow_a_claim(scenario, claim, caplog):
    scenario.server = scenario.make_server(claims=lambda _: {claim: "x"})
    token = scenario.tokens()["access_token"]
    answer = scenario.post("introspect", {"token": token})
    assert (answer.status, answer.error) == (500, "server_error")
    assert f"reserved claim {claim}" in caplog.text


def test_56_everything_else_is_inactive_and_nothing_more(scenario):
    grant = scenario.grant_for(scenario.client)
    other = scenario.add_client("other")
    tokens = scenario.tokens(grant=grant)
    theirs = scenario.exchange(scenario.code(other), auth=("other", SECRET)).json
    rotated = tokens["refresh_token"]
    scenario.refresh(rotated)
    code = scenario.code(grant=grant)
    for token in (
        "unknown",
        theirs["access_token"],
        theirs["refresh_token"],
        rotated,
        code,
        SECRET,
        "x" * 16_000,
    ):
        assert scenario.introspect(token) == {"active": False}
    scenario.clock.advance(3_600_000)
    assert scenario.introspect(tokens["access_token"]) == {"active": False}


def test_56_a_token_is_inactive_at_once_when_the_grant_ends(scenario):
    grant = scenario.grant_for(scenario.client)
    tokens = scenario.tokens(grant=grant)
    scenario.change_grant(grant, state=GrantState.WITHDRAWN)
    assert scenario.introspect(tokens["access_token"]) == {"active": False}
    assert scenario.introspect(tokens["refresh_token"]) == {"active": False}


def test_56_a_token_is_inactive_when_the_time_of_its_grant_is_over(scenario):
    grant = scenario.grant_for(scenario.client, expires_at=scenario.clock.now() + 5000)
    tokens = scenario.tokens(grant=grant)
    assert scenario.introspect(tokens["access_token"])["exp"] == grant.expires_at // 1000
    scenario.clock.advance(5000)
    assert scenario.introspect(tokens["access_token"]) == {"active": False}


def test_56_a_token_is_inactive_when_its_client_is_disabled(scenario):
    scenario.add_resource_server("api")
    token = scenario.tokens()["access_token"]
    scenario.update_client(scenario.client, enabled=False)
    assert scenario.introspect(token, ("api", SECRET)) == {"active": False}


@pytest.mark.parametrize(
    ("scopes", "active"),
    [((), True), (("comfort.read",), True), (("device.act", "energy.read"), True), (("device.act",), False)],
)
def test_56_an_api_learns_about_tokens_that_carry_its_scopes(scenario, scopes, active):
    scenario.add_resource_server("api", scopes)
    told = scenario.introspect(scenario.tokens()["access_token"], ("api", SECRET))
    assert told["active"] is active


def test_56_introspection_needs_a_secret_and_a_token(scenario):
    scenario.add_client("public", auth_method=AuthMethod.NONE, secrets=())
    token = scenario.tokens()["access_token"]
    assert scenario.post("introspect", {"token": token}, auth=None).status == 401
    assert scenario.post("introspect", {"token": token, "client_id": "app"}, auth=None).status == 401
    assert scenario.post("introspect", {"token": token, "client_id": "public"}, auth=None).status == 401
    answer = scenario.post("introspect", {})
    assert (answer.status, answer.error) == (400, "invalid_request")


def test_57_the_metadata_lists_what_works(scenario):
    base = "https://consent.example/ecostruxure/v1/oauth"
    methods = ["client_secret_basic", "client_secret_post", "private_key_jwt"]
    algorithms = ["ES256", "EdDSA", "Ed25519", "PS256", "RS256"]
    assert scenario.server.metadata() == {
        "issuer": "https://consent.example",
        "authorization_endpoint": f"{base}/authorize",
        "token_endpoint": f"{base}/token",
        "pushed_authorization_request_endpoint": f"{base}/par",
        "require_pushed_authorization_requests": False,
        "require_signed_request_object": False,
        "request_object_signing_alg_values_supported": ["PS256", "ES256", "EdDSA", "Ed25519"],
        "authorization_signing_alg_values_supported": ["ES256", "EdDSA"],
        "introspection_signing_alg_values_supported": ["ES256", "EdDSA"],
        "revocation_endpoint": f"{base}/revoke",
        "introspection_endpoint": f"{base}/introspect",
        "jwks_uri": "https://consent.example/jwks",
        "scopes_supported": [
            "comfort.read",
            "device.act",
            "energy.read",
            "ev.write",
            "offline_access",
            "sites.read",
        ],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "query.jwt", "jwt"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": [*methods, "none"],
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
        "revocation_endpoint_auth_methods_supported": [*methods, "none"],
        "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
        "introspection_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "dpop_signing_alg_values_supported": ["ES256", "EdDSA", "Ed25519", "PS256"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "service_documentation": "https://consent.example/scopes",
    }


REGISTERED = [
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "registration_endpoint",
    "scopes_supported",
    "response_types_supported",
    "response_modes_supported",
    "grant_types_supported",
    "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported",
    "service_documentation",
    "ui_locales_supported",
    "op_policy_uri",
    "op_tos_uri",
    "revocation_endpoint",
    "revocation_endpoint_auth_methods_supported",
    "revocation_endpoint_auth_signing_alg_values_supported",
    "introspection_endpoint",
    "introspection_endpoint_auth_methods_supported",
    "introspection_endpoint_auth_signing_alg_values_supported",
    "code_challenge_methods_supported",
    "acr_values_supported",
    "authorization_response_iss_parameter_supported",
    "pushed_authorization_request_endpoint",
    "require_pushed_authorization_requests",
    "require_signed_request_object",
    "request_object_signing_alg_values_supported",
    "authorization_signing_alg_values_supported",
    "introspection_signing_alg_values_supported",
    "tls_client_certificate_bound_access_tokens",
    "mtls_endpoint_aliases",
    "dpop_signing_alg_values_supported",
    "authorization_details_types_supported",
    "prompt_values_supported",
    "protected_resources",
    "client_id_metadata_document_supported",
    "grant_management_actions_supported",
    "grant_management_endpoint",
    "grant_management_action_required",
]
"""Of IANA's registry "OAuth Authorization Server Metadata", and of the two drafts that are not in it yet."""


def test_100_metadata_has_no_member_that_is_not_registered(make_scenario):
    """Whoever wants to know more of its members has a registry to look them up in; the conformance suite warns."""
    scenario = make_scenario(
        profile="fapi2", grant_management="on", protected_resources=("https://api.example/v1",)
    )
    mtls = MtlsSettings(certificate_header="rfc9440", url="https://mtls.consent.example")
    scenario.settings = replace(scenario.settings, mtls=mtls)
    scenario.server = scenario.make_server()
    said = scenario.server.metadata()
    assert {"mtls_endpoint_aliases", "grant_management_endpoint", "protected_resources"} <= set(said)
    assert set(said) <= set(REGISTERED)


def test_58_authorization_details_that_were_not_granted_are_refused(scenario):
    extra = {"authorization_details": '[{"type":"meter_readings"}]'}
    code = scenario.code()
    assert scenario.exchange(code, **extra).error == "invalid_authorization_details"
    assert scenario.exchange(code).status == 200


def test_an_api_is_no_application(scenario):
    api = scenario.add_resource_server("api")
    assert api.kind is ClientKind.RESOURCE_SERVER
    assert (
        scenario.refresh(scenario.tokens()["refresh_token"], auth=("api", SECRET)).error
        == "unauthorized_client"
    )


def test_an_api_that_asks_about_a_live_token_uses_the_permission(scenario):
    used = []
    scenario.server = scenario.make_server(used=used.append)
    token = scenario.tokens()["access_token"]
    scenario.add_resource_server("api")
    assert used == [], "tokens were given out, and nobody has been anywhere with them"
    assert scenario.introspect(token)["active"] is True
    assert used == [], "the application asks about its own"
    assert scenario.introspect(token, ("api", SECRET))["active"] is True
    assert used == [scenario.grant_for(scenario.client).grant_id]
    scenario.post("revoke", {"token": token})
    assert scenario.introspect(token, ("api", SECRET)) == {"active": False}
    assert len(used) == 1
