"""Keys on the command line."""

from __future__ import annotations

import json

from consentcore.domain.clock import HOUR, SECOND, SystemClock, from_iso
from tests.support.command_line import create_client


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


def test_a_leaked_key_is_replaced_at_once(cli):
    waiting = cli("keys", "rotate", "--json").json["key_id"]
    assert cli("keys", "list", "--json").json[0]["use"] == "next"
    fresh = cli("keys", "rotate", "--now", "--json").json["key_id"]
    listed = cli("keys", "list", "--json").json
    assert [row["key_id"] for row in listed if row["current"]] == [fresh]
    assert [(row["key_id"], row["use"]) for row in listed[:2]] == [(fresh, "current"), (waiting, "old")]


def test_secrets_sealed_before_a_rotation_are_read_after_it(cli):
    create_client(cli, "--client-id", "one", "--webhook-url", "http://127.0.0.1:9/hook")
    cli("keys", "rotate")
    result = cli("webhooks", "test", "one", "--json")
    assert result.code == 1
    assert json.loads(result.out)[0]["result"] == "the endpoint could not be connected to"


def test_keys_create_needs_no_configuration_and_never_overwrites(cli, tmp_path):
    path = tmp_path / "fresh"
    assert cli("keys", "create", str(path), ini=False).code == 0
    before = path.read_bytes()
    assert cli("keys", "create", str(path), ini=False).code == 1
    assert path.read_bytes() == before


def test_missing_key_file_is_78_and_says_how_to_make_it(cli, tmp_path):
    (tmp_path / "var" / "keys").unlink()
    result = cli("client", "list")
    assert result.code == 78
    assert "line 4: consentcore.keys: there is no file" in result.err
