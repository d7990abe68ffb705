"""Setting up by hand: applications and the configuration."""

from __future__ import annotations

import json
import sqlite3

import pytest

from consentcore.cli.main import run
from consentcore.config import load_ini
from consentcore.domain.secret import CLIENT_SECRET, looks_like
from tests.support.command_line import create_client, create_owner

URI = "https://app.example/callback"


def test_client_create_prints_exactly_three_members(cli):
    answer = create_client(cli, "--webhook-url", "http://127.0.0.1:9/hook").json
    assert set(answer) == {"client_id", "client_secret", "webhook_secret"}
    assert looks_like(CLIENT_SECRET, answer["client_secret"])
    assert answer["webhook_secret"].startswith("whsec_")


def test_client_without_webhook_and_public_client_have_no_such_secrets(cli):
    assert create_client(cli).json["webhook_secret"] is None
    answer = create_client(cli, "--public", uri="com.example.app:/callback").json
    assert (answer["client_secret"], answer["webhook_secret"]) == (None, None)


def test_secrets_are_not_in_the_database(cli, tmp_path):
    answer = create_client(cli, "--webhook-url", "http://127.0.0.1:9/hook").json
    with sqlite3.connect(tmp_path / "var" / "consentcore.sqlite") as database:
        dump = "\n".join(database.iterdump())
    assert answer["client_id"] in dump
    assert answer["client_secret"] not in dump
    assert answer["webhook_secret"].removeprefix("whsec_") not in dump


def test_client_create_keeps_everything_that_was_given(cli):
    made = create_client(
        cli,
        *(
            "--redirect-uri",
            "http://127.0.0.1:8000/cb",
            "--publisher",
            "Acme",
            "--website",
            "https://acme.example",
        ),
        *("--privacy-url", "https://acme.example/p", "--purpose", "To help.", "--require-pkce"),
        *("--webhook-url", "http://127.0.0.1:9/hook"),
    ).json
    shown = cli("client", "show", made["client_id"], "--json").json
    assert shown["redirect_uris"] == [URI, "http://127.0.0.1:8000/cb"]
    assert shown["scopes"] == ["comfort.read", "sites.read"]
    assert (shown["publisher"], shown["purpose"], shown["require_pkce"]) == ("Acme", "To help.", True)
    assert shown["webhooks"][0]["url"] == "http://127.0.0.1:9/hook"
    assert "hash" not in json.dumps(shown)
    assert "whsec" not in json.dumps(shown)


@pytest.mark.parametrize(
    ("change", "option"),
    [
        ({"uri": "http://app.example/cb"}, "--redirect-uri"),
        ({"uri": "https://app.example/cb#x"}, "--redirect-uri"),
        ({"uri": "https://*.example/cb"}, "--redirect-uri"),
        ({"uri": "com.example.app:/cb"}, "--redirect-uri"),
        ({"uri": ""}, "--redirect-uri"),
        ({"scope": "nothing.read"}, "--scope"),
        ({"scope": " "}, "--scope"),
        ({"name": ""}, "--name"),
        ({"name": "x" * 101}, "--name"),
        ({"name": "two\nlines"}, "--name"),
        ({"name": "nul\0"}, "--name"),
        ({"name": "right\u202eleft"}, "--name"),
    ],
)
def test_bad_registrations_are_refused_naming_the_option(cli, change, option):
    result = create_client(cli, **change)
    assert (result.code, result.out) == (2, "")
    assert option in result.err
    assert "expected" in result.err or "is not in the catalog" in result.err


@pytest.mark.parametrize(
    "more",
    [
        ("--webhook-url", "http://10.0.0.1/hook"),
        ("--webhook-url", "https://10.0.0.1/hook"),
        ("--webhook-url", "ftp://app.example/"),
        ("--website", "javascript:alert(1)"),
        ("--privacy-url", "app.example"),
        ("--purpose", "x" * 501),
        ("--client-id", "no blanks please"),
        ("--resource-server",),
    ],
)
def test_bad_options_are_refused_by_name(cli, more):
    result = create_client(cli, *more)
    assert (result.code, result.out) == (2, "")
    assert "--" in result.err
    assert cli("client", "list", "--json").json == []


def test_near_miss_of_a_scope_gets_a_hint(cli):
    assert "did you mean comfort.read?" in create_client(cli, scope="comfort.raed").err


def test_missing_option_is_wrong_use(cli):
    assert cli("client", "create", "--name", "x").code == 2
    assert cli("client", "create", "--nmae", "x").code == 2
    assert cli("cleint", "list").code == 2


def test_resource_server(cli):
    answer = cli(
        "client", "create", "--name", "API", "--resource-server", "--scope", "comfort.read", "--json"
    ).json
    assert cli("client", "show", answer["client_id"], "--json").json["kind"] == "resource_server"
    assert cli("client", "create", "--name", "API", "--resource-server", "--json").code == 0


def test_taken_client_id_is_refused(cli):
    assert create_client(cli, "--client-id", "mine").json["client_id"] == "mine"
    assert "not taken" in create_client(cli, "--client-id", "mine").err


def test_disable_and_enable_and_list(cli):
    create_client(cli, "--client-id", "one")
    create_client(cli, "--client-id", "two")
    assert "is disabled" in cli("client", "disable", "one").err
    assert "was disabled before" in cli("client", "disable", "one").err
    listed = {row["client_id"]: row["enabled"] for row in cli("client", "list", "--json").json}
    assert listed == {"one": False, "two": True}
    assert "disabled" in cli("client", "list").out
    cli("client", "enable", "one")
    assert cli("client", "show", "one", "--json").json["enabled"] is True


@pytest.mark.parametrize("command", ["show", "disable", "enable", "rotate-secret"])
def test_unknown_client_is_a_problem(cli, command):
    result = cli("client", command, "nobody")
    assert (result.code, result.err.strip()) == (1, "Error: no client 'nobody'")


def test_rotated_secret_replaces_the_old_one_after_a_while(cli):
    from consentcore.runtime import build_runtime

    first = create_client(cli, "--client-id", "one").json["client_secret"]
    second = cli("client", "rotate-secret", "one", "--json").json["client_secret"]
    third = cli("client", "rotate-secret", "one", "--keep-hours", "0", "--json").json["client_secret"]
    runtime = build_runtime(load_ini(cli.ini))
    with runtime.storage.reading() as uow:
        client = uow.clients.get("one")
    runtime.close()
    now = runtime.clock.now()
    assert [client.knows_secret(secret, now) for secret in (first, second, third)] == [False, False, True]


def test_old_secret_lives_on_for_the_hours_asked(cli):
    first = create_client(cli, "--client-id", "one").json["client_secret"]
    cli("client", "rotate-secret", "one", "--keep-hours", "1")
    secrets = cli("client", "show", "one", "--json").json["secrets"]
    assert len(secrets) == 2
    assert [secret["expires_at"] is None for secret in secrets] == [True, False]
    assert first


def test_public_client_has_no_secret_to_rotate(cli):
    create_client(cli, "--public", "--client-id", "one", uri="com.example.app:/cb")
    assert cli("client", "rotate-secret", "one").code == 2


def test_standard_input_that_is_closed_is_none(cli, monkeypatch):
    """As a supervisor may start it: nobody can be asked, and there is no password to read."""
    client_id = create_client(cli).json["client_id"]
    monkeypatch.setattr("tests.support.command_line.Bytes", lambda _raw: None)
    refused = create_owner(cli)
    assert refused.code == 2
    assert "expected one line on standard input" in refused.err
    assert cli("client", "disable", client_id, "--reason", "gone").code == 0


def test_configuration_may_stand_before_the_command_or_in_the_environment(cli, monkeypatch):
    assert cli("-c", str(cli.ini), "client", "list", ini=False).code == 0
    assert cli("client", "-c", str(cli.ini), "list", "--json", ini=False).json == []
    monkeypatch.setenv("CONSENTCORE_INI", str(cli.ini))
    assert cli("client", "list", ini=False).code == 0


def test_command_without_configuration_says_what_it_needs(cli):
    result = cli("client", "list", ini=False)
    assert result.code == 2
    assert "-c INI" in result.err


def test_bad_configuration_is_78_with_every_problem(cli):
    cli.set("consentcore.oauth.code_ttl_s = soon", "consentcore.oauth.cod_ttl = 1")
    result = cli("client", "list")
    assert result.code == 78
    assert "line 15: consentcore.oauth.code_ttl_s = soon: expected a whole number" in result.err
    assert "line 16: consentcore.oauth.cod_ttl: unknown setting; did you mean" in result.err


def test_inherited_ini(cli, tmp_path):
    own = tmp_path / "own.ini"
    own.write_text("[app:main]\nuse = config:test.ini\nconsentcore.oauth.code_ttl_s = 30\n")
    assert run(["client", "list", "-c", str(own)]) == 0


def test_help_and_version_need_nothing(cli):
    assert "webhooks" in cli("--help", ini=False).out
    assert cli("--version", ini=False).out.startswith("consentcore, version ")
    for group in ("client", "owner", "consents", "audit", "keys", "plugins", "webhooks"):
        assert cli(group, "--help", ini=False).code == 0
