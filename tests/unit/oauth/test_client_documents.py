"""Clients whose id is the URL of a document, at every endpoint (draft-ietf-oauth-client-id-metadata-document)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

import pytest
from joserfc.jwk import ECKey

from consentcore.api import transact
from consentcore.domain.client import AuthMethod, Halt
from consentcore.domain.described_client import document_url, kept_id, merged
from consentcore.domain.event_kinds import EventType
from consentcore.domain.self_registration import SelfRegistration
from consentcore.oauth.client_documents import DocumentRefused, shown_id
from consentcore.oauth.messages import PageError, Pending, Redirect
from consentcore.testing import factories
from consentcore_memory.storage import MemoryStorage
from tests.support.client_keys import claims, signed
from tests.support.server_scenario import CHALLENGE, REDIRECT_URI, VERIFIER, ServerScenario

URL = "https://app.example/client.json"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def described(text="{}", **fields):
    said = SelfRegistration(1, document_url=URL, document=text)
    values = {
        "client_id": kept_id(URL),
        "auth_method": AuthMethod.NONE,
        "secrets": (),
        "self_registered": said,
    }
    return factories.client(**{**values, **fields})


@dataclass
class Said:
    """What documents say, without asking anybody."""

    clients: dict = field(default_factory=dict)
    asked: list = field(default_factory=list)

    def current(self, url, row):
        self.asked.append(url)
        if url not in self.clients:
            raise DocumentRefused("client_id: its document cannot be used: dns")
        return merged(self.clients[url], row)


@pytest.fixture
def said():
    return Said({URL: described()})


@pytest.fixture
def scenario(said):
    made = ServerScenario.begin(MemoryStorage())
    made.server = made.make_server(documents=said)
    return made


def ask(scenario, client_id=URL, **parameters):
    query = {
        "client_id": client_id,
        "response_type": "code",
        "redirect_uri": REDIRECT_URI,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return scenario.authorize(**{**query, **parameters})


def keep(scenario, client):
    transact(scenario.storage, lambda uow: uow.clients.add(client))
    return client


def rows(scenario):
    with scenario.storage.reading() as uow:
        return [one.client_id for one in uow.clients.list() if document_url(one)]


def test_a_request_of_a_described_client_waits_for_its_answer_and_leaves_nothing(scenario, said):
    pending = ask(scenario)
    assert isinstance(pending, Pending), pending
    assert pending.request.client_id == kept_id(URL)
    assert json.loads(pending.request.described)["self_registered"]["document_url"] == URL
    assert said.asked == [URL]
    assert rows(scenario) == []


def test_a_document_that_cannot_be_used_is_said_on_a_page_and_leads_nowhere(scenario, said):
    said.clients.clear()
    answer = ask(scenario)
    assert answer == PageError(400, "invalid_client", "client_id: its document cannot be used: dns")
    assert rows(scenario) == []


def test_redirect_uris_are_those_of_the_document(scenario):
    answer = ask(scenario, redirect_uri="https://evil.example/cb")
    assert isinstance(answer, PageError), answer
    assert answer.error == "invalid_request"


def test_a_redirect_uri_that_the_document_has_lost_is_good_no_more(scenario, said):
    keep(scenario, described())
    assert isinstance(ask(scenario), Pending)
    said.clients[URL] = described('{"now": 2}', redirect_uris=("https://app.example/new",))
    assert isinstance(ask(scenario), PageError)
    assert isinstance(ask(scenario, redirect_uri="https://app.example/new"), Pending)


def test_without_documents_no_url_is_a_client(scenario):
    keep(scenario, described())
    scenario.server = scenario.make_server()
    answer = ask(scenario)
    assert isinstance(answer, PageError)
    assert answer.error == "invalid_client_id" or "client_id" in answer.description


def test_nobody_gets_past_a_document_by_the_id_that_it_is_kept_under(scenario, said):
    keep(scenario, described())
    assert isinstance(ask(scenario, client_id=kept_id(URL)), PageError)
    assert said.asked == []


def test_one_that_the_operator_has_shut_out_is_nobody_and_its_host_is_not_asked(scenario, said):
    keep(scenario, described(enabled=False, disabled=Halt(1)))
    assert isinstance(ask(scenario), PageError)
    assert said.asked == []


def test_one_that_is_suspended_is_led_nowhere(scenario):
    keep(scenario, described(suspended=Halt(1)))
    answer = ask(scenario)
    assert isinstance(answer, PageError)
    assert answer.status == 403


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"scope": "gone.read"}, "invalid_scope"),
        ({"code_challenge": "", "code_challenge_method": ""}, "invalid_request"),
    ],
    ids=["scope", "no PKCE"],
)
def test_rfc_9700_4_11_2_what_is_wrong_is_said_on_a_page_until_somebody_has_checked_it(
    scenario, said, wrong, error
):
    answer = ask(scenario, **wrong)
    assert isinstance(answer, PageError), answer
    assert (answer.status, answer.error) == (400, error)
    keep(scenario, described(verified_at=1))
    answer = ask(scenario, **wrong)
    assert isinstance(answer, Redirect), answer
    assert scenario.answered(answer)["error"] == error


def test_a_consent_is_remembered_while_the_document_says_the_same(scenario, said):
    client = described(auth_method=AuthMethod.PRIVATE_KEY_JWT, jwks='{"keys": []}')
    said.clients[URL] = client
    keep(scenario, client)
    grant = scenario.grant_for(client)
    assert ask(scenario).context.grant == grant
    said.clients[URL] = replace(client, self_registered=SelfRegistration(2, document_url=URL, document="{ }"))
    assert ask(scenario).context.grant is None


def approval(scenario, grant, text, sequence=1, kind=EventType.GRANTED):
    """What the ledger says of a yes to what a document said."""
    body = json.dumps({"client_registration": {"document_url": URL, "document": text}})
    event = factories.event(grant, sequence=sequence, type=kind, body=body)
    transact(scenario.storage, lambda uow: uow.ledger.append(event))


def test_what_somebody_else_has_answered_makes_no_consent_of_before_count(scenario, said):
    """Section 6.3 of the draft: what was agreed to was another text."""
    client = described("now", auth_method=AuthMethod.PRIVATE_KEY_JWT, jwks='{"keys": []}')
    grant = scenario.grant_for(client)
    itself = replace(client.self_registered, kept_at=grant.created_at + 1)
    said.clients[URL] = keep(scenario, replace(client, self_registered=itself))
    approval(scenario, grant, "before")
    assert ask(scenario).context.grant is None
    approval(scenario, grant, "now", 2, EventType.NARROWED)
    assert ask(scenario).context.grant is None, "taking something back is no yes to what a page says"
    approval(scenario, grant, "now", 3, EventType.AMENDED)
    assert ask(scenario).context.grant == grant


def test_a_request_object_that_is_pushed_names_it_by_its_url(scenario, said):
    key, keys = key_pair("one")
    said.clients[URL] = described(auth_method=AuthMethod.PRIVATE_KEY_JWT, jwks=keys)
    wanted = {
        "client_id": URL,
        "response_type": "code",
        "redirect_uri": REDIRECT_URI,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    now = scenario.clock.now() // 1000
    payload = {**claims(scenario, iss=URL, sub=None, nbf=now), **wanted}
    request = signed(payload, key, typ="oauth-authz-req+jwt")
    pushed = scenario.post("par", {**proof(scenario, key), "client_id": URL, "request": request}, auth=None)
    assert pushed.status == 201, pushed.raw
    pending = scenario.authorize(client_id=URL, request_uri=pushed.json["request_uri"])
    assert isinstance(pending, Pending), pending
    assert pending.request.client_id == kept_id(URL)


def test_a_public_one_pushes_exchanges_and_refreshes(scenario):
    pushed = scenario.post(
        "par",
        {
            "client_id": URL,
            "response_type": "code",
            "redirect_uri": REDIRECT_URI,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        },
        auth=None,
    )
    assert pushed.status == 201, pushed.raw
    pending = scenario.authorize(client_id=URL, request_uri=pushed.json["request_uri"])
    assert isinstance(pending, Pending), pending
    assert pending.request.client_id == kept_id(URL)
    client = keep(scenario, described())
    code = scenario.code(client, code_challenge=CHALLENGE)
    tokens = scenario.exchange(code, auth=None, client_id=URL, code_verifier=VERIFIER)
    assert tokens.status == 200, tokens.raw
    again = scenario.refresh(tokens.json["refresh_token"], auth=None, client_id=URL)
    assert again.status == 200, again.raw


def test_a_pushed_request_whose_document_cannot_be_had_is_lost_to_nobody(scenario, said):
    form = {
        "client_id": URL,
        "response_type": "code",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    uri = scenario.post("par", form, auth=None).json["request_uri"]
    known, said.clients = said.clients, {}
    assert isinstance(scenario.authorize(client_id=URL, request_uri=uri), PageError)
    said.clients = known
    assert isinstance(scenario.authorize(client_id=URL, request_uri=uri), Pending)


def test_a_push_without_a_document_is_refused_in_the_specifications_words(scenario, said):
    said.clients.clear()
    answer = scenario.post("par", {"client_id": URL, "response_type": "code"}, auth=None)
    assert (answer.status, answer.error) == (401, "invalid_client")
    assert "its document cannot be used" in answer.json["error_description"]


@pytest.mark.parametrize("endpoint", ["token", "revoke", "introspect"])
def test_a_url_of_which_nothing_is_kept_is_no_client_anywhere_else_and_nothing_is_fetched(
    scenario, said, endpoint
):
    form = {"grant_type": "refresh_token", "refresh_token": "x", "token": "x", "client_id": URL}
    answer = scenario.post(endpoint, form, auth=None)
    assert (answer.status, answer.error) == (401, "invalid_client")
    assert said.asked == []


def test_it_never_has_a_secret(scenario):
    keep(scenario, described())
    for auth, form in (((URL, "secret"), {}), (None, {"client_id": URL, "client_secret": "secret"})):
        answer = scenario.post(
            "token", {"grant_type": "refresh_token", "refresh_token": "x", **form}, auth=auth
        )
        assert (answer.status, answer.error) == (401, "invalid_client")


def proof(scenario, key, subject=URL):
    """An assertion, signed with a key."""
    assertion = signed(claims(scenario, iss=subject, sub=subject), key)
    return {"client_assertion_type": ASSERTION, "client_assertion": assertion}


def key_pair(name):
    key = ECKey.generate_key("P-256", {"kid": name})
    return key, json.dumps({"keys": [key.as_dict(private=False)]})


def test_it_proves_who_it_is_by_the_keys_of_its_document_now(scenario, said):
    (old, old_set), (new, new_set) = key_pair("old"), key_pair("new")

    def with_keys(keys):
        return described(keys, auth_method=AuthMethod.PRIVATE_KEY_JWT, jwks=keys)

    client = keep(scenario, with_keys(old_set))
    said.clients[URL] = with_keys(old_set)

    def exchange(key):
        code = scenario.code(client, code_challenge=CHALLENGE)
        return scenario.exchange(code, auth=None, code_verifier=VERIFIER, **proof(scenario, key))

    assert exchange(old).status == 200
    said.clients[URL] = with_keys(new_set)
    assert (exchange(old).status, exchange(old).error) == (401, "invalid_client")
    assert exchange(new).status == 200
    said.clients.clear()
    assert exchange(new).status == 401


def test_an_assertion_names_it_by_its_url_and_not_by_what_it_is_kept_under(scenario, said):
    key, keys = key_pair("one")
    client = keep(scenario, described(keys, auth_method=AuthMethod.PRIVATE_KEY_JWT, jwks=keys))
    said.clients[URL] = client
    form = proof(scenario, key, kept_id(URL))
    answer = scenario.post("token", {"grant_type": "refresh_token", "refresh_token": "x", **form}, auth=None)
    assert (answer.status, answer.error) == (401, "invalid_client")


def test_apis_are_told_its_url(scenario):
    client = keep(scenario, described())
    scenario.add_resource_server()
    code = scenario.code(client, code_challenge=CHALLENGE)
    token = scenario.exchange(code, auth=None, client_id=URL, code_verifier=VERIFIER).json["access_token"]
    found = scenario.introspect(token, auth=("api", "factories-client-secret"))
    assert found["client_id"] == URL
    assert shown_id(scenario.server.context, "app") == "app"
    assert shown_id(scenario.server.context, kept_id("https://gone.example/x")).startswith("cimd_")


def test_the_metadata_say_whether_documents_are_taken(scenario):
    assert "client_id_metadata_document_supported" not in scenario.server.metadata()
    registration = replace(scenario.settings.registration, documents=("*",))
    scenario.settings = replace(scenario.settings, registration=registration)
    assert scenario.make_server().metadata()["client_id_metadata_document_supported"] is True


def test_an_ordinary_client_costs_no_look_at_documents(scenario, said):
    assert isinstance(ask(scenario, client_id="app"), Pending)
    assert scenario.pending().request.described == ""
    assert said.asked == []
