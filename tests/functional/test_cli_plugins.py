"""Plugins on the command line: what is there, what is wrong, and how to begin one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from consentcore.cli.scaffold import KINDS
from consentcore.consent.evidence.anchored import NO_ANCHOR
from tests.support import tiny_plugins as tiny
from tests.support.command_line import NO_DIRECTORY, Cli

ADDS_COMMAND = """
    import click
    from consentcore.api import PluginInfo, PluginKind, hookimpl

    @hookimpl
    def consentcore_plugin():
        return PluginInfo("{name}", PluginKind.EXTENSION, "Adds a command.")

    @hookimpl
    def consentcore_cli(group):
        @group.command("{command}")
        @click.pass_context
        def greet(ctx):
            "Greet."
            ctx.obj.answer({{"issuer": ctx.obj.runtime.settings.issuer}}, "hello")
"""


@pytest.fixture
def site(tmp_path, monkeypatch):
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    return folder


def test_list_needs_no_configuration(cli):
    listed = {one["name"]: one for one in cli("plugins", "list", "--json", ini=False).json}
    assert listed["sqlalchemy"]["kind"] == "storage"
    assert listed["sqlalchemy"]["distribution"] == "consentcore"
    assert "consentcore_configure" in listed["devmail"]["hooks"]
    assert {one["active"] for one in listed.values()} == {None}
    assert "login_local" in cli("plugins", "list", ini=False).out


def test_list_with_a_configuration_says_which_are_active(cli):
    listed = {one["name"]: one["active"] for one in cli("plugins", "list", "--json").json}
    assert (listed["sqlalchemy"], listed["memory"]) == (True, False)


def test_broken_plugin_is_listed_as_broken_and_breaks_nothing(cli, site):
    tiny.install(site, "broken", "1.0", code="import no_such_module", bad="tiny_broken")
    result = cli("plugins", "list", ini=False)
    assert result.code == 0
    assert "BROKEN: cannot be imported: ModuleNotFoundError" in result.out


def test_show_prints_settings_with_their_values_and_no_secret(cli):
    cli.set("consentcore.plugin.webhook.retry_schedule_s = 1 2")
    shown = cli("plugins", "show", "webhook", "--json").json
    settings = {one["key"]: one for one in shown["settings"]}
    assert settings["consentcore.plugin.webhook.retry_schedule_s"]["value"] == "1.0 2.0"
    shown = cli("plugins", "show", "sqlalchemy", "--json").json
    url = next(one for one in shown["settings"] if one["key"].endswith(".url"))
    assert (url["type"], url["required"], url["value"]) == ("secret", True, "***")
    assert "consentcore.plugin.smtp.host (text; required)" in cli("plugins", "show", "smtp", ini=False).out


def test_show_of_nothing_names_the_nearest(cli):
    result = cli("plugins", "show", "webhok", ini=False)
    assert result.code == 1
    assert "did you mean webhook?" in result.err


def test_check_of_what_is_installed(cli, site):
    assert cli("plugins", "check", ini=False).code == 0
    code = ADDS_COMMAND.format(name="x", command="x").replace("_cli", "_cly")
    tiny.install(site, "typo", "1.0", code=code, typo="tiny_typo")
    result = cli("plugins", "check", ini=False)
    assert result.code == 1
    assert "typo: there is no hook consentcore_cly; did you mean consentcore_cli?" in result.err
    assert cli("plugins", "check", "webhook", ini=False).out.strip() == "webhook: in order"


def test_check_of_a_configuration_does_what_a_start_does(cli):
    checked = cli("plugins", "check", "--json").json
    assert checked == {"ok": True, "problems": {}, "notes": [NO_ANCHOR, *NO_DIRECTORY]}
    cli.set("consentcore.plugin.scopes_file.path = none.toml")
    result = cli("plugins", "check")
    assert result.code == 78
    assert f"{cli.ini} line 7: plugin scopes_file" in result.err
    assert "none.toml" in result.err


def test_check_asks_the_storage(tmp_path):
    cli = Cli(tmp_path)
    cli("keys", "create", str(tmp_path / "var" / "keys"), ini=False)
    result = cli("plugins", "check")
    assert result.code == 1
    assert "consentcore init" in result.err


@pytest.mark.parametrize("before", [True, False])
def test_plugin_adds_a_command(cli, site, before):
    tiny.install(
        site, "adds", "1.0", code=ADDS_COMMAND.format(name="adds", command="greet"), adds="tiny_adds"
    )
    cli.set("consentcore.extensions = adds")
    words = ["-c", str(cli.ini), "greet"] if before else ["greet", "-c", str(cli.ini)]
    assert cli(*words, ini=False).out == "hello\n"
    assert cli("greet", "--json").json == {"issuer": "http://127.0.0.1:6543"}
    assert "Greet." in cli("-c", str(cli.ini), "--help", ini=False).out


def test_command_of_a_plugin_that_is_not_named_does_not_exist(cli, site):
    tiny.install(
        site, "adds", "1.0", code=ADDS_COMMAND.format(name="adds", command="greet"), adds="tiny_adds"
    )
    assert cli("greet").code == 2


def test_plugin_may_not_take_the_name_of_a_built_in_command(cli, site):
    code = ADDS_COMMAND.format(name="adds", command="serve")
    tiny.install(site, "adds", "1.0", code=code, adds="tiny_adds")
    cli.set("consentcore.extensions = adds")
    result = cli("whatever")
    assert result.code == 78
    assert "plugin adds (adds 1.0): it adds a command serve, which exists already" in result.err


def test_command_of_two_plugins_names_both(cli, site):
    for name in ("adds", "more"):
        code = ADDS_COMMAND.format(name=name, command="greet")
        tiny.install(site, name, "1.0", code=code, **{name: f"tiny_{name}"})
    cli.set("consentcore.extensions = adds more")
    result = cli("greet")
    assert result.code == 78
    assert (
        "line 15: plugin more (more 1.0): it adds a command greet, and so does plugin adds (adds 1.0)"
        in result.err
    )


def test_help_works_with_a_broken_configuration(cli):
    cli.set("consentcore.oauth.code_ttl_s = soon")
    assert "webhooks" in cli("-c", str(cli.ini), "--help", ini=False).out


def run_python(*arguments: str, cwd: Path, path: Path) -> str:
    env = {**os.environ, "PYTHONPATH": str(path)}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


BUILD = "import sys; from setuptools.build_meta import build_wheel; print(build_wheel(sys.argv[1]))"


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_new_plugin_builds_installs_and_passes_the_kit(cli, tmp_path, kind):
    package, site = tmp_path / "package", tmp_path / "installed"
    files = cli("plugins", "new", kind, "my_thing", "--folder", str(package), "--json", ini=False).json[
        "files"
    ]
    assert "tests/test_my_thing.py" in files
    run_python("-c", BUILD, str(tmp_path), cwd=package, path=site)
    (wheel,) = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(site)
    options = ("-q", "-p", "no:cacheprovider", "-o", "pythonpath=", "tests")
    printed = run_python("-m", "pytest", *options, cwd=package, path=site)
    assert " passed" in printed
    assert "failed" not in printed
    listed = json.loads(
        run_python("-m", "consentcore.cli.main", "plugins", "list", "--json", cwd=site, path=site)
    )
    (mine,) = [one for one in listed if one["name"] == "my_thing"]
    assert (mine["problems"], mine["distribution"], mine["version"]) == ([], "consentcore-my-thing", "0.1.0")


@pytest.mark.parametrize("command", [("init",), ("serve",), ("worker",), ("plugins", "check")])
def test_every_start_says_all_that_plugins_find_wrong_with_file_and_line(cli, command):
    cli.ini.write_text(cli.ini.read_text().replace("127.0.0.0/8", "127.0.0.0/99"))
    cli.set("consentcore.plugin.scopes_file.path = none.toml")
    result = cli(*command)
    assert result.code == 78
    assert f"{cli.ini} line 7: plugin scopes_file" in result.err
    if command != ("plugins", "check"):
        return
    cli.ini.write_text(cli.ini.read_text().replace("consentcore.plugin.scopes_file.path = none.toml\n", ""))
    assert "consentcore.plugin.webhook.allow_networks: expected networks" in cli(*command).err
