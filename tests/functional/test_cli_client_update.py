"""Changing what an application is registered with."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from joserfc.jwk import ECKey

from consentcore.domain.client import AuthMethod, TokenFormat
from consentcore.domain.errors import InvalidInput
from consentcore.ports.storage import transact
from tests.support.platform import (
    CALLBACK,
    Request,
    answer,
    exchange,
    introspect,
    make_platform,
    refresh,
    to_consent_page,
    visible,
)

URI = "https://app.example/cb"
OTHER = "https://app.example/other"


def create(cli, *more):
    return cli(
        *("client", "create", "--name", "App", "--redirect-uri", URI, "--scope", "comfort.read sites.read"),
        *("--publisher", "Acme", "--client-id", "app", *more, "--json"),
    ).json


def update(cli, *more, client_id="app"):
    return cli("client", "update", client_id, *more, "--json")


def show(cli):
    return cli("client", "show", "app", "--json").json


def keys() -> str:
    return json.dumps({"keys": [ECKey.generate_key("P-256").as_dict(private=False)]})


def test_what_is_given_changes_and_the_rest_stays(cli):
    create(cli, "--require-pkce")
    before = show(cli)
    changed = update(
        cli,
        *("--name", "Other", "--redirect-uri", OTHER, "--scope", "alarms.read", "--publisher", ""),
        *("--no-require-pkce", "--require-par", "--access-token-format", "jwt"),
        *("--resource", "https://api.example", "--contact-email", "dev@app.example"),
    ).json
    assert changed == {
        "client_id": "app",
        "client_secret": None,
        "changed": [
            *("access_token_format", "contact_email", "name", "publisher", "redirect_uris", "require_par"),
            *("require_pkce", "resources", "scopes"),
        ],
    }
    assert show(cli) == {
        **before,
        "name": "Other",
        "redirect_uris": [OTHER],
        "scopes": ["alarms.read"],
        "publisher": "",
        "require_pkce": False,
        "require_par": True,
        "access_token_format": "jwt",
        "resources": ["https://api.example"],
        "contact_email": "dev@app.example",
    }
    assert update(cli, "--name", "Other").json["changed"] == []
    assert update(cli, "--resource", "", "--contact-email", "").json["changed"] == [
        "contact_email",
        "resources",
    ]
    assert (show(cli)["resources"], show(cli)["contact_email"]) == ([], "")


def test_a_method_changes_over_and_takes_its_secrets_and_keys_along(cli):
    created, first, second = create(cli), keys(), keys()
    assert update(cli, "--auth-method", "client_secret_post").json["client_secret"] is None
    assert len(show(cli)["secrets"]) == 1
    assert update(cli, "--auth-method", "private_key_jwt", "--jwks", first).json["client_secret"] is None
    shown = show(cli)
    assert (shown["auth_method"], shown["jwks"], shown["secrets"]) == ("private_key_jwt", first, [])
    assert update(cli, "--auth-method", "private_key_jwt", "--jwks", second).json["changed"] == ["jwks"]
    assert show(cli)["jwks"] == second
    assert update(cli, "--jwks-uri", "http://127.0.0.1:9/keys").code == 0
    assert (show(cli)["jwks"], show(cli)["jwks_uri"]) == ("", "http://127.0.0.1:9/keys")
    again = update(cli, "--auth-method", "client_secret_basic").json
    assert again["client_secret"] not in {None, created["client_secret"]}
    shown = show(cli)
    assert (shown["auth_method"], shown["jwks_uri"], len(shown["secrets"])) == ("client_secret_basic", "", 1)
    assert update(cli, "--auth-method", "none").json["client_secret"] is None
    assert (show(cli)["public"], show(cli)["secrets"]) == (True, [])


def test_what_only_a_confidential_client_may_do_keeps_it_one(cli):
    create(cli, "--grant-management")
    refused = update(cli, "--auth-method", "none")
    assert (refused.code, "--grant-management" in refused.err) == (2, True)
    assert show(cli)["public"] is False
    assert update(cli, "--auth-method", "none", "--no-grant-management").code == 0
    assert (show(cli)["public"], show(cli)["grant_management"]) == (True, False)


def test_a_client_that_becomes_public_signs_no_requests(cli):
    signing = ("--auth-method", "private_key_jwt", "--jwks", keys(), "--request-object-signing-alg", "ES256")
    create(cli, *signing)
    refused = update(cli, "--auth-method", "none", "--jwks", keys())
    assert (refused.code, "--request-object-signing-alg" in refused.err) == (2, True)
    assert show(cli)["public"] is False


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ((), "at least one option"),
        (("--redirect-uri", "http://app.example/cb"), "--redirect-uri"),
        (("--scope", " "), "--scope"),
        (("--scope", "comfort.raed"), "did you mean comfort.read"),
        (("--name", ""), "--name"),
        (("--auth-method", "private_key_jwt"), "--jwks"),
        (("--jwks-uri", "http://127.0.0.1:9/keys"), "--jwks-uri"),
        (("--jwks", "no/such/file"), "a file with one"),
        (("--contact-email", "nobody"), "--contact-email"),
        (("--resource", "meters"), "--resource"),
        (("--webhook-url", "https://app.example/hook"), "No such option"),
    ],
)
def test_what_is_wrong_is_refused_by_name_and_nothing_changes(cli, more, told):
    create(cli)
    before = show(cli)
    result = update(cli, *more, *(["--website", "https://app.example"] if more else []))
    assert (result.code, result.out) == (2, "")
    assert told in result.err
    assert show(cli) == before


def test_who_is_not_there_and_what_is_not_for_an_api_are_refused(cli):
    assert update(cli, "--name", "x", client_id="nobody").code == 1
    cli("client", "create", "--name", "API", "--resource-server", "--client-id", "api", "--json")
    refused = update(cli, "--require-par", client_id="api")
    assert (refused.code, "--require-par: expected nothing for a resource server" in refused.err) == (2, True)
    assert update(cli, "--resource", "https://api.example", client_id="api").code == 0


def test_a_public_client_needs_another_redirect_uri_before_it_can_keep_a_secret(cli):
    cli(
        *("client", "create", "--name", "App", "--redirect-uri", "com.example.app:/cb", "--public"),
        *("--scope", "comfort.read", "--client-id", "app", "--json"),
    )
    refused = update(cli, "--auth-method", "client_secret")
    assert (refused.code, "--redirect-uri" in refused.err) == (2, True)
    assert update(cli, "--auth-method", "client_secret", "--redirect-uri", URI).json["client_secret"]


def test_what_is_registered_is_not_judged_again(platform):
    """The catalog, or a rule, may have changed since."""
    platform.add_client("old", scopes=("gone.read",), redirect_uris=("http://intranet/cb",))
    with platform.runtime.storage.reading() as uow:
        client = uow.clients.get("old")
    assert platform.runtime.clients.prepare_revision(client, {"name": "New"}).values == {"name": "New"}
    with pytest.raises(InvalidInput, match=r"gone\.read"):
        platform.runtime.clients.prepare_revision(client, {"scopes": ("sites.read gone.read",)})


def revised(platform, **given):
    def store(uow):
        client = uow.clients.get("coolsite")
        values = platform.runtime.clients.prepare_revision(client, given).values
        uow.clients.update(replace(client, **values))

    transact(platform.runtime.storage, store)


@pytest.mark.parametrize("decision", ["approve", "deny"])
def test_a_consent_page_leads_to_no_address_that_was_taken_away(platform, decision):
    _, page = to_consent_page(platform, Request())
    revised(platform, redirect_uris=(OTHER,))
    gone = page.forms[0].submit("decision", value=decision, expect_errors=True)
    assert gone.status_int == 410
    assert "Location" not in gone.headers
    assert "start again" in visible(gone)
    with platform.runtime.storage.reading() as uow:
        assert list(uow.grants.all()) == []


def test_consents_and_tokens_outlive_a_change(tmp_path):
    platform = make_platform(tmp_path)
    request = Request(scope="sites.read comfort.read")
    _, page = to_consent_page(platform, request)
    tokens = exchange(platform, request, answer(page, "approve")["code"]).json
    revised(platform, scopes=("sites.read",), access_token_format=TokenFormat.JWT.value)
    assert introspect(platform, tokens["access_token"])["scope"] == "sites.read comfort.read"
    renewed = refresh(platform, tokens["refresh_token"]).json
    assert renewed["access_token"].count(".") == 2
    assert renewed["scope"] == "sites.read comfort.read"
    asked = platform.browser().get(Request(scope="comfort.read").url, status=303)
    assert asked.location.startswith(f"{CALLBACK}?error=invalid_scope")
    revised(platform, auth_method=AuthMethod.SECRET_BASIC.value)
    refused = refresh(platform, renewed["refresh_token"])
    assert (refused.status_int, refused.json["error"]) == (401, "invalid_client")
    platform.runtime.close()


def test_what_an_application_can_do_without_is_registered_and_changed(cli):
    create(cli, "--optional-scope", "comfort.read")
    assert show(cli)["optional_scopes"] == ["comfort.read"]
    assert update(cli, "--optional-scope", "sites.read comfort.read").json["changed"] == ["optional_scopes"]
    assert show(cli)["optional_scopes"] == ["sites.read", "comfort.read"]
    refused = update(cli, "--optional-scope", "alarms.read")
    assert (refused.code, show(cli)["optional_scopes"]) == (2, ["sites.read", "comfort.read"])
    assert "--optional-scope: expected only what scopes has, not 'alarms.read'" in refused.err
    assert update(cli, "--optional-scope", "").json["changed"] == ["optional_scopes"]
    assert show(cli)["optional_scopes"] == []
