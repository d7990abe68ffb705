"""An application manages its grants (Grant Management for OAuth 2.0), from the browser to the API and back."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from consentcore.api import transact
from tests.support.platform import (
    CALLBACK,
    PREFIX,
    Request,
    answer,
    exchange,
    introspect,
    make_platform,
    refresh,
    sign_in,
    to_consent_page,
    visible,
)

SETTING = "\nconsentcore.oauth.grant_management = on"


@pytest.fixture
def platform(tmp_path):
    made = make_platform(tmp_path, storage="sqlalchemy", extra=SETTING)
    for client_id in ("coolsite", "shiftplan"):
        allow(made, client_id)
    yield made
    made.runtime.close()


def allow(platform, client_id):
    def change(uow):
        uow.clients.update(replace(uow.clients.get(client_id), grant_management=True))

    transact(platform.runtime.storage, change)


def told(response):
    assert response.location.startswith(CALLBACK + "?"), response.location
    return {name: values[0] for name, values in parse_qs(urlsplit(response.location).query).items()}


def asking(action, scope="sites.read", grant_id="", **more):
    extra = {"grant_management_action": action, "grant_id": grant_id, **more.pop("extra", {})}
    return Request(scope=scope, extra=extra, **more)


def created(platform, scope="sites.read"):
    """A browser whose owner has allowed a new grant, and the token answer."""
    request = asking("create", scope)
    browser, page = to_consent_page(platform, request)
    return browser, exchange(platform, request, answer(page, "approve")["code"]).json


def own_token(platform, scope="grant_management_query grant_management_revoke", client_id="coolsite"):
    auth = {"client_id": client_id, "client_secret": platform.secrets[client_id]}
    form = {"grant_type": "client_credentials", "scope": scope, **auth}
    return platform.browser().post(f"{PREFIX}/token", form).json["access_token"]


def manage(platform, method, grant_id, **options):
    headers = {"Authorization": f"Bearer {own_token(platform)}"}
    return getattr(platform.browser(), method)(f"{PREFIX}/grants/{grant_id}", headers=headers, **options)


def notices(platform):
    with platform.runtime.storage.reading() as uow:
        return [
            event.type.value for grant in uow.grants.all() for event in uow.ledger.of_grant(grant.grant_id)
        ]


def test_from_create_to_merge_replace_query_and_revoke(platform):
    browser, tokens = created(platform)
    grant_id = tokens["grant_id"]
    asked = manage(platform, "get", grant_id).json
    assert asked["scopes"] == [{"scope": "sites.read"}]

    merge = asking("merge", "comfort.read", grant_id)
    page = browser.get(merge.url, status=303).follow()
    assert "You allowed these before, and they stay as they are" in visible(page)
    more = exchange(platform, merge, answer(page, "approve")["code"]).json
    assert more["grant_id"] == grant_id
    assert refresh(platform, tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert introspect(platform, tokens["access_token"])["active"] is True
    assert manage(platform, "get", grant_id).json["scopes"] == [{"scope": "comfort.read sites.read"}]

    instead = asking("replace", "comfort.read", grant_id)
    page = browser.get(instead.url, status=303).follow()
    assert "You allowed these before, and they end if you approve" in visible(page)
    assert "they stay as they are" not in visible(page)
    last = exchange(platform, instead, answer(page, "approve")["code"]).json
    assert manage(platform, "get", grant_id).json["scopes"] == [{"scope": "comfort.read"}]
    assert introspect(platform, tokens["access_token"]).get("scope", "") == ""

    manage(platform, "delete", grant_id, status=204)
    assert introspect(platform, last["access_token"]) == {"active": False}
    assert refresh(platform, last["refresh_token"]).json["error"] == "invalid_grant"
    manage(platform, "get", grant_id, status=404)
    assert notices(platform) == ["granted", "amended", "amended", "closed"]
    history = visible(browser.get("/consents/history"))
    assert "CoolSite" in history


def test_a_grant_that_stands_is_not_created_again(platform):
    browser, tokens = created(platform)
    refused = told(browser.get(asking("create").url, status=303))
    assert refused["error"] == "invalid_request"
    page = platform.browser().get(asking("create", state="s").url, status=303).follow()
    form = page.forms[0]
    form["email"], form["password"] = "ada@example.org", "correct horse battery"
    consent = form.submit(headers={"Origin": "http://127.0.0.1:6543"}, status=303)
    refused = told(consent.follow(status=303))
    assert (refused["error"], refused["state"]) == ("invalid_request", "s")
    assert notices(platform) == ["granted"]
    assert manage(platform, "get", tokens["grant_id"]).status_int == 200


@pytest.mark.parametrize("action", ["merge", "replace"])
def test_who_signs_in_is_not_whose_grant_it_is(platform, action):
    """Section 5.4; as if there were none, and nothing is changed."""
    _, tokens = created(platform)
    asked = asking(action, grant_id=tokens["grant_id"], state="s")
    browser = platform.browser()
    consent = browser.get(asked.url, status=303).follow()
    form = consent.forms[0]
    form["email"], form["password"] = "grace@example.org", "correct horse battery"
    landed = form.submit(headers={"Origin": "http://127.0.0.1:6543"}, status=303)
    assert told(landed.follow(status=303))["error"] == "invalid_grant_id"
    assert told(browser.get(asked.url, status=303))["error"] == "invalid_grant_id"
    assert notices(platform) == ["granted"]


def test_a_grant_that_ended_while_the_page_was_open_is_told_to_the_application(platform):
    browser, tokens = created(platform)
    page = browser.get(asking("merge", "comfort.read", tokens["grant_id"]).url, status=303).follow()
    manage(platform, "delete", tokens["grant_id"], status=204)
    assert answer(page, "approve")["error"] == "invalid_grant_id"
    assert notices(platform) == ["granted", "closed"]


def test_prompt_none_does_not_change_a_grant(platform):
    browser, tokens = created(platform)
    asked = asking("merge", grant_id=tokens["grant_id"], extra={"prompt": "none"})
    assert told(browser.get(asked.url, status=303))["error"] == "consent_required"


def test_other_peoples_and_other_clients_grants_are_unknown(platform):
    _, tokens = created(platform)
    other = own_token(platform, client_id="shiftplan")
    for grant_id in (tokens["grant_id"], "never", "../x"):
        for method in ("get", "delete"):
            found = getattr(platform.browser(), method)(
                f"{PREFIX}/grants/{grant_id}", headers={"Authorization": f"Bearer {other}"}, status=404
            )
            assert "sites.read" not in found.text
    assert notices(platform) == ["granted"]


def test_where_it_is_off_there_is_no_such_address(tmp_path):
    platform = make_platform(tmp_path)
    platform.browser().get(f"{PREFIX}/grants/x", status=404)
    told_ = platform.browser().get("/.well-known/oauth-authorization-server").json
    assert "grant_management_endpoint" not in told_
    platform.runtime.close()


def test_a_sign_in_that_is_wanted_comes_before_the_grant(platform):
    """Somebody else may be meant."""
    browser, tokens = created(platform)
    asked = asking("merge", "comfort.read", tokens["grant_id"], extra={"prompt": "login"})
    page = sign_in(browser, browser.get(asked.url, status=303).follow())
    assert "code" in answer(page, "approve")
