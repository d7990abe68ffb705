"""Applications that are held to FAPI 2.0, as an operator registers them, and what ``plugins check`` says of others."""

from __future__ import annotations

import json

import pytest
from joserfc.jwk import ECKey

from tests.support.client_certificates import certificate

COMMON = ("--name", "Cool", "--redirect-uri", "https://cool.example/cb", "--scope", "sites.read")
KEYED = ("--auth-method", "private_key_jwt", "--jwks")


@pytest.fixture(scope="module")
def jwks():
    return json.dumps({"keys": [ECKey.generate_key("P-256").as_dict(private=False)]})


def settle(cli, **settings):
    lines = [f"consentcore.oauth.{name} = {value}" for name, value in settings.items()]
    cli.ini.write_text("\n".join([cli.ini.read_text(), *lines, ""]))


def test_99_client_is_created_for_the_profile_or_told_what_it_lacks(cli, jwks):
    refused = cli("client", "create", *COMMON, "--profile", "fapi2")
    assert refused.code == 2
    assert "--auth-method" in refused.err
    assert "private_key_jwt" in refused.err
    made = cli("client", "create", *COMMON, "--profile", "fapi2", *KEYED, jwks, "--json").json
    assert made["client_secret"] is None
    shown = cli("client", "show", made["client_id"], "--json").json
    assert (shown["profile"], shown["auth_method"]) == ("fapi2", "private_key_jwt")
    unknown = cli("client", "update", made["client_id"], "--profile", "fapi3")
    assert (unknown.code, "--profile: expected one of fapi2" in unknown.err) == (2, True)


def test_99_client_is_held_to_the_profile_later(cli, jwks):
    made = cli("client", "create", *COMMON, "--json").json
    refused = cli("client", "update", made["client_id"], "--profile", "fapi2")
    assert (refused.code, "--auth-method" in refused.err) == (2, True)
    changed = cli("client", "update", made["client_id"], "--profile", "fapi2", *KEYED, jwks)
    assert changed.code == 0, changed.err
    shown = cli("client", "show", made["client_id"], "--json").json
    assert (shown["profile"], shown["secrets"]) == ("fapi2", [])


def test_99_client_is_registered_by_its_certificate(cli):
    method = ("--auth-method", "self_signed_tls_client_auth", "--jwks", certificate().jwks)
    made = cli("client", "create", *COMMON, *method, "--json").json
    assert made["client_secret"] is None
    named = ("--auth-method", "tls_client_auth", "--tls-client-auth", "subject_dn:CN=app,O=Cool")
    assert cli("client", "update", made["client_id"], *named).code == 0
    shown = cli("client", "show", made["client_id"], "--json").json
    assert (shown["tls_client_auth"], shown["jwks"]) == ("subject_dn:CN=app,O=Cool", "")
    wrong = cli("client", "update", made["client_id"], "--tls-client-auth", "app")
    assert (wrong.code, "--tls-client-auth: expected" in wrong.err) == (2, True)


def test_100_check_says_what_a_deployment_lacks_for_the_profile(cli, jwks):
    weak = cli("client", "create", *COMMON, "--json").json["client_id"]
    assert "fapi2" not in cli("plugins", "check").err
    settle(cli, profile="fapi2")
    checked = cli("plugins", "check")
    assert checked.code == 1
    assert "consentcore.issuer: expected https, as fapi2 demands" in checked.err
    assert weak in checked.err
    cli("client", "update", weak, *KEYED, jwks)
    assert weak not in cli("plugins", "check").err


def test_99_server_of_the_profile_registers_nobody_else(cli):
    settle(cli, profile="fapi2")
    refused = cli("client", "create", *COMMON)
    assert (refused.code, "--auth-method" in refused.err) == (2, True)
    public = cli("client", "create", *COMMON, "--public")
    assert public.code == 2


def test_99_setting_that_contradicts_the_profile_stops_the_start(cli):
    settle(cli, profile="fapi2", assertion_audience="endpoint")
    stopped = cli("plugins", "check")
    assert stopped.code == 78
    assert "consentcore.oauth.assertion_audience: expected issuer or nothing" in stopped.err
