"""People on the command line: made, changed, found again."""

from __future__ import annotations

import pytest

from consentcore.config import load_ini
from tests.support.command_line import create_owner


def test_owner_create_signs_in_with_exactly_the_line(cli):
    from consentcore.api import Authenticated, LoginAttempt
    from consentcore.runtime import build_runtime

    made = create_owner(cli, "Ada@Example.org", b"  spaces kept \r\nnext line", "--name", "Ada").json
    assert made["email"] == "ada@example.org"
    runtime = build_runtime(load_ini(cli.ini))
    try:
        attempt = LoginAttempt("ada@example.org", "  spaces kept ", "127.0.0.1", runtime.clock.now())
        assert isinstance(runtime.login.authenticate(attempt), Authenticated)
    finally:
        runtime.close()
    assert cli("owner", "show", "ada@example.org", "--json").json["name"] == "Ada"


@pytest.mark.parametrize(
    ("email", "password", "told"),
    [
        ("no address", b"correct horse\n", "--email"),
        ("ada@example.org", b"short\n", "password"),
        ("ada@example.org", b"password\n", "password"),
        ("ada@example.org", b"", "one line on standard input"),
        ("ada@example.org", b"\n", "one line on standard input"),
        ("ada@example.org", b"\xff\xfe\xfa\xfb\xfc\xfd\xf0\xf1\n", "UTF-8"),
    ],
)
def test_bad_owners_are_refused(cli, email, password, told):
    result = create_owner(cli, email, password)
    assert (result.code, result.out) == (2, "")
    assert told in result.err
    assert cli("owner", "show", "ada@example.org").code == 1, "nothing is half stored"


def test_address_can_be_used_once(cli):
    assert create_owner(cli).code == 0
    result = create_owner(cli, "ADA@example.org")
    assert result.code == 2
    assert "is taken" in result.err or "not taken" in result.err


def test_bad_time_zone_is_refused(cli):
    assert (
        "--timezone"
        in create_owner(cli, "ada@example.org", b"correct horse\n", "--timezone", "Mars/North").err
    )


def test_new_password(cli):
    create_owner(cli)
    result = cli(
        "owner", "set-password", "--email", "ada@example.org", "--password-stdin", stdin=b"another horse\n"
    )
    assert result.code == 0
    assert (
        cli("owner", "set-password", "--email", "bob@example.org", "--password-stdin", stdin=b"x" * 9).code
        == 1
    )


@pytest.fixture
def oidc_cli(cli):
    """Commands where people sign in at an OpenID provider."""
    cli.ini.write_text(cli.ini.read_text().replace("login = login_local", "login = login_oidc"))
    cli.set(
        "consentcore.plugin.login_oidc.issuer = https://login.example",
        "consentcore.plugin.login_oidc.client_id = consentcore",
        "consentcore.plugin.login_oidc.client_secret = a-secret",
    )
    return cli


def test_owners_have_no_password_where_people_sign_in_elsewhere(oidc_cli):
    made = oidc_cli("owner", "create", "--email", "ada@example.org", "--json").json
    assert made["email"] == "ada@example.org"
    refused = create_owner(oidc_cli, "grace@example.org")
    assert refused.code == 2
    assert "login_oidc keeps no passwords" in refused.err
    words = ("owner", "set-password", "--email", "ada@example.org", "--password-stdin")
    refused = oidc_cli(*words, stdin=b"correct horse\n")
    assert refused.code == 2
    assert "login_oidc keeps no passwords" in refused.err


def test_a_password_is_needed_where_they_are_kept(cli):
    refused = cli("owner", "create", "--email", "ada@example.org")
    assert refused.code == 2
    assert "--password-stdin" in refused.err


def test_a_provider_that_cannot_be_asked_safely_stops_the_start(oidc_cli):
    oidc_cli.ini.write_text(oidc_cli.ini.read_text().replace("https://login.example", "http://login.example"))
    result = oidc_cli("plugins", "check")
    assert result.code in {1, 78}
    assert "consentcore.plugin.login_oidc.issuer" in result.err + result.out
    assert "https" in result.err + result.out
    assert "a-secret" not in result.err + result.out


def test_a_mailbox_that_is_lost(cli):
    create_owner(cli)
    words = ("owner", "set-email", "--email", "ada@example.org", "--new-email")
    assert cli(*words, "Ada@New.example", "--json").json["email"] == "ada@new.example"
    assert cli("owner", "show", "ada@new.example").code == 0
    assert cli("owner", "show", "ada@example.org").code == 1
    assert cli(*words, "x@new.example").code == 1, "nobody has the old address any more"
    create_owner(cli, "bob@example.org")
    words = ("owner", "set-email", "--email", "bob@example.org", "--new-email")
    for refused in ("ada@new.example", "nonsense"):
        result = cli(*words, refused)
        assert result.code == 2
        assert "--new-email" in result.err


def test_what_support_changes_is_told(cli):
    from consentcore.runtime import build_runtime
    from consentcore.worker.worker import Worker

    create_owner(cli)
    cli("owner", "set-password", "--email", "ada@example.org", "--password-stdin", stdin=b"another horse\n")
    cli("owner", "set-email", "--email", "ada@example.org", "--new-email", "ada@new.example")
    runtime = build_runtime(load_ini(cli.ini))
    try:
        Worker(runtime).run_once()
    finally:
        runtime.close()
    mails = [path.read_text() for path in (cli.folder / "var" / "mail").glob("*.eml")]
    told = sorted(
        line for mail in mails for line in mail.splitlines() if line.startswith(("To:", "Subject:"))
    )
    assert told.count("Subject: Your password was changed") >= 1
    assert told.count("Subject: Your e-mail address was changed") == 2
    assert {"To: ada@example.org", "To: ada@new.example"} <= set(told)
