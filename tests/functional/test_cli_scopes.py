"""``consentcore scopes``, and what stops a start."""

from __future__ import annotations

import json
import sqlite3

import pytest

from tests.support.command_line import Cli

FIRST = """\
[[scope]]
id = "rooms.read"
label = "Rooms"
sees = "Rooms."
"""


@pytest.fixture
def cli(tmp_path):
    made = Cli(tmp_path)
    made.ini.write_text(
        "[app:main]\nuse = egg:consentcore\nconsentcore.issuer = http://127.0.0.1:6543\n"
        "consentcore.web.secure_cookies = false\nconsentcore.keys = %(here)s/keys\n"
        "consentcore.storage = sqlalchemy\nconsentcore.login = login_local\nconsentcore.scopes = scopes_file\n"
        "consentcore.plugin.sqlalchemy.url = sqlite:///%(here)s/c.sqlite\n"
        "consentcore.plugin.scopes_file.path = %(here)s/rooms.toml\n"
        "[server:main]\nuse = egg:consentcore\nlisten = 127.0.0.1:0\n"
    )
    (tmp_path / "rooms.toml").write_text(FIRST)
    return made


@pytest.mark.parametrize("command", [("init",), ("serve",), ("worker",)])
def test_cr_09_words_that_changed_under_neither_stop_the_start_with_the_line_to_write(cli, tmp_path, command):
    assert cli("init").code == 0
    path = tmp_path / "rooms.toml"
    path.write_text(FIRST.replace("Rooms.", "Rooms and people."))
    stopped = cli(*command)
    assert stopped.code == 78
    assert f"{path}:2: scope rooms.read: sees: changed under the same version and revision" in stopped.err
    assert "write `revision = 2` where it means the same" in stopped.err
    path.write_text(FIRST.replace("Rooms.", "Rooms and people.") + "revision = 2\n")
    again = cli("init")
    assert (again.code, "pinned the words of rooms.read@1 revision 2" in again.err) == (0, True)


def test_init_says_what_it_pins_once(cli, tmp_path):
    first = cli("init", "--json").json
    assert first["steps"][-1].startswith("pinned the words of 1 scopes as they are today")
    assert cli("init", "--json").json == {"steps": [], "problems": [], "without_resources": 0}
    with sqlite3.connect(tmp_path / "c.sqlite") as connection:
        rows = connection.execute("SELECT scope_id, version, revision FROM pinned_scope").fetchall()
    connection.close()
    assert rows == [("rooms.read", "1", 1)]


def test_sc_01_lint_ends_with_1_and_says_where(cli, tmp_path):
    assert cli("init").code == 0
    found = cli("scopes", "lint", "--json")
    assert found.code == 1
    problems = json.loads(found.out)["problems"]
    assert {
        "scope": "rooms.read",
        "name": "cannot",
        "locale": "en",
        "problem": "missing, expected a text",
        "origin": f"{tmp_path / 'rooms.toml'}:2",
    } in problems
    assert {one["locale"] for one in problems if one["name"] == "texts"} == {"de", "es", "fr"}
    assert (
        f"{tmp_path / 'rooms.toml'}:2: scope rooms.read: cannot (en): missing, expected a text" in found.err
    )
    (tmp_path / "rooms.toml").write_text(FIRST.replace("Rooms.", "People."))
    assert "write `revision = 2` where it means the same" in cli("scopes", "lint").err


def test_sc_01_lint_of_the_bundled_catalog_ends_with_0_without_a_database_too(cli):
    text = cli.ini.read_text()
    cli.ini.write_text("\n".join(line for line in text.splitlines() if "scopes_file.path" not in line))
    done = cli("scopes", "lint")
    assert done.code == 0
    assert "not compared with the words that are pinned" in done.err
    assert "15 scopes, nothing to mend" in done.err
    assert cli("init").code == 0
    assert cli("scopes", "lint", "--json").json == {"problems": []}


def test_list_shows_version_revision_and_status(cli, tmp_path):
    (tmp_path / "rooms.toml").write_text(FIRST + 'status = "draft"\nrevision = 4\nversion = "2"\n')
    (found,) = cli("scopes", "list", "--json").json
    assert (found["id"], found["version"], found["revision"], found["status"]) == (
        "rooms.read",
        "2",
        4,
        "draft",
    )
    shown = cli("scopes", "list").out.splitlines()
    assert shown[0].split() == ["SCOPE", "REVISION", "STATUS", "TYPE", "LEVEL", "LABEL", "API"]
    assert shown[1].split() == ["rooms.read@2", "4", "draft", "read", "1", "Rooms"]


def test_a_scope_in_two_catalogs_names_both_places_and_the_setting(cli, tmp_path):
    (tmp_path / "rooms.yaml").write_text(
        "openapi: 3.1.0\ninfo: {title: Rooms API, version: '1'}\ncomponents:\n  securitySchemes:\n    o:\n"
        "      type: oauth2\n      flows: {authorizationCode: {scopes: {rooms.read: ''}}}\n"
        "x-consent-scopes:\n  rooms.read: {label: Rooms, sees: Rooms.}\n"
    )
    text = cli.ini.read_text().replace("scopes = scopes_file\n", "scopes = scopes_file scopes_openapi\n")
    cli.ini.write_text(
        text.replace(
            "[server:main]", "consentcore.plugin.scopes_openapi.path = %(here)s/rooms.yaml\n[server:main]"
        )
    )
    stopped = cli("init")
    assert stopped.code == 78
    line = cli.ini.read_text().splitlines().index("consentcore.scopes = scopes_file scopes_openapi") + 1
    assert f"test.ini line {line}" in stopped.err or f"line {line}" in stopped.err
    both = f"scopes_file ({tmp_path / 'rooms.toml'}:2) and by scopes_openapi ({tmp_path / 'rooms.yaml'}:9)"
    assert f"scope rooms.read is defined by {both}" in stopped.err


def test_operations_of_a_document_join_the_words_of_a_file_and_what_has_none_is_told(cli, tmp_path):
    (tmp_path / "rooms.yaml").write_text(
        "openapi: 3.1.0\ninfo: {title: Rooms API, version: '1'}\npaths:\n  /rooms:\n"
        "    get: {summary: List, security: [{o: [rooms.read]}]}\n    put: {security: [{o: [rooms.write]}]}\n"
        "components:\n  securitySchemes:\n    o:\n"
        "      type: oauth2\n      flows: {authorizationCode: {scopes: {rooms.read: '', rooms.write: ''}}}\n"
    )
    text = cli.ini.read_text().replace("scopes = scopes_file\n", "scopes = scopes_file scopes_openapi\n")
    cli.ini.write_text(
        text.replace(
            "[server:main]", "consentcore.plugin.scopes_openapi.path = %(here)s/rooms.yaml\n[server:main]"
        )
    )
    (found,) = cli("scopes", "list", "--json").json
    assert found["operations"] == [
        {"method": "GET", "path": "/rooms", "summary": "List", "product": "Rooms API"}
    ]
    told = cli("scopes", "lint").err
    assert "scope rooms.write: Rooms API knows it, and no catalog has words for it" in told
