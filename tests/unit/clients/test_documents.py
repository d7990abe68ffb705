"""Client ID metadata documents: fetched through the guard, held against the rules, kept within bounds."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field

import pytest
from joserfc.jwk import ECKey

from consentcore.clients import documents as module
from consentcore.clients.documents import LONGEST, MAX_BYTES, PAUSE, SHORTEST, USUAL, Documents
from consentcore.clients.strangers import StrangerRules
from consentcore.domain.client import AuthMethod
from consentcore.domain.described_client import kept_id
from consentcore.egress import Busy, EgressError, EgressPolicy
from consentcore.egress.answers import EgressResponse
from consentcore.egress.errands import Elsewhere, served_at
from consentcore.oauth.client_documents import DocumentRefused
from consentcore.testing.fakes import ManualClock
from consentcore.testing.scenario import CATALOG
from consentcore.testing.threads import together

URL = "https://app.example/client.json"
SOUND = {"client_id": URL, "client_name": "Agent", "redirect_uris": ["https://app.example/cb"]}
JSON = {"content-type": "application/json"}


def egress_of(get):
    """A guard whose requests go to ``get``."""

    class Guard(EgressPolicy):
        def get(self, url, headers):
            return get(url)

    return Guard()


@dataclass
class Web:
    """What is published, and what was asked for."""

    pages: dict = field(default_factory=dict)
    asked: list = field(default_factory=list)
    clock: ManualClock = field(default_factory=ManualClock)

    def get(self, url):
        self.asked.append(url)
        page = self.pages.get(url)
        if page is None:
            raise EgressError("dns")
        return page

    def publish(self, members=None, *, url=URL, status=200, headers=JSON, body=None):
        text = json.dumps(SOUND if members is None else members).encode() if body is None else body
        self.pages[url] = EgressResponse(status, headers, text, 1)

    def documents(self, *hosts, profile=""):
        rules = StrangerRules(("sites.read", "comfort.read"), ("https://api.example",))
        return Documents(
            lambda: egress_of(self.get), self.clock, CATALOG, rules, hosts=hosts or ("*",), profile=profile
        )


@pytest.fixture
def web():
    made = Web()
    made.publish()
    return made


def refusal(documents, url=URL):
    with pytest.raises(DocumentRefused) as caught:
        documents.current(url, None)
    return str(caught.value)


def test_a_document_describes_a_client(web):
    client = web.documents().current(URL, None)
    assert (client.client_id, client.name, client.auth_method) == (kept_id(URL), "Agent", AuthMethod.NONE)
    assert (client.scopes, client.audiences) == (("sites.read", "comfort.read"), ("https://api.example",))
    assert (client.redirect_uris, client.secrets) == (("https://app.example/cb",), ())
    said = client.self_registered
    assert (said.document_url, said.document, said.at) == (URL, json.dumps(SOUND), web.clock.now())
    assert client.verified_at is None
    assert client.require_pkce


def test_a_document_without_a_name_is_called_by_its_url(web):
    web.publish({**SOUND, "client_name": None})
    assert web.documents().current(URL, None).name == URL


def test_keys_prove_who_it_is_and_secrets_cannot(web):
    keys = {"keys": [ECKey.generate_key("P-256").as_dict(private=False)]}
    web.publish({**SOUND, "token_endpoint_auth_method": "private_key_jwt", "jwks": keys})
    client = web.documents().current(URL, None)
    assert (client.auth_method, json.loads(client.jwks)) == (AuthMethod.PRIVATE_KEY_JWT, keys)


@pytest.mark.parametrize(
    ("members", "names"),
    [
        ({"client_id": URL + "/"}, "client_id"),
        ({"client_id": None}, "client_id"),
        ({"client_id": URL.upper()}, "client_id"),
        ({"redirect_uris": ["http://app.example/cb"]}, "redirect_uris"),
        ({"redirect_uris": []}, "redirect_uris"),
        ({"client_secret": "x"}, "client_secret"),
        ({"client_secret_expires_at": 0}, "client_secret_expires_at"),
        ({"software_statement": "x.y.z"}, "software_statement"),
        ({"token_endpoint_auth_method": "client_secret_basic"}, "token_endpoint_auth_method"),
        ({"token_endpoint_auth_method": "client_secret_post"}, "token_endpoint_auth_method"),
        ({"token_endpoint_auth_method": "client_secret_jwt"}, "token_endpoint_auth_method"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "jwks"),
        ({"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://127.0.0.1/k"}, "jwks_uri"),
        ({"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "http://app.example/k"}, "jwks_uri"),
        ({"scope": "device.act"}, "scope"),
        ({"client_name": "Coo\u202elSite"}, "client_name"),
        ({"logo_uri": "javascript:alert(1)"}, "logo_uri"),
        ({"response_types": ["token"]}, "response_types"),
    ],
    ids=str,
)
def test_what_is_wrong_with_a_document_is_named(web, members, names):
    web.publish({**SOUND, **members})
    assert f"{names}: " in refusal(web.documents())


def test_what_every_application_is_held_to_holds_for_documents(web):
    assert "token_endpoint_auth_method: " in refusal(web.documents(profile="fapi2"))


def test_scopes_that_are_not_open_here_are_left_out_of_what_it_may_ask(web):
    web.publish({**SOUND, "scope": "comfort.read device.act openid"})
    assert web.documents().current(URL, None).scopes == ("comfort.read",)


@pytest.mark.parametrize(
    "page",
    [
        {"status": 404},
        {"status": 301, "headers": {**JSON, "location": "https://app.example/other"}},
        {"status": 204},
        {"headers": {}},
        {"headers": {"content-type": "text/html"}},
        {"headers": {"content-type": "application/jsonp"}},
        {"headers": {**JSON, "content-encoding": "gzip"}},
        {"body": b"[]"},
        {"body": b"\xff"},
        {"body": b'{"client_id": "a", "client_id": "b"}'},
        {"body": b"[" * 4000},
        {"members": {**SOUND, "padding": "x" * MAX_BYTES}},
    ],
    ids=[
        "404",
        "redirect",
        "204",
        "no-type",
        "html",
        "jsonp",
        "gzip",
        "array",
        "utf8",
        "twice",
        "deep",
        "large",
    ],
)
def test_what_is_no_document_is_refused(web, page):
    web.publish(**page)
    assert "its document cannot be used: " in refusal(web.documents())


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", "application/x.app+json", "Application/JSON"]
)
def test_json_by_any_of_its_names_is_read(web, kind):
    web.publish(headers={"content-type": kind})
    assert web.documents().current(URL, None).name == "Agent"


def test_nothing_is_asked_of_a_host_that_is_not_let_in(web):
    assert "of a host that is let in" in refusal(web.documents("other.example", "*.app.example"))
    assert refusal(web.documents(), "https://app.example/a/../b").startswith("client_id: ")
    assert web.asked == []


def test_nothing_that_a_document_names_is_fetched(web):
    web.publish({**SOUND, "logo_uri": "https://app.example/l.png", "tos_uri": "https://app.example/t"})
    web.documents().current(URL, None)
    assert web.asked == [URL]


@pytest.mark.parametrize(
    ("cache_control", "kept"),
    [
        (None, USUAL),
        ("max-age=300", 300_000),
        ("public, max-age=86400", LONGEST),
        ("max-age=1", SHORTEST),
        ("no-store", SHORTEST),
        ("no-cache, max-age=600", SHORTEST),
        ("max-age=soon", USUAL),
        ("max-age=" + "9" * 30, LONGEST),
    ],
)
def test_a_document_counts_as_long_as_its_host_says_within_bounds(web, cache_control, kept):
    web.publish(headers=JSON if cache_control is None else {**JSON, "cache-control": cache_control})
    documents = web.documents()
    documents.current(URL, None)
    web.clock.advance(kept - 1)
    documents.current(URL, None)
    assert len(web.asked) == 1
    web.publish({**SOUND, "client_name": "Renamed"})
    web.clock.advance(1)
    assert documents.current(URL, None).name == "Renamed"
    assert len(web.asked) == 2


def test_a_document_that_is_gone_is_used_no_more(web):
    documents = web.documents()
    documents.current(URL, None)
    web.publish(status=410)
    web.clock.advance(USUAL)
    assert "document" in refusal(documents)


def test_what_was_refused_is_not_kept_and_not_asked_for_again_at_once(web):
    web.publish(status=404)
    documents = web.documents()
    for _ in range(5):
        refusal(documents)
    assert len(web.asked) == 1
    web.publish()
    web.clock.advance(PAUSE)
    assert documents.current(URL, None).name == "Agent"


def test_urls_that_are_made_up_are_not_remembered_without_end(web, monkeypatch):
    monkeypatch.setattr(module, "MOST_TRIED", 3)
    monkeypatch.setattr(module, "MOST_READ", 2)
    documents = web.documents()
    documents.current(URL, None)
    for number in range(10):
        refusal(documents, f"https://app.example/{number}")
    assert len(documents._tried) <= 3
    documents.current(URL, None)
    assert web.asked.count(URL) == 1, "nobody who makes up URLs has a good one forgotten"
    for number in range(5):
        url = f"https://app.example/good{number}"
        web.publish({**SOUND, "client_id": url}, url=url)
        documents.current(url, None)
    assert len(documents._read) <= 2


def test_many_at_once_ask_once(web):
    gate, plain = threading.Event(), web.get

    def slow(url):
        gate.wait(5)
        return plain(url)

    web.get = slow
    documents = web.documents()

    def find(number):
        if number == 5:
            gate.set()
        return documents.current(URL, None).name

    assert together(6, find) == ["Agent"] * 6
    assert len(web.asked) == 1


def test_a_request_that_others_need_waits_elsewhere(web):
    documents, place = web.documents(), Elsewhere()
    with served_at(place), pytest.raises(Busy):
        documents.current(URL, None)
    assert web.asked == []
    assert place.wanted.target == "app.example", "one host is one target, whatever its URLs are"
    with served_at(Elsewhere(frozenset({place.wanted}))):
        documents.current(URL, None)
    with served_at(Elsewhere()):
        assert documents.current(URL, None).name == "Agent", "what is known is known everywhere"


@pytest.mark.parametrize(
    ("hosts", "inside"),
    [(("app.example",), ("127.0.0.0/8",)), (("*",), ()), (("*.example",), ())],
    ids=["by its name", "every host", "by a pattern"],
)
def test_only_hosts_that_the_operator_named_are_asked_inside_networks_that_are_open(web, hosts, inside):
    opened = []

    class Guard(EgressPolicy):
        def get(self, url, headers):
            opened.append(self.allow_networks)
            return web.get(url)

    rules = StrangerRules(("sites.read",), ())
    guard = Guard(allow_networks=("127.0.0.0/8",))
    Documents(lambda: guard, web.clock, CATALOG, rules, hosts=hosts).current(URL, None)
    assert opened == [inside]
