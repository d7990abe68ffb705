"""A client asks about its grants and ends them (Grant Management for OAuth 2.0 section 6)."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import time_machine

from consentcore.api import AuthMethod, GrantState, Halt
from consentcore.clients.grant_management_endpoint import GrantManagementEndpoint
from consentcore.clients.grants import ClientGrants
from consentcore.domain.event_kinds import EventType
from consentcore.hooks.resource_directories import Directories
from consentcore.oauth.messages import HttpRequest
from consentcore.settings import MtlsSettings
from consentcore.testing import factories
from consentcore_memory import MemoryStorage
from tests.support.client_certificates import certificate
from tests.support.proofs import Prover
from tests.support.server_scenario import ISSUER, ServerScenario, core_settings

QUERY, REVOKE = "grant_management_query", "grant_management_revoke"
BOTH = f"{QUERY} {REVOKE}"
GRANTS = f"{ISSUER}/ecostruxure/v1/oauth/grants"
TOKEN = f"{ISSUER}/ecostruxure/v1/oauth/token"


class Managed(ServerScenario):
    """A server whose client may manage its grants."""

    @classmethod
    def start(cls, *, mode="on", **oauth):
        client = factories.client(client_id="app", grant_management=True)
        settings = core_settings(grant_management=mode, **oauth)
        return cls.begin(MemoryStorage(), client=client, settings=settings)

    def own_token(self, scope=BOTH, *, auth=("app", "factories-client-secret"), headers=None):
        form = {"grant_type": "client_credentials", "scope": scope}
        return self.post(
            "token", {k: v for k, v in form.items() if v is not None}, auth=auth, headers=headers
        )

    def call(self, grant_id, token=None, *, method="GET", scheme="Bearer", query="", **headers):
        token = self.own_token().json["access_token"] if token is None else token
        given = {"authorization": f"{scheme} {token}"} if token else {}
        grants = ClientGrants(self.keys, self.clock, self.service, ISSUER, Directories([]))
        http = HttpRequest(method, query, {**given, **headers}, b"", about=grant_id)
        answer = GrantManagementEndpoint(self.server.context, grants).answer(http)
        return answer.status, dict(answer.headers), json.loads(answer.body or b"null")

    def events(self, grant_id):
        with self.storage.reading() as uow:
            return [one.type for one in uow.ledger.of_grant(grant_id)]


def limited(**limits):
    """A server with these limits a minute."""
    settings = core_settings(grant_management="on")
    settings = replace(settings, limits=replace(settings.limits, **limits))
    client = factories.client(client_id="app", grant_management=True)
    return Managed.begin(MemoryStorage(), client=client, settings=settings)


@pytest.fixture
def scenario():
    return Managed.start()


@pytest.fixture
def grant(scenario):
    return scenario.allow("comfort.read", "energy.read")


def test_6_1_a_token_for_it_is_the_clients_own_and_short_lived(scenario):
    answer = scenario.own_token()
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    assert set(answer.json) == {"access_token", "token_type", "expires_in", "scope"}
    assert (answer.json["token_type"], answer.json["expires_in"], answer.json["scope"]) == (
        "Bearer",
        300,
        BOTH,
    )


@pytest.mark.parametrize("scope", [None, "", "comfort.read", f"{QUERY} comfort.read", "offline_access", '"'])
def test_6_1_a_token_of_the_client_opens_nothing_that_is_an_owners(scenario, scope):
    assert (scenario.own_token(scope).status, scenario.own_token(scope).error) == (400, "invalid_scope")


def test_6_1_only_who_is_registered_for_it_gets_one(scenario):
    scenario.add_client("other")
    assert scenario.own_token(auth=("other", "factories-client-secret")).error == "unauthorized_client"
    assert scenario.own_token(auth=("app", "wrong")).error == "invalid_client"
    scenario.add_client("public", public=True, grant_management=True)
    public = scenario.post(
        "token", {"grant_type": "client_credentials", "scope": QUERY, "client_id": "public"}, auth=None
    )
    assert public.error == "unauthorized_client"


def test_6_1_no_api_takes_it(scenario):
    token = scenario.own_token().json["access_token"]
    scenario.add_resource_server("api")
    for auth in (("app", "factories-client-secret"), ("api", "factories-client-secret")):
        assert scenario.introspect(token, auth) == {"active": False}


def test_6_4_a_query_says_what_the_grant_permits(scenario, grant):
    status, headers, told = scenario.call(grant.grant_id)
    assert (status, headers["Cache-Control"], headers["Content-Type"]) == (
        200,
        "no-store",
        "application/json",
    )
    assert told == {
        "scopes": [{"scope": "comfort.read energy.read"}],
        "claims": [],
        "created_at": grant.created_at // 1000,
        "last_updated": grant.changed_at // 1000,
        "expires_at": grant.expires_at // 1000,
    }


def test_6_5_a_revocation_ends_the_grant_and_every_token_at_once(scenario, grant):
    tokens = scenario.tokens(grant=grant, scopes=("comfort.read",))
    status, headers, body = scenario.call(grant.grant_id, method="DELETE")
    assert (status, body) == (204, None)
    assert "Content-Type" not in headers
    for name in ("access_token", "refresh_token"):
        assert scenario.introspect(tokens[name]) == {"active": False}
    assert scenario.refresh(tokens["refresh_token"]).error == "invalid_grant"
    assert scenario.events(grant.grant_id) == [EventType.GRANTED, EventType.CLOSED]
    with scenario.storage.reading() as uow:
        assert uow.grants.get(grant.grant_id).state is GrantState.CLOSED
    assert scenario.call(grant.grant_id)[0] == 404
    assert scenario.call(grant.grant_id, method="DELETE")[0] == 404
    assert scenario.events(grant.grant_id) == [EventType.GRANTED, EventType.CLOSED]


def test_6_6_whatever_is_not_a_standing_grant_of_the_client_is_unknown(scenario, grant):
    """Section 10: an id is no secret."""
    other = scenario.approve("comfort.read", client=scenario.add_client("other")).grant
    ended = scenario.approve("comfort.read", owner=_owner(scenario)).grant
    assert scenario.call(ended.grant_id, method="DELETE")[0] == 204
    answers = [
        scenario.call(grant_id, method=method)
        for method in ("GET", "DELETE")
        for grant_id in (other.grant_id, ended.grant_id, "never", "", "%00", "x" * 5000)
    ]
    assert {status for status, _, _ in answers} == {404}
    assert len({json.dumps(told) for _, _, told in answers}) == 1
    assert scenario.events(other.grant_id) == [EventType.GRANTED]
    scenario.clock.advance(grant.expires_at - scenario.clock.now())
    assert scenario.call(grant.grant_id)[0] == 404


def _owner(scenario):
    owner = factories.owner()
    with scenario.storage.transaction() as uow:
        uow.owners.add(owner)
    return owner


@pytest.mark.parametrize(
    ("scope", "method", "status"),
    [(QUERY, "GET", 200), (QUERY, "DELETE", 403), (REVOKE, "GET", 403), (REVOKE, "DELETE", 204)],
)
def test_6_6_a_scope_for_each(scenario, grant, scope, method, status):
    token = scenario.own_token(scope).json["access_token"]
    found, headers, told = scenario.call(grant.grant_id, token, method=method)
    assert found == status
    if status == 403:
        assert told["error"] == "insufficient_scope"
        wanted = QUERY if method == "GET" else REVOKE
        assert 'error="insufficient_scope"' in headers["WWW-Authenticate"]
        assert f'scope="{wanted}"' in headers["WWW-Authenticate"]
        assert scenario.events(grant.grant_id) == [EventType.GRANTED]


@pytest.mark.parametrize("token", ["nonsense", "ccg_", "ccg_e30.e30", "ccg_W10.W10", "ccg_x.y", "x" * 4000])
def test_6_6_without_a_good_token_it_is_401(scenario, grant, token):
    status, headers, told = scenario.call(grant.grant_id, token)
    assert (status, told["error"]) == (401, "invalid_token")
    assert headers["WWW-Authenticate"].startswith('Bearer realm="consentcore", error="invalid_token"')


@pytest.mark.parametrize("authorization", ["", "Basic YTpi", "Basic"])
def test_6_6_who_shows_no_token_is_told_of_no_error(scenario, grant, authorization):
    """RFC 6750 section 3.1."""
    status, headers, _ = scenario.call(grant.grant_id, "", authorization=authorization)
    assert (status, headers["WWW-Authenticate"]) == (401, 'Bearer realm="consentcore"')


def test_6_a_token_for_it_is_not_said_to_be_revoked(scenario, grant):
    """RFC 7009 section 2.2.1: it goes on for its five minutes."""
    token = scenario.own_token().json["access_token"]
    refused = scenario.post("revoke", {"token": token})
    assert (refused.status, refused.error) == (400, "unsupported_token_type")
    assert refused.json["error_description"].startswith("token: ")
    assert scenario.call(grant.grant_id, token)[0] == 200
    scenario.add_client("other")
    foreign = scenario.post("revoke", {"token": token}, auth=("other", "factories-client-secret"))
    assert foreign.status == 200
    scenario.clock.advance(5 * 60_000)
    assert scenario.post("revoke", {"token": token}).status == 200


@pytest.mark.parametrize(
    "authorization", ["Basic YTpi", "Bearer", "Bearer a b", "Bearer é", "Bearer " + "x" * 5000]
)
def test_6_6_what_is_no_token_changes_nothing(scenario, grant, authorization):
    status, _, _ = scenario.call(grant.grant_id, "", method="DELETE", authorization=authorization)
    assert status in {400, 401}
    assert scenario.events(grant.grant_id) == [EventType.GRANTED]


def test_a_token_of_the_code_flow_opens_nothing_here(scenario, grant):
    tokens = scenario.tokens(grant=grant, scopes=("comfort.read",))
    assert scenario.call(grant.grant_id, tokens["access_token"])[0] == 401


def test_a_token_that_was_changed_or_has_run_out_is_refused(scenario, grant):
    token = scenario.own_token(QUERY).json["access_token"]
    said, _, mac = token.partition(".")
    for other in (f"{said}A.{mac}", f"{said}.{mac[:-2]}AA", f"{said}.", said):
        assert scenario.call(grant.grant_id, other)[0] == 401
    assert scenario.call(grant.grant_id, token)[0] == 200
    scenario.clock.advance(300_000)
    assert scenario.call(grant.grant_id, token)[0] == 401


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"grant_management": False}, 403),
        ({"enabled": False}, 401),
        ({"suspended": Halt(1)}, 403),
        ({"auth_method": AuthMethod.NONE}, 403),
    ],
)
def test_whether_a_client_may_is_looked_up_each_time(scenario, grant, changes, status):
    token = scenario.own_token().json["access_token"]
    scenario.update_client(scenario.client, **changes)
    assert scenario.call(grant.grant_id, token, method="DELETE")[0] == status


def test_requests_count_in_the_limit_of_the_api_and_one_too_many_changes_nothing():
    scenario = limited(api_per_client=3)
    grant = scenario.allow("comfort.read")
    token = scenario.own_token().json["access_token"]
    with time_machine.travel(1_800_000_000, tick=False):
        assert [scenario.call(grant.grant_id, token)[0] for _ in range(3)] == [200, 200, 200]
        for _ in range(2):
            status, headers, body = scenario.call(grant.grant_id, token, method="DELETE")
            assert (status, body["error"]) == (429, "temporarily_unavailable")
            assert 0 < int(headers["Retry-After"]) <= 120
    assert scenario.events(grant.grant_id) == [EventType.GRANTED]


def test_requests_without_a_good_token_count_for_their_address():
    scenario = limited(requests_per_address=4)
    grant = scenario.allow("comfort.read")
    with time_machine.travel(1_800_000_000, tick=False):
        token = scenario.own_token().json["access_token"]
        assert [scenario.call(grant.grant_id, "ccg_x")[0] for _ in range(4)] == [401, 401, 401, 429]
        assert scenario.call(grant.grant_id, token)[0] == 429


def test_token_of_somebody_without_its_key_uses_up_nothing_of_the_client(prover):
    scenario = limited(api_per_client=1)
    grant = scenario.allow("comfort.read")
    token = bound(scenario, prover)
    with time_machine.travel(1_800_000_000, tick=False):
        assert [scenario.call(grant.grant_id, token, scheme="DPoP")[0] for _ in range(3)] == [401, 401, 401]
        assert scenario.call(grant.grant_id)[0] == 200


def test_other_methods_and_queries_are_refused(scenario, grant):
    for method in ("POST", "PUT", "HEAD", "PATCH"):
        status, headers, _ = scenario.call(grant.grant_id, method=method)
        assert (status, headers["Allow"]) == (405, "GET, DELETE")
    assert scenario.call(grant.grant_id, query="access_token=x")[0] == 400


# --- tokens that are bound to a key (RFC 9449 section 7) ---


@pytest.fixture
def prover():
    return Prover()


def bound(scenario, prover):
    headers = {"dpop": prover.proof(TOKEN, scenario.clock.now() // 1000)}
    answer = scenario.own_token(headers=headers)
    assert (answer.status, answer.json["token_type"]) == (200, "DPoP")
    return answer.json["access_token"]


def proof(scenario, prover, grant_id, token, method="GET", **changes):
    return prover.proof(f"{GRANTS}/{grant_id}", scenario.clock.now() // 1000, method, token=token, **changes)


def test_99_a_bound_token_needs_its_proof(scenario, grant, prover):
    token = bound(scenario, prover)
    good = proof(scenario, prover, grant.grant_id, token)
    assert scenario.call(grant.grant_id, token, scheme="DPoP", dpop=good)[0] == 200
    status, headers, told = scenario.call(grant.grant_id, token, scheme="DPoP", dpop=good)
    assert (status, told["error"]) == (401, "invalid_dpop_proof"), "a proof is good once"
    assert headers["WWW-Authenticate"].startswith("DPoP ")
    delete = proof(scenario, prover, grant.grant_id, token, "DELETE")
    assert scenario.call(grant.grant_id, token, scheme="DPoP", method="DELETE", dpop=delete)[0] == 204


def test_99_a_proof_for_the_alias_of_certificates_opens_it_too(prover):
    """RFC 8705 section 5: the same endpoint under another address, which the metadata names."""
    scenario = Managed.start()
    alias = "https://mtls.consent.example"
    scenario.settings = replace(scenario.settings, mtls=MtlsSettings(certificate_header="rfc9440", url=alias))
    scenario.server = scenario.make_server()
    grant = scenario.allow("comfort.read")
    token = bound(scenario, prover)
    listed = scenario.server.metadata()["mtls_endpoint_aliases"]["grant_management_endpoint"]
    assert listed.startswith(alias)
    shown = prover.proof(f"{listed}/{grant.grant_id}", scenario.clock.now() // 1000, "GET", token=token)
    assert scenario.call(grant.grant_id, token, scheme="DPoP", dpop=shown)[0] == 200


@pytest.mark.parametrize(
    ("scheme", "changes"),
    [
        ("Bearer", {}),
        ("DPoP", {"htm": "POST"}),
        ("DPoP", {"htu": TOKEN}),
        ("DPoP", {"htu": f"{GRANTS}/other"}),
        ("DPoP", {"ath": "x" * 43}),
        ("DPoP", {"ath": None}),
        ("DPoP", {"iat": 0}),
    ],
)
def test_99_a_proof_of_something_else_changes_nothing(scenario, grant, prover, scheme, changes):
    token = bound(scenario, prover)
    bad = proof(scenario, prover, grant.grant_id, token, "DELETE", **changes)
    status, _, told = scenario.call(grant.grant_id, token, scheme=scheme, method="DELETE", dpop=bad)
    assert (status, told["error"]) == (401, "invalid_dpop_proof" if changes else "invalid_token")
    assert scenario.events(grant.grant_id) == [EventType.GRANTED]


def test_99_another_key_and_no_key_are_refused(scenario, grant, prover):
    token = bound(scenario, prover)
    strange = proof(scenario, Prover(), grant.grant_id, token)
    assert scenario.call(grant.grant_id, token, scheme="DPoP", dpop=strange)[2]["error"] == "invalid_token"
    assert scenario.call(grant.grant_id, token, scheme="DPoP")[2]["error"] == "invalid_dpop_proof"
    plain = scenario.own_token().json["access_token"]
    good = proof(scenario, prover, grant.grant_id, plain)
    assert scenario.call(grant.grant_id, plain, scheme="DPoP", dpop=good)[0] == 401


def test_99_a_proof_at_the_token_endpoint_is_good_once(scenario, prover):
    headers = {"dpop": prover.proof(TOKEN, scenario.clock.now() // 1000)}
    assert scenario.own_token(headers=headers).status == 200
    assert scenario.own_token(headers=headers).error == "invalid_dpop_proof"


def test_99_a_nonce_is_demanded_where_one_is(prover):
    scenario = Managed.start(dpop_nonce=True)
    grant = scenario.allow("comfort.read")
    first = scenario.own_token(headers={"dpop": prover.proof(TOKEN, scenario.clock.now() // 1000)})
    assert first.error == "use_dpop_nonce"
    nonce = first.headers["DPoP-Nonce"]
    now = scenario.clock.now() // 1000
    token = scenario.own_token(headers={"dpop": prover.proof(TOKEN, now, nonce=nonce)}).json["access_token"]
    status, headers, told = scenario.call(
        grant.grant_id, token, scheme="DPoP", dpop=proof(scenario, prover, grant.grant_id, token)
    )
    assert (status, told["error"]) == (401, "use_dpop_nonce")
    good = proof(scenario, prover, grant.grant_id, token, nonce=headers["DPoP-Nonce"])
    assert scenario.call(grant.grant_id, token, scheme="DPoP", dpop=good)[0] == 200


# --- tokens that are bound to a certificate (RFC 8705 section 3) ---


def test_a_token_of_a_certificate_needs_that_certificate(scenario, grant):
    scenario.update_client(scenario.client, tls_client_certificate_bound_access_tokens=True)
    mine, other = certificate(), certificate("CN=other")
    answer = scenario.own_token(headers=mine.header)
    assert (answer.status, answer.json["token_type"]) == (200, "Bearer")
    token = answer.json["access_token"]
    for headers in ({}, other.header, {"client-certificate": "nonsense"}):
        refused = scenario.call(grant.grant_id, token, method="DELETE", **headers)
        assert refused[0] in {400, 401}
    assert scenario.call(grant.grant_id, token, scheme="DPoP", **mine.header)[0] == 401
    assert scenario.events(grant.grant_id) == [EventType.GRANTED]
    assert scenario.call(grant.grant_id, token, **mine.header)[0] == 200
    assert scenario.call(grant.grant_id, token, method="DELETE", **mine.header)[0] == 204
