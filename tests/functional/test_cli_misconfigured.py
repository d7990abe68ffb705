"""Commands under a configuration that is wrong in a part which they do not use: they do their work."""

from __future__ import annotations

import re

import pytest

from tests.support.command_line import Cli

CREATE = ("client", "create", "--client-id", "app", "--name", "App", "--scope", "sites.read")
CREATE += ("--redirect-uri", "https://app.example/cb", "--webhook-url", "http://127.0.0.1:9/hook")


@pytest.fixture
def prepared(cli) -> Cli:
    """A client with an endpoint, and an owner."""
    assert cli(*CREATE).code == 0
    password = b"correct horse battery\n"
    assert cli("owner", "create", "--email", "ada@example.org", "--password-stdin", stdin=password).code == 0
    return cli


def configure(cli: Cli, before: str, after: str) -> None:
    text = cli.ini.read_text()
    assert before in text
    cli.ini.write_text(text.replace(before, after))


@pytest.mark.parametrize(
    "words",
    [
        ("client", "list"),
        ("client", "show", "app"),
        ("client", "update", "app", "--name", "Other"),
        ("client", "rotate-secret", "app"),
        ("webhooks", "endpoint", "list", "app"),
    ],
    ids=" ".join,
)
def test_networks_that_are_none_stop_no_command_that_checks_no_url(prepared, words):
    configure(prepared, "allow_networks = 127.0.0.0/8", "allow_networks = nonsense")
    assert prepared(*words).code == 0


def test_networks_that_are_none_do_not_hide_what_else_is_wrong(prepared):
    configure(prepared, "allow_networks = 127.0.0.0/8", "allow_networks = nonsense")
    unknown = prepared("webhooks", "endpoint", "disable", "ep_unknown")
    assert (unknown.code, unknown.err.strip()) == (1, "Error: no endpoint 'ep_unknown'")
    created = prepared("client", "create", "--name", "B", "--redirect-uri", "https://b.example/cb")
    assert (created.code, created.err.strip()) == (2, "Error: --scope: expected at least one scope")
    assert prepared("webhooks", "test", "app").code == 78


@pytest.mark.parametrize("command", ["list", "export"])
def test_a_login_that_cannot_be_made_does_not_stop_reading_consents(prepared, command):
    oidc = "consentcore.plugin.login_oidc."
    configure(
        prepared,
        "consentcore.login = login_local",
        f"consentcore.login = login_oidc\n{oidc}issuer = nonsense\n{oidc}client_id = a\n{oidc}client_secret = b",
    )
    configure(prepared, "consentcore.plugin.login_local.", "# consentcore.plugin.login_local.")
    assert prepared("consents", command, "--owner", "ada@example.org").code == 0


@pytest.mark.parametrize("words", [("serve",), ("init",), ("plugins", "check"), ("worker",)], ids=" ".join)
def test_web_processes_that_would_each_have_another_storage_start_nowhere(prepared, words):
    configure(
        prepared,
        "consentcore.storage = sqlalchemy",
        "consentcore.storage = memory\nconsentcore.server.workers = 2",
    )
    configure(prepared, "consentcore.plugin.sqlalchemy.", "# consentcore.plugin.sqlalchemy.")
    refused = prepared(*words)
    assert refused.code == 78
    assert re.search(
        r"test\.ini line 5: plugin memory .*multi_process"
        r".*; expected 1 for consentcore\.server\.workers, not 2",
        refused.err,
    )


def test_one_web_process_may_have_its_storage_to_itself(prepared):
    configure(
        prepared,
        "consentcore.storage = sqlalchemy",
        "consentcore.storage = memory\nconsentcore.server.workers = 1",
    )
    configure(prepared, "consentcore.plugin.sqlalchemy.", "# consentcore.plugin.sqlalchemy.")
    assert prepared("init").code == 0
