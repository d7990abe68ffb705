"""An application that nobody has registered asks by the URL of its document: what its owner, the operator and the
evidence are told, and what is kept of it when."""

from __future__ import annotations

import json

import pytest
from joserfc.jwk import ECKey

from consentcore.domain.client import AuthMethod
from consentcore.domain.described_client import kept_id
from consentcore.egress import EgressError, EgressPolicy
from consentcore.egress.answers import EgressResponse
from tests.support.platform import (
    Request,
    answer,
    exchange,
    introspect,
    make_platform,
    refresh,
    to_consent_page,
    visible,
)

URL = "https://agent.example/client.json"
CALLBACK = "https://agent.example/cb"
DOCUMENT = {
    "client_id": URL,
    "client_name": "Energy Agent",
    "client_uri": "https://agent.example/",
    "logo_uri": "https://agent.example/logo.png",
    "redirect_uris": [CALLBACK],
    "token_endpoint_auth_method": "none",
}
SETTINGS = """
consentcore.registration.documents = agent.example
consentcore.registration.scopes = sites.read comfort.read
"""


class Web(EgressPolicy):
    """What is published. Whoever asks while a transaction of a page is open would fail here."""

    pages: dict = {}  # noqa: RUF012 - of one test, see the fixture

    def get(self, url, headers):
        if url not in self.pages:
            raise EgressError("dns")
        body = json.dumps(self.pages[url]).encode()
        return EgressResponse(
            200, {"content-type": "application/json", "cache-control": "max-age=60"}, body, 1
        )


@pytest.fixture(params=["memory", "sqlalchemy"])
def platform(request, tmp_path, monkeypatch):
    monkeypatch.setattr(Web, "pages", {URL: DOCUMENT})
    made = make_platform(tmp_path, storage=request.param, extra=SETTINGS)
    made.runtime._made["egress"] = Web()
    made.secrets[URL] = ""
    yield made
    made.runtime.close()


def asking(**changes):
    return Request(URL, CALLBACK, **changes)


def kept(platform):
    with platform.runtime.storage.reading() as uow:
        return uow.clients.get(kept_id(URL))


def test_who_only_asks_leaves_nothing(platform):
    for state in ("a", "b"):
        platform.browser().get(asking(state=state).url, status=303)
    to_consent_page(platform, asking())
    assert kept(platform) is None


def test_the_owner_reads_whose_it_is_and_that_nobody_has_checked_it(platform):
    _, page = to_consent_page(platform, asking())
    text = visible(page)
    assert "Energy Agent describes itself at agent.example , and chose that name itself." in text
    assert "Not checked by" in text
    assert "logo.png" not in page.text, "no browser asks a stranger for a picture"
    assert 'href="https://agent.example/"' not in page.text


def test_what_is_allowed_is_used_shown_and_recorded_with_the_document(platform):
    request = asking()
    browser, page = to_consent_page(platform, request)
    tokens = exchange(platform, request, answer(page, "approve")["code"]).json
    assert introspect(platform, tokens["access_token"])["client_id"] == URL
    assert refresh(platform, tokens["refresh_token"], URL).status_int == 200
    client = kept(platform)
    assert client.self_registered.document_url == URL
    assert json.loads(client.self_registered.document) == DOCUMENT
    assert "Energy Agent" in browser.get("/consents").text
    with platform.runtime.storage.reading() as uow:
        (grant,) = uow.grants.all(client_id=client.client_id, limit=9)
        (event,) = uow.ledger.of_grant(grant.grant_id)
    said = json.loads(event.body)["client_registration"]
    assert (said["registered_by"], said["document_url"]) == ("itself", URL)
    assert json.loads(said["document"]) == DOCUMENT
    assert said["registered_at"]
    assert "describes itself at agent.example" in visible(browser.get(f"/consents/{grant.grant_id}"))


def test_a_no_is_recorded_too_and_said_to_have_been_to_somebody_nobody_knows(platform):
    browser, page = to_consent_page(platform, asking())
    assert answer(page, "deny")["error"] == "access_denied"
    assert kept(platform).name == "Energy Agent"
    denied = browser.get("/consents/history").click("Details")
    for page in (denied, denied.click("Receipt")):
        assert "Energy Agent describes itself at agent.example , and chose that name itself." in visible(page)
        assert "Allow it something" not in visible(page)


def test_what_the_owner_has_read_counts_and_not_what_the_document_says_by_then(platform):
    _, page = to_consent_page(platform, asking())
    Web.pages[URL] = {**DOCUMENT, "client_name": "Your Bank", "redirect_uris": ["https://evil.example/cb"]}
    assert "code" in answer(page, "approve")
    assert (kept(platform).name, kept(platform).redirect_uris) == ("Energy Agent", (CALLBACK,))


def test_a_document_that_has_changed_is_what_the_next_owner_reads(platform, monkeypatch):
    _, page = to_consent_page(platform, asking())
    answer(page, "approve")
    later = platform.runtime.clock.now() + 61_000
    monkeypatch.setattr(type(platform.runtime.clock), "now", lambda _self: later)
    Web.pages[URL] = {**DOCUMENT, "client_name": "Renamed Agent"}
    _, page = to_consent_page(platform, asking())
    assert "Renamed Agent describes itself at" in visible(page)
    assert kept(platform).name == "Energy Agent"
    answer(page, "approve")
    assert kept(platform).name == "Renamed Agent"


KEY = ECKey.generate_key("P-256", {"kid": "one"})
SIGNING = {
    **DOCUMENT,
    "token_endpoint_auth_method": "private_key_jwt",
    "jwks": {"keys": [KEY.as_dict(private=False)]},
}


@pytest.fixture
def later(platform, monkeypatch):
    """Lets time go by, so that documents are read anew."""
    kind = type(platform.runtime.clock)
    now, gone = kind.now, [0]
    monkeypatch.setattr(kind, "now", lambda clock: now(clock) + gone[0])

    def go_by():
        gone[0] += 61_000

    return go_by


def is_asked(browser, state):
    return "/consent?" in browser.get(asking(state=state).url, status=303).location


def test_nobody_elses_yes_makes_a_consent_of_before_count_for_what_its_owner_has_not_read(platform, later):
    platform.add_owner("bob@example.org", "Bob")
    Web.pages[URL] = SIGNING
    ada, page = to_consent_page(platform, asking())
    answer(page, "approve")
    assert not is_asked(ada, "same")
    later()
    Web.pages[URL] = {**SIGNING, "client_name": "Quite Another Company"}
    _, page = to_consent_page(platform, asking(state="b"), "bob@example.org")
    assert "code" in answer(page, "approve")
    later()
    page = ada.get(asking(state="new").url, status=303).follow()
    assert "Quite Another Company" in visible(page)
    answer(page, "approve")
    later()
    assert not is_asked(ada, "read")


def test_what_is_kept_never_goes_back_to_an_older_reading(platform, later):
    platform.add_owner("bob@example.org", "Bob")
    _, old = to_consent_page(platform, asking())
    later()
    Web.pages[URL] = SIGNING
    _, page = to_consent_page(platform, asking(state="b"), "bob@example.org")
    answer(page, "approve")
    assert old.forms[0].submit("decision", value="approve", expect_errors=True).status_int == 410
    assert kept(platform).auth_method is AuthMethod.PRIVATE_KEY_JWT


def test_the_operator_shuts_it_out_by_its_url(platform):
    request = asking()
    _, page = to_consent_page(platform, request)
    tokens = exchange(platform, request, answer(page, "approve")["code"]).json
    platform.runtime.client_access.disable(URL, by="ops", reason="phishing")
    assert kept(platform).enabled is False
    assert introspect(platform, tokens["access_token"]) == {"active": False}
    assert platform.browser().get(asking(state="again").url, status=400).status_int == 400


def test_a_request_that_nobody_answers_leaves_nothing_of_an_application_that_nobody_knows(platform):
    to_consent_page(platform, asking())
    runtime = platform.runtime
    with runtime.storage.reading() as uow:
        (waiting,) = uow.interactions.expired(runtime.clock.now() + 86_400_000, 9)
    with runtime.storage.transaction() as uow:
        runtime.service.unanswered.abandon(uow, waiting)
    assert kept(platform) is None
    with runtime.storage.reading() as uow:
        assert list(uow.grants.all(limit=9)) == []


@pytest.mark.parametrize("url", ["https://evil.example/client.json", "https://agent.example", f"{URL}#x"])
def test_urls_that_are_not_let_in_are_refused_on_a_page(platform, url):
    Web.pages[url] = {**DOCUMENT, "client_id": url}
    page = platform.browser().get(Request(url, CALLBACK).url, status=400)
    assert "invalid_client" in page.text


def test_the_metadata_say_that_documents_are_taken(platform):
    found = platform.browser().get("/.well-known/oauth-authorization-server").json
    assert found["client_id_metadata_document_supported"] is True
    assert "registration_endpoint" not in found
