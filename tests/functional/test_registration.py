"""An application registers itself and is used: what the owner, the operator and the evidence are told of it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from webtest import TestApp

from consentcore.app import app_from_runtime
from consentcore.config import load_ini
from consentcore.runtime import build_runtime
from consentcore.testing import factories
from tests.support.account import mails
from tests.support.platform import (
    ISSUER,
    PREFIX,
    Request,
    answer,
    connect,
    exchange,
    introspect,
    make_platform,
    to_consent_page,
    visible,
)

OPEN = """
consentcore.registration.endpoint = open
consentcore.registration.scopes = sites.read comfort.read
consentcore.registration.audiences = https://api.example
"""
AGENT = {
    "client_name": "Agent",
    "redirect_uris": ["https://agent.example/cb"],
    "token_endpoint_auth_method": "none",
    "client_uri": "https://agent.example/about",
}
METADATA = "/.well-known/oauth-authorization-server"


@pytest.fixture(params=["memory", "sqlalchemy"])
def platform(request, tmp_path):
    made = make_platform(tmp_path, storage=request.param, extra=OPEN)
    yield made
    made.runtime.close()


def register(platform, **members):
    told = platform.browser().post_json(f"{PREFIX}/register", {**AGENT, **members}, status=201).json
    platform.secrets[told["client_id"]] = told.get("client_secret", "")
    return told


def test_without_the_setting_there_is_no_such_endpoint(tmp_path):
    platform = make_platform(tmp_path)
    platform.browser().post_json(f"{PREFIX}/register", AGENT, status=404)
    assert "registration_endpoint" not in platform.browser().get(METADATA).json
    platform.runtime.close()


def test_the_metadata_say_where_to_register(platform):
    assert platform.browser().get(METADATA).json["registration_endpoint"] == f"{ISSUER}{PREFIX}/register"


def test_a_stranger_is_used_like_any_other_application_and_said_to_be_one(platform):
    told = register(platform)
    request = Request(
        told["client_id"], "https://agent.example/cb", extra={"resource": "https://api.example"}
    )
    browser, page = to_consent_page(platform, request)
    assert "Agent has registered itself here, and chose that name itself." in visible(page)
    assert 'href="https://agent.example/about"' not in page.text, "no link of a stranger's choice"
    tokens = exchange(platform, request, answer(page, "approve")["code"]).json
    assert introspect(platform, tokens["access_token"])["client_id"] == told["client_id"]
    grant = browser.get("/consents").html
    assert "Agent" in str(grant)
    with platform.runtime.storage.reading() as uow:
        (stored,) = uow.grants.all(client_id=told["client_id"], limit=9)
        (event,) = uow.ledger.of_grant(stored.grant_id)
    assert "Agent has registered itself here" in visible(browser.get(f"/consents/{stored.grant_id}"))
    said = json.loads(event.body)["client_registration"]
    assert said["registered_by"] == "itself"
    assert "verified_at" not in said


def test_mail_of_a_yes_to_a_stranger_says_that_nobody_has_checked_it(platform):
    told = register(platform)
    request = Request(told["client_id"], "https://agent.example/cb")
    for scope in ("sites.read", "sites.read comfort.read"):
        _, page = to_consent_page(platform, replace(request, scope=scope))
        answer(page, "approve")
        mail = mails(platform, "ada@example.org")[-1]
        for form in ("plain", "html"):
            text = " ".join(mail.get_body((form,)).get_content().split())
            assert "has checked who is behind it." in text
    connect(platform)
    known = mails(platform, "ada@example.org")[-1].get_body(("plain",)).get_content()
    assert "has checked" not in known


def test_no_to_a_stranger_stands_beside_the_warning_and_says_nothing_of_allowing(platform):
    told = register(platform)
    browser, page = to_consent_page(platform, Request(told["client_id"], "https://agent.example/cb"))
    assert "Allow it something only if you have just come from it." in visible(page)
    answer(page, "deny")
    denied = visible(browser.get("/consents/history").click("Details"))
    assert "Agent got nothing" in denied
    assert "Agent has registered itself here, and chose that name itself. Nobody at" in denied
    assert "Allow it something" not in denied
    verify(platform, told["client_id"])
    assert "has registered itself" not in visible(browser.get("/consents/history").click("Details"))


def verify(platform, client_id):
    clients = platform.runtime.clients
    with platform.runtime.storage.transaction() as uow:
        client = clients.find(uow, client_id)
        clients.revise(uow, client_id, clients.prepare_revision(client, {"verified": True}))


@pytest.mark.parametrize(
    "changes", [{"scope": "alarms.read"}, {"extra": {"prompt": "none"}}], ids=["error", "silent"]
)
def test_rfc_9700_4_11_2_nobody_is_led_to_an_address_of_its_choice_unasked(platform, changes):
    told = register(platform)
    request = Request(told["client_id"], "https://agent.example/cb", **changes)
    assert "Location" not in platform.browser().get(request.url, status=400).headers
    verify(platform, told["client_id"])
    assert "error=" in platform.browser().get(request.url, status=303).location


def test_who_has_to_sign_in_first_is_warned_there(platform):
    told = register(platform)
    page = platform.browser().get(Request(told["client_id"], "https://agent.example/cb").url).follow()
    assert "Sign in to answer Agent" in visible(page)
    assert "Agent has registered itself here, and chose that name itself." in visible(page)


LINKS = ("https://agent.example/about", "https://agent.example/privacy")


def links_of_its_own(page):
    return [one["href"] for one in page.html.find_all("a", href=True) if one["href"] in LINKS]


@pytest.mark.parametrize("decision", ["approve", "deny"])
def test_no_page_of_an_answer_has_links_of_its_choice(platform, decision):
    told = register(platform, policy_uri=LINKS[1])
    browser, page = to_consent_page(platform, Request(told["client_id"], "https://agent.example/cb"))
    answer(page, decision)
    with platform.runtime.storage.reading() as uow:
        (grant,) = uow.grants.all(client_id=told["client_id"], limit=9)
        (event,) = uow.ledger.of_grant(grant.grant_id)
    receipt = platform.runtime.receipts.links.name(event.event_id)
    pages = [f"/consents/{grant.grant_id}", f"/receipts/{receipt}"]
    assert [links_of_its_own(browser.get(one)) for one in pages] == [[], []]
    verify(platform, told["client_id"])
    assert all(links_of_its_own(browser.get(one)) for one in pages), (
        "the same pages have them once it is checked"
    )


def test_the_server_posts_nowhere_for_it_until_the_operator_has_checked_it(platform):
    told = register(platform, token_endpoint_auth_method="client_secret_basic")
    browser = platform.browser()
    browser.authorization = ("Basic", (told["client_id"], told["client_secret"]))
    wanted = {"url": "https://hooks.agent.example/"}
    refused = browser.post_json("/api/v1/endpoints", wanted, status=403)
    assert refused.json["error"] == "unauthorized_client"
    with platform.runtime.storage.transaction() as uow:
        endpoint = factories.endpoint(told["client_id"], url="https://hooks.agent.example/")
        uow.clients.add_endpoint(endpoint)
    path = f"/api/v1/endpoints/{endpoint.endpoint_id}"
    assert browser.patch_json(path, wanted, status=403).json["error"] == "unauthorized_client"
    assert browser.post_json(f"{path}/test", {}, status=403).json["error"] == "unauthorized_client"
    assert browser.get("/api/v1/endpoints").json
    browser.delete(path, status=204)


@pytest.mark.parametrize("url", ["https://192.168.7.7/k", "http://127.0.0.1:9/k"])
def test_a_refused_key_set_says_nothing_of_the_operators_networks(platform, url):
    assert platform.runtime.egress.allow_networks
    members = {**AGENT, "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": url}
    told = platform.browser().post_json(f"{PREFIX}/register", members, status=400).json
    assert told["error"] == "invalid_client_metadata"
    assert "127.0.0.0" not in told["error_description"]


def test_nothing_is_looked_up_for_who_registers(platform, monkeypatch):
    def looked_up(*_):
        raise AssertionError("looked up")

    monkeypatch.setattr("socket.getaddrinfo", looked_up)
    register(
        platform, token_endpoint_auth_method="private_key_jwt", jwks_uri="https://keys.agent.example/set"
    )


def test_once_the_operator_has_checked_it_the_warning_goes(platform):
    told = register(platform)
    verify(platform, told["client_id"])
    _, page = to_consent_page(platform, Request(told["client_id"], "https://agent.example/cb"))
    assert "registered itself" not in visible(page)


def test_the_operator_may_shut_it_out(platform):
    told = register(platform)
    platform.runtime.client_access.disable(told["client_id"], by="ops", reason="phishing")
    request = Request(told["client_id"], "https://agent.example/cb")
    assert platform.browser().get(request.url, status=400).status_int == 400


def test_it_gets_no_scope_and_no_api_that_is_not_open(platform):
    told = register(platform)
    for changes, error in (
        ({"scope": "alarms.read"}, "invalid_scope"),
        ({"extra": {"resource": "https://other.example"}}, "invalid_target"),
    ):
        request = Request(told["client_id"], "https://agent.example/cb", **changes)
        assert error in platform.browser().get(request.url, status=400).text


def test_nothing_of_it_can_be_read_or_changed_at_the_endpoint(platform):
    told = register(platform)
    assert not {"registration_client_uri", "registration_access_token"} & told.keys()
    browser = TestApp(platform.app)
    for method in (browser.get, browser.put, browser.delete):
        assert method(f"{PREFIX}/register", expect_errors=True).status_int == 405


@pytest.mark.parametrize("scopes", ["", "gone.read", "devices.control"])
def test_a_start_with_scopes_that_cannot_be_open_is_refused(tmp_path, scopes):
    from consentcore.domain.errors import ConfigurationError

    platform = make_platform(
        tmp_path,
        extra=f"consentcore.registration.endpoint = open\nconsentcore.registration.scopes = {scopes}",
    )
    with pytest.raises(ConfigurationError, match=r"consentcore\.registration\.scopes"):
        platform.runtime.check()
    platform.runtime.close()


def test_an_operator_makes_lists_and_ends_what_lets_applications_in(cli):
    made = cli("registration-token", "create", "--note", "for Agent", "--uses", "2", "--json").json
    assert made["initial_access_token"].startswith("ccg_")
    (listed,) = cli("registration-token", "list", "--json").json
    assert (listed["token_id"], listed["note"], listed["uses"], listed["used"]) == (
        made["token_id"],
        "for Agent",
        2,
        0,
    )
    assert made["initial_access_token"] not in str(listed)
    assert cli("registration-token", "end", made["token_id"]).code == 0
    assert cli("registration-token", "end", made["token_id"]).code == 1
    assert cli("registration-token", "list", "--json").json == []
    assert cli("registration-token", "create", "--days", "0").code == 2


def test_an_operator_sees_in_the_list_who_has_registered_itself(cli):
    cli.set("consentcore.registration.endpoint = open", "consentcore.registration.scopes = sites.read")
    runtime = build_runtime(load_ini(str(cli.ini)))
    app = TestApp(app_from_runtime(runtime))
    told = app.post_json(f"{PREFIX}/register", AGENT, status=201).json
    runtime.close()
    assert "application, registered itself" in cli("client", "list").out
    shown = cli("client", "show", told["client_id"], "--json").json
    assert shown["self_registered"]["document_url"] == ""
    assert cli("client", "update", told["client_id"], "--verified").code == 0
    assert "registered itself" not in cli("client", "list").out
