"""Setting up by hand: init, applications, people, keys."""

from __future__ import annotations

import fcntl
import json
import sqlite3
import stat
import threading

import pytest

from consentcore.cli.main import run
from consentcore.config import load_ini
from consentcore.configured_keys import missing_keys
from consentcore.domain.clock import HOUR, SECOND, SystemClock, from_iso
from consentcore.domain.errors import StorageUnavailable
from consentcore.domain.secret import CLIENT_SECRET, looks_like
from consentcore_memory import MemoryStorage
from tests.support.command_line import Cli
from tests.support.patience import PATIENCE_S

URI = "https://app.example/callback"


def create(cli, *more, name="App", uri=URI, scope="comfort.read sites.read"):
    return cli("client", "create", "--name", name, "--redirect-uri", uri, "--scope", scope, "--json", *more)


def owner(cli, email="ada@example.org", password=b"correct horse\n", *more):
    return cli("owner", "create", "--email", email, "--password-stdin", "--json", *more, stdin=password)


def test_init_makes_keys_and_database_and_says_so(tmp_path):
    cli = Cli(tmp_path)
    first = cli("init")
    assert first.code == 0
    assert "made the key ring" in first.err
    assert stat.S_IMODE((tmp_path / "var" / "keys").stat().st_mode) == 0o600
    keys = (tmp_path / "var" / "keys").read_bytes()
    second = cli("init")
    assert (second.code, second.err.strip()) == (0, "nothing to do, everything is there")
    assert (tmp_path / "var" / "keys").read_bytes() == keys


@pytest.mark.parametrize("kind", ["application", "person"])
def test_init_makes_no_keys_for_what_lost_ones_have_sealed(cli, kind):
    """With others no password opens and no webhook secret is readable, and the copy would come too late."""
    assert (create(cli) if kind == "application" else owner(cli)).code == 0
    path = cli.folder / "var" / "keys"
    kept = path.rename(cli.folder / "kept")
    refused = cli("init")
    assert refused.code == 78
    assert "consentcore.keys: there is no file" in refused.err
    assert "bring it back from its copy" in refused.err
    assert not path.exists()
    kept.rename(path)
    assert cli("audit", "verify").code == 0


def test_init_makes_no_keys_for_an_older_database_either(cli):
    """Which it can read only after it has migrated it."""
    create(cli)
    path = cli.folder / "var" / "keys"
    path.unlink()
    with sqlite3.connect(cli.folder / "var" / "consentcore.sqlite") as database:
        database.execute("ALTER TABLE client DROP COLUMN grant_management")
        database.execute("ALTER TABLE consent_grant DROP COLUMN refresh_from")
        database.execute("UPDATE consentcore_sqlalchemy_version SET version_num = '0025'")
    database.close()
    assert cli("init").code == 78
    assert not path.exists()


def test_an_init_that_fails_takes_no_keys_from_one_that_began_after_it(tmp_path, monkeypatch):
    """Two nodes on one folder: what the second has sealed must not be left without its keys."""
    config = load_ini(Cli(tmp_path).ini)
    second_is_at_it, found = threading.Event(), []
    lock = fcntl.flock

    def told(*arguments):
        if threading.current_thread() is not threading.main_thread():
            second_is_at_it.set()
        lock(*arguments)

    monkeypatch.setattr(fcntl, "flock", told)

    def second():
        with missing_keys(config, MemoryStorage) as made:
            second_is_at_it.set()
            found.append(made)

    thread = threading.Thread(target=second)

    def first_fails():
        with missing_keys(config, MemoryStorage):
            thread.start()
            assert second_is_at_it.wait(PATIENCE_S)
            raise StorageUnavailable("the database is away")

    with pytest.raises(StorageUnavailable):
        first_fails()
    thread.join(PATIENCE_S)
    assert found == [tmp_path / "var" / "keys"]
    assert found[0].exists()


def test_init_makes_no_keys_for_a_storage_that_does_not_answer(tmp_path):
    """What it holds may have been sealed by others, whose file is not there yet either."""
    cli = Cli(tmp_path)
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "consentcore.sqlite").mkdir()
    refused = cli("init")
    assert refused.code in {75, 78}
    assert "made the key ring" not in refused.err
    assert not (tmp_path / "var" / "keys").exists()


def test_init_answers_in_json(tmp_path):
    answer = Cli(tmp_path)("init", "--json").json
    assert answer["problems"] == []
    assert len(answer["steps"]) >= 2
    assert not [step for step in answer["steps"] if "\n" in step]  # each is one line on a terminal


def test_init_makes_no_keys_where_the_environment_has_them(tmp_path, monkeypatch):
    cli = Cli(tmp_path)
    monkeypatch.setenv("CONSENTCORE_KEYS", "env:MASTER")
    monkeypatch.setenv("MASTER", "A" * 43)
    assert cli("init").code == 0
    assert not (tmp_path / "var" / "keys").exists()


def test_client_create_prints_exactly_three_members(cli):
    answer = create(cli, "--webhook-url", "http://127.0.0.1:9/hook").json
    assert set(answer) == {"client_id", "client_secret", "webhook_secret"}
    assert looks_like(CLIENT_SECRET, answer["client_secret"])
    assert answer["webhook_secret"].startswith("whsec_")


def test_client_without_webhook_and_public_client_have_no_such_secrets(cli):
    assert create(cli).json["webhook_secret"] is None
    answer = create(cli, "--public", uri="com.example.app:/callback").json
    assert (answer["client_secret"], answer["webhook_secret"]) == (None, None)


def test_secrets_are_not_in_the_database(cli, tmp_path):
    answer = create(cli, "--webhook-url", "http://127.0.0.1:9/hook").json
    with sqlite3.connect(tmp_path / "var" / "consentcore.sqlite") as database:
        dump = "\n".join(database.iterdump())
    assert answer["client_id"] in dump
    assert answer["client_secret"] not in dump
    assert answer["webhook_secret"].removeprefix("whsec_") not in dump


def test_client_create_keeps_everything_that_was_given(cli):
    made = create(
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
    result = create(cli, **change)
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
    result = create(cli, *more)
    assert (result.code, result.out) == (2, "")
    assert "--" in result.err
    assert cli("client", "list", "--json").json == []


def test_near_miss_of_a_scope_gets_a_hint(cli):
    assert "did you mean comfort.read?" in create(cli, scope="comfort.raed").err


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
    assert create(cli, "--client-id", "mine").json["client_id"] == "mine"
    assert "not taken" in create(cli, "--client-id", "mine").err


def test_disable_and_enable_and_list(cli):
    create(cli, "--client-id", "one")
    create(cli, "--client-id", "two")
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
    from consentcore.config import load_ini
    from consentcore.runtime import build_runtime

    first = create(cli, "--client-id", "one").json["client_secret"]
    second = cli("client", "rotate-secret", "one", "--json").json["client_secret"]
    third = cli("client", "rotate-secret", "one", "--keep-hours", "0", "--json").json["client_secret"]
    runtime = build_runtime(load_ini(cli.ini))
    with runtime.storage.reading() as uow:
        client = uow.clients.get("one")
    runtime.close()
    now = runtime.clock.now()
    assert [client.knows_secret(secret, now) for secret in (first, second, third)] == [False, False, True]


def test_old_secret_lives_on_for_the_hours_asked(cli):
    first = create(cli, "--client-id", "one").json["client_secret"]
    cli("client", "rotate-secret", "one", "--keep-hours", "1")
    secrets = cli("client", "show", "one", "--json").json["secrets"]
    assert len(secrets) == 2
    assert [secret["expires_at"] is None for secret in secrets] == [True, False]
    assert first


def test_public_client_has_no_secret_to_rotate(cli):
    create(cli, "--public", "--client-id", "one", uri="com.example.app:/cb")
    assert cli("client", "rotate-secret", "one").code == 2


def test_owner_create_signs_in_with_exactly_the_line(cli):
    from consentcore.api import Authenticated, LoginAttempt
    from consentcore.config import load_ini
    from consentcore.runtime import build_runtime

    made = owner(cli, "Ada@Example.org", b"  spaces kept \r\nnext line", "--name", "Ada").json
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
    result = owner(cli, email, password)
    assert (result.code, result.out) == (2, "")
    assert told in result.err
    assert cli("owner", "show", "ada@example.org").code == 1, "nothing is half stored"


def test_address_can_be_used_once(cli):
    assert owner(cli).code == 0
    result = owner(cli, "ADA@example.org")
    assert result.code == 2
    assert "is taken" in result.err or "not taken" in result.err


def test_bad_time_zone_is_refused(cli):
    assert "--timezone" in owner(cli, "ada@example.org", b"correct horse\n", "--timezone", "Mars/North").err


def test_new_password(cli):
    owner(cli)
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
    refused = owner(oidc_cli, "grace@example.org")
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
    owner(cli)
    words = ("owner", "set-email", "--email", "ada@example.org", "--new-email")
    assert cli(*words, "Ada@New.example", "--json").json["email"] == "ada@new.example"
    assert cli("owner", "show", "ada@new.example").code == 0
    assert cli("owner", "show", "ada@example.org").code == 1
    assert cli(*words, "x@new.example").code == 1, "nobody has the old address any more"
    owner(cli, "bob@example.org")
    words = ("owner", "set-email", "--email", "bob@example.org", "--new-email")
    for refused in ("ada@new.example", "nonsense"):
        result = cli(*words, refused)
        assert result.code == 2
        assert "--new-email" in result.err


def test_what_support_changes_is_told(cli):
    from consentcore.config import load_ini
    from consentcore.runtime import build_runtime
    from consentcore.worker.worker import Worker

    owner(cli)
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


def test_keys_are_listed_and_rotated_and_never_printed(cli, tmp_path):
    before = cli("keys", "list", "--json").json
    assert [row["current"] for row in before] == [True]
    earliest = SystemClock().now() - SECOND  # the key file holds whole seconds
    fresh = cli("keys", "rotate", "--json").json["key_id"]
    latest = SystemClock().now()
    after = cli("keys", "list", "--json").json
    assert [row["key_id"] for row in after] == [fresh, before[0]["key_id"]]
    assert [row["use"] for row in after] == ["next", "current"]
    assert [row["published"] for row in after] == [True, True]
    assert earliest <= from_iso(after[0]["used_from"]) - HOUR <= latest
    printed = cli("keys", "list").out + cli("keys", "rotate").err
    for line in (tmp_path / "var" / "keys").read_text().splitlines():
        if not line.startswith("#"):
            assert line.split()[1] not in printed


def test_keys_that_cannot_be_rotated_are_blamed_on_the_line_of_the_ini(cli, tmp_path, monkeypatch):
    """A ring in a variable is rotated where its value is made from, by naming that file."""
    ring = tmp_path / "var" / "keys"
    monkeypatch.setenv("CONSENTCORE_RING", ring.read_text())
    cli.ini.write_text(cli.ini.read_text().replace("%(here)s/var/keys", "env:CONSENTCORE_RING"))
    refused = cli("keys", "rotate")
    assert refused.code == 78
    assert "line 4: consentcore.keys: expected a file, env:CONSENTCORE_RING is none" in refused.err
    assert "CONSENTCORE_KEYS=FILE" in refused.err
    monkeypatch.setenv("CONSENTCORE_KEYS", str(ring))
    fresh = cli("keys", "rotate", "--json").json["key_id"]
    assert fresh in ring.read_text()
    monkeypatch.setenv("CONSENTCORE_KEYS", str(tmp_path / "nowhere"))
    assert "CONSENTCORE_KEYS: consentcore.keys: there is no file" in cli("keys", "rotate").err


@pytest.mark.parametrize(
    ("step", "error"),
    [
        ("tempfile.mkstemp", PermissionError(13, "Permission denied", "/etc/.draft")),
        ("os.fsync", OSError(28, "No space left on device")),
    ],
)
def test_a_key_file_that_cannot_be_made_is_named(cli, tmp_path, monkeypatch, step, error):
    def refuse(*_arguments, **_options):
        raise error

    path = tmp_path / "fresh"
    with monkeypatch.context() as patched:
        patched.setattr(step, refuse)
        result = cli("keys", "create", str(path), ini=False)
    assert (result.code, result.err) == (1, f"Error: {path}: {error.strerror}\n")
    assert list(tmp_path.glob(".fresh*")) == []


def test_a_leaked_key_is_replaced_at_once(cli):
    waiting = cli("keys", "rotate", "--json").json["key_id"]
    assert cli("keys", "list", "--json").json[0]["use"] == "next"
    fresh = cli("keys", "rotate", "--now", "--json").json["key_id"]
    listed = cli("keys", "list", "--json").json
    assert [row["key_id"] for row in listed if row["current"]] == [fresh]
    assert [(row["key_id"], row["use"]) for row in listed[:2]] == [(fresh, "current"), (waiting, "old")]


def test_secrets_sealed_before_a_rotation_are_read_after_it(cli):
    create(cli, "--client-id", "one", "--webhook-url", "http://127.0.0.1:9/hook")
    cli("keys", "rotate")
    result = cli("webhooks", "test", "one", "--json")
    assert result.code == 1
    assert json.loads(result.out)[0]["result"] == "the endpoint could not be connected to"


def test_standard_input_that_is_closed_is_none(cli, monkeypatch):
    """As a supervisor may start it: nobody can be asked, and there is no password to read."""
    client_id = create(cli).json["client_id"]
    monkeypatch.setattr("tests.support.command_line.Bytes", lambda _raw: None)
    refused = owner(cli)
    assert refused.code == 2
    assert "expected one line on standard input" in refused.err
    assert cli("client", "disable", client_id, "--reason", "gone").code == 0


def test_keys_create_needs_no_configuration_and_never_overwrites(cli, tmp_path):
    path = tmp_path / "fresh"
    assert cli("keys", "create", str(path), ini=False).code == 0
    before = path.read_bytes()
    assert cli("keys", "create", str(path), ini=False).code == 1
    assert path.read_bytes() == before


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


def test_missing_key_file_is_78_and_says_how_to_make_it(cli, tmp_path):
    (tmp_path / "var" / "keys").unlink()
    result = cli("client", "list")
    assert result.code == 78
    assert "line 4: consentcore.keys: there is no file" in result.err


def test_storage_that_is_not_there_is_a_message(cli, tmp_path):
    (tmp_path / "file").write_text("")
    cli.ini.write_text(
        cli.ini.read_text().replace("%(here)s/var/consentcore.sqlite", "%(here)s/file/x.sqlite")
    )
    assert cli("client", "list").code == 75


def test_storage_that_was_not_initialised_is_a_message(tmp_path):
    cli = Cli(tmp_path)
    assert cli("keys", "create", str(tmp_path / "var" / "keys"), ini=False).code == 0
    result = cli("client", "list")
    assert result.code == 75
    assert result.err.startswith("Error: ")


def test_inherited_ini(cli, tmp_path):
    own = tmp_path / "own.ini"
    own.write_text("[app:main]\nuse = config:test.ini\nconsentcore.oauth.code_ttl_s = 30\n")
    assert run(["client", "list", "-c", str(own)]) == 0


def test_lost_keys_are_not_replaced_while_there_is_evidence(tmp_path):
    from tests.support.platform import connect, make_platform

    platform = make_platform(tmp_path, storage="sqlalchemy")
    connect(platform)
    platform.runtime.close()
    (tmp_path / "keys").unlink()
    cli = Cli(tmp_path)
    cli.ini = tmp_path / "platform.ini"
    text = (tmp_path / "test.ini").read_text()
    cli.ini.write_text(
        text.replace("%(here)s/var/keys", f"{tmp_path}/keys").replace("/var/consentcore", "/consentcore")
    )
    result = cli("init")
    assert result.code == 78
    assert "bring it back" in result.err
    assert not (tmp_path / "keys").exists()


def test_help_and_version_need_nothing(cli):
    assert "webhooks" in cli("--help", ini=False).out
    assert cli("--version", ini=False).out.startswith("consentcore, version ")
    for group in ("client", "owner", "consents", "audit", "keys", "plugins", "webhooks"):
        assert cli(group, "--help", ini=False).code == 0
