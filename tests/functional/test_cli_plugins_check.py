"""``plugins check`` finds out: plugins that cannot work, each installed for real, and what to read about them."""

from __future__ import annotations

import re
import socket
import sqlite3

import pytest

from tests.support import tiny_plugins as tiny

NOTIFIER = """
    from dataclasses import dataclass
    from consentcore.api import Delivered, PluginInfo, PluginKind, hookimpl, setting

    @dataclass(frozen=True)
    class Settings:
        timeout_s: float = setting("Time for one try.", default=1.0)

    class Notifier:
        retry_schedule_s = {schedule}

        def targets(self, envelope):
            return []

        {send}

    @hookimpl
    def consentcore_plugin():
        return PluginInfo("slack", PluginKind.NOTIFIER, "Chats.", api="1.0", settings=Settings)

    @hookimpl
    def consentcore_notifier(settings, clock):
        return Notifier()
"""
SEND = "def send(self, envelope, target): return Delivered()"
CATALOG = """
    from consentcore.api import PluginInfo, PluginKind, Scope, hookimpl

    class Catalog:
        def scopes(self):
            return {scopes}

    @hookimpl
    def consentcore_plugin():
        return PluginInfo("water", PluginKind.SCOPES, "Water.", api="1.0")

    @hookimpl
    def consentcore_scope_catalog(settings):
        return Catalog()
"""
READ_ONLY = """
    from contextlib import contextmanager
    from consentcore.api import PluginInfo, PluginKind, {error}, hookimpl
    from consentcore_memory.capabilities import CAPABILITIES
    from consentcore_memory.storage import MemoryStorage

    class Shelf(MemoryStorage):
        @contextmanager
        def transaction(self):
            raise {error}("the shelf is full")
            yield

    @hookimpl
    def consentcore_plugin():
        return PluginInfo(
            "shelf", PluginKind.STORAGE, "Full.", api="2.0", capabilities=CAPABILITIES.words
        )

    @hookimpl
    def consentcore_storage(settings):
        return Shelf()
"""


@pytest.fixture
def site(tmp_path, monkeypatch):
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    return folder


def name_in(cli, kind, words):
    lines = [line for line in cli.ini.read_text().splitlines() if not line.startswith(f"consentcore.{kind} ")]
    cli.ini.write_text("\n".join([*lines, f"consentcore.{kind} = {words}", ""]))


def install_notifier(site, *, send=SEND, schedule="(1.0,)"):
    tiny.install(site, "slack", "1.0", code=NOTIFIER.format(send=send, schedule=schedule), slack="tiny_slack")


@pytest.mark.parametrize(
    ("send", "said"),
    [
        ("", "its notifier has no send"),
        ("send = None", "send of its notifier cannot be called"),
        (
            "def send(self, envelope): ...",
            "send of its notifier cannot be called with (envelope, target)",
        ),
        ("async def send(self, envelope, target): ...", "send of its notifier is async"),
    ],
)
def test_notifier_that_cannot_send_is_found_out_with_and_without_a_configuration(cli, site, send, said):
    install_notifier(site, send=send)
    alone = cli("plugins", "check", "slack", ini=False)
    assert (alone.code, f"slack: {said}" in alone.err) == (1, True)
    name_in(cli, "notifiers", "devmail webhook slack")
    configured = cli("plugins", "check")
    assert configured.code == 1
    assert f"configuration: plugin slack (slack 1.0): {said}" in configured.err


@pytest.mark.parametrize(
    "schedule", ["(60.0, 1.0)", "(-1.0,)", "(float('nan'),)", "(3e6,)", "None", "'soon'"]
)
def test_schedule_that_the_kit_would_refuse_is_found_out(cli, site, schedule):
    install_notifier(site, schedule=schedule)
    checked = cli("plugins", "check", "slack", ini=False)
    assert checked.code == 1
    assert "slack: retry_schedule_s" in checked.err


def test_notifier_in_order_is_in_order(cli, site):
    install_notifier(site)
    assert cli("plugins", "check", "slack", ini=False).out == "slack: in order\n"
    name_in(cli, "notifiers", "devmail webhook slack")
    assert cli("plugins", "check").code == 0


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        (f'Scope("water.read", "{"x" * 75}", "sees it")', "label: expected 1 to 60 characters, not 75"),
        ('Scope("water.read", "Water", " ")', "sees: expected what the application sees or does"),
        ('Scope("water.read", "Water", "sees it", level=5)', "level: expected 1 to 4, not 5"),
        ('Scope("water.read", "Water", "sees it", version="1@2")', "version: expected a text"),
        ('Scope("water.read", "Water", "sees it", type="reed")', "type: expected a ScopeType, not 'reed'"),
        (
            'Scope("water.read", "Water", "sees it", access_max_days=0)',
            "access_max_days: expected 1 to 3650, not 0",
        ),
    ],
)
def test_limit_of_the_kit_that_a_scope_exceeds_is_found_out(cli, site, scope, said):
    tiny.install(site, "water", "1.0", code=CATALOG.format(scopes=f"[{scope}]"), water="tiny_water")
    alone = cli("plugins", "check", "water", ini=False)
    assert (alone.code, f"water: scope water.read: {said}" in alone.err) == (1, True)
    name_in(cli, "scopes", "scopes_file water")
    configured = cli("plugins", "check")
    assert configured.code == 1
    assert f"plugin water (water 1.0): scope water.read: {said}" in configured.err


@pytest.mark.parametrize("scopes", ["None", "[1]", "1 / 0"])
def test_catalog_that_gives_no_scopes_stops_a_start_with_a_message(cli, site, scopes):
    tiny.install(site, "water", "1.0", code=CATALOG.format(scopes=scopes), water="tiny_water")
    assert cli("plugins", "check", "water", ini=False).code == 1
    name_in(cli, "scopes", "scopes_file water")
    checked = cli("plugins", "check")
    assert checked.code == 78
    assert "plugin water (water 1.0): its scopes failed: " in checked.err


def test_requirements_that_are_not_met_are_found_out(cli, site):
    install_notifier(site)
    metadata = site / "slack-1.0.dist-info" / "METADATA"
    needs = (
        "consentcore>=99",
        "no-such-thing>=1,<2",
        "absent; extra == 'test'",
        "absent; python_version<'3'",
    )
    metadata.write_text(metadata.read_text() + "".join(f"Requires-Dist: {one}\n" for one in needs))
    alone = cli("plugins", "check", "slack", ini=False)
    assert alone.code == 1
    lines = alone.err.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("slack: its distribution needs consentcore>=99, installed is ")
    assert lines[1] == "slack: its distribution needs no-such-thing<2,>=1, which is not installed"
    name_in(cli, "notifiers", "devmail webhook slack")
    configured = cli("plugins", "check")
    assert configured.code == 1
    assert "plugin slack (slack 1.0): its distribution needs no-such-thing<2,>=1" in configured.err


def test_module_that_is_missing_is_told_with_the_requirement(cli, site):
    tiny.install(site, "slack", "1.0", code="import no_such_thing", slack="tiny_slack")
    metadata = site / "slack-1.0.dist-info" / "METADATA"
    metadata.write_text(metadata.read_text() + "Requires-Dist: no-such-thing\n")
    name_in(cli, "notifiers", "devmail slack")
    checked = cli("plugins", "check")
    assert checked.code == 78
    assert (
        "No module named 'no_such_thing'; its distribution needs no-such-thing, which is not" in checked.err
    )


def test_syntax_error_has_file_and_line(cli, site):
    install_notifier(site)
    module = site / "tiny_slack.py"
    module.write_text("import json\n\ndef broken(:\n    pass\n")
    said = f"SyntaxError: invalid syntax ({module} line 3)"
    alone = cli("plugins", "check", "slack", ini=False)
    assert (alone.code, alone.err) == (1, f"slack: cannot be imported: {said}\n")
    name_in(cli, "notifiers", "devmail slack")
    configured = cli("plugins", "check")
    assert configured.code == 78
    assert f"plugin slack (slack 1.0) cannot be imported: {said}" in configured.err


def test_syntax_error_of_a_module_that_a_hook_imports_has_file_and_line(cli, site):
    install_notifier(site)
    (site / "tiny_slack_rest.py").write_text("x = (\n")
    module = site / "tiny_slack.py"
    module.write_text(module.read_text().replace("return Notifier()", "import tiny_slack_rest"))
    name_in(cli, "notifiers", "devmail slack")
    checked = cli("plugins", "check")
    assert checked.code == 78
    assert f"({site / 'tiny_slack_rest.py'} line 1)" in checked.err


@pytest.mark.parametrize(
    ("error", "code"), [("StorageError", 1), ("StorageUnavailable", 1), ("StorageConflict", 0)]
)
def test_storage_that_cannot_be_written_to_is_found_out(cli, site, error, code):
    """One that collides is busy, not read-only."""
    tiny.install(site, "shelf", "1.0", code=READ_ONLY.format(error=error), shelf="tiny_shelf")
    name_in(cli, "storage", "shelf")
    checked = cli("plugins", "check")
    assert checked.code == code
    assert ("the storage cannot be written to: the shelf is full" in checked.err) is bool(code)


def test_nothing_is_left_of_the_trial(cli):
    assert cli("plugins", "check").code == 0
    with sqlite3.connect(cli.folder / "var" / "consentcore.sqlite") as database:
        assert database.execute("SELECT count(*) FROM owner").fetchone() == (0,)


def test_mail_server_that_takes_the_connection_and_never_answers_is_found_out(cli):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        name_in(cli, "notifiers", "smtp webhook")
        values = {"host": "127.0.0.1", "port": silent.getsockname()[1], "tls": "none", "timeout_s": 1}
        values["sender"] = "consent@lumen.example"
        cli.set(*(f"consentcore.plugin.smtp.{name} = {value}" for name, value in values.items()))
        checked = cli("plugins", "check")
    assert "the mail server did not answer in time" in checked.out


@pytest.mark.parametrize(
    ("variable", "notifiers", "code"),
    [
        ("CONSENTCORE_PLUGIN_SLACK_TIMEOUT_S", "webhook slack", 0),
        ("CONSENTCORE_PLUGIN_SLACK_TIMEOUT_S", "slack", 0),
        ("CONSENTCORE_PLUGIN_SLACK_TIMEOUT_S", "webhook", 0),
        ("CONSENTCORE_PLUGIN__SLACK_TIMEOUT_S", "webhook slack", 78),
    ],
)
def test_setting_with_the_wrong_underscores_gets_the_nearest(request, variable, notifiers, code):
    """One underscore each may be the name of an orchestrator's making: a warning."""
    cli, caplog = request.getfixturevalue("cli"), request.getfixturevalue("caplog")
    install_notifier(request.getfixturevalue("site"))
    request.getfixturevalue("monkeypatch").setenv(variable, "5")
    name_in(cli, "notifiers", f"devmail {notifiers}")
    checked = cli("plugins", "check")
    assert checked.code == code
    meant = "consentcore.plugin.slack.timeout_s, set by CONSENTCORE_PLUGIN__SLACK__TIMEOUT_S"
    assert f"did you mean {meant}?" in caplog.text + checked.err


def test_key_of_an_ini_with_the_wrong_dots_gets_the_nearest(cli, site):
    install_notifier(site)
    name_in(cli, "notifiers", "devmail webhook slack")
    cli.set("consentcore.plugin_slack.timeout_s = 5")
    checked = cli("plugins", "check")
    assert checked.code == 78
    assert "unknown setting; did you mean consentcore.plugin.slack.timeout_s?" in checked.err


def test_plugin_that_needs_settings_says_what_could_not_be_looked_at(cli):
    checked = cli("plugins", "check", "smtp", "--json", ini=False).json
    assert checked["notes"] == ["smtp: it needs settings; plugins check -c INI looks at what it makes"]


SITES = 'Scope("water.read", "Water", "sees it", resource_kinds=("{kind}",))'


def install_water(cli, site, kind):
    scopes = SITES.format(kind=kind)
    tiny.install(site, "water", "1.0", code=CATALOG.format(scopes=f"[{scopes}]"), water="tiny_water")
    name_in(cli, "scopes", "scopes_file water")


def test_kind_that_a_scope_asks_for_and_no_directory_has_is_found_out(cli, site):
    install_water(cli, site, "sitte")
    name_in(cli, "extensions", "resources_file")
    checked = cli("plugins", "check")
    assert checked.code == 1
    assert "has the kind sitte, which water.read asks for; did you mean site?: nobody is asked" in checked.err


def test_kind_that_a_directory_has_is_in_order(cli, site):
    install_water(cli, site, "site")
    name_in(cli, "extensions", "resources_file")
    assert cli("plugins", "check").code == 0


def test_kind_is_a_note_where_there_is_no_directory_at_all(cli, site):
    install_water(cli, site, "pool")
    name_in(cli, "extensions", "")
    checked = cli("plugins", "check")
    assert checked.code == 0
    assert "note: no resource directory has the kind pool, which water.read asks for: nobody" in checked.out
    assert re.search(r"the kind site, which \S+, \S+, \S+ and \d+ more ask for", checked.out)


EMPTY = """
    from consentcore.api import PluginInfo, PluginKind, hookimpl

    @hookimpl
    def consentcore_plugin():
        return PluginInfo("empty", PluginKind.{kind}, "Nothing.", api="{api}")

    @hookimpl
    def {hook}(settings):
        return object()
"""


@pytest.mark.parametrize(
    "case",
    [
        ("STORAGE", "storage", "2.0", "consentcore_storage", "its storage has no migrate"),
        ("EXTENSION", "extensions", "1.1", "consentcore_resources", "its resource directory has no kinds"),
    ],
    ids=["storage", "directory"],
)
@pytest.mark.parametrize("command", [("init",), ("plugins", "check")])
def test_what_is_no_storage_or_directory_is_named_by_every_command_that_asks_it(cli, site, case, command):
    kind, setting, api, hook, said = case
    tiny.install(site, "empty", "1.0", code=EMPTY.format(kind=kind, api=api, hook=hook), empty="tiny_empty")
    name_in(cli, setting, "empty")
    result = cli(*command)
    assert result.code == 78
    assert re.search(rf"test.ini line \d+: plugin empty \(empty 1.0\): {said}\n", result.err)
    assert "AttributeError" not in result.err


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise KeyboardInterrupt", "cannot be imported: KeyboardInterrupt"),
        ("raise GeneratorExit", "cannot be imported: GeneratorExit"),
    ],
)
def test_module_that_raises_what_ends_programs_is_a_broken_plugin_like_any_other(cli, site, code, said):
    tiny.install(site, "odd", "1.0", code=code, odd="tiny_odd")
    listed = cli("plugins", "list", ini=False)
    assert (listed.code, f"BROKEN: {said}" in listed.out) == (0, True)
    name_in(cli, "extensions", "odd")
    result = cli("init")
    assert (result.code, f"plugin odd (odd 1.0) {said}" in result.err) == (78, True)


def test_entry_point_that_names_nothing_is_said(cli, site):
    tiny.install(site, "odd", "1.0", odd="not a module")
    result = cli("plugins", "check", "odd", ini=False)
    assert (
        result.code,
        "odd: cannot be imported: ImportError: its entry point 'not a module'" in result.err,
    ) == (
        1,
        True,
    )


@pytest.mark.parametrize("body", ["self.timeout_s = 2.0", "raise TypeError('no')"])
def test_settings_that_cannot_be_made_of_their_defaults_are_found_out(cli, site, body):
    code = NOTIFIER.format(send=SEND, schedule="(1.0,)").replace(
        "    class Notifier", f"        def __post_init__(self):\n            {body}\n\n    class Notifier"
    )
    tiny.install(site, "slack", "1.0", code=code, slack="tiny_slack")
    alone = cli("plugins", "check", "slack", ini=False)
    assert (alone.code, "slack: Settings cannot be made of its defaults: " in alone.err) == (1, True)
    name_in(cli, "notifiers", "devmail webhook slack")
    started = cli("init")
    assert (started.code, "consentcore.plugin.slack.*: Settings failed: " in started.err) == (78, True)


def test_scope_whose_id_is_no_text_stops_a_start_with_a_message(cli, site):
    tiny.install(
        site,
        "water",
        "1.0",
        code=CATALOG.format(scopes="[Scope(7, 'Water', 'Sees it.')]"),
        water="tiny_water",
    )
    name_in(cli, "scopes", "scopes_file water")
    result = cli("init")
    assert (
        result.code,
        "plugin water (water 1.0): its scopes failed: TypeError: the id of a scope is a text" in result.err,
    ) == (78, True)


def test_setting_that_is_named_like_its_plugin_is_unknown(cli):
    cli.set("consentcore.plugin.webhook = on")
    result = cli("init")
    assert result.code == 78
    assert re.search(
        r"line \d+: consentcore.plugin.webhook: unknown setting; did you mean consentcore.plugin.webhook.",
        result.err,
    )
