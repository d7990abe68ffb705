"""Plugins of installed distributions: found without import, imported only when named, refused with a reason."""

from __future__ import annotations

import sys

import pytest

from consentcore.api import ConfigurationError
from consentcore.config import load_ini
from consentcore.hooks.discovery import installed_plugins
from tests.support import tiny_plugins as tiny

GOOD = """
    from consentcore.api import PluginInfo, PluginKind, hookimpl

    @hookimpl
    def consentcore_plugin():
        return PluginInfo("{name}", PluginKind.{kind}, "Good.", api="{api}")

    @hookimpl
    def consentcore_{hook}:
        return {result}
"""


def good(name, *, kind="EXTENSION", hook="event(event)", api="1.0", result="None"):
    return GOOD.format(name=name, kind=kind, hook=hook, api=api, result=result)


@pytest.fixture
def site(tmp_path, monkeypatch):
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    return folder


@pytest.fixture
def load(tmp_path):
    def load(*lines, storage="memory", extensions="", environ=None):
        ini = tmp_path / "test.ini"
        ini.write_text(
            "\n".join(
                [
                    "[app:main]",
                    "consentcore.issuer = https://as.example",
                    "consentcore.keys = keys",
                    f"consentcore.storage = {storage}",
                    "consentcore.login = login_local",
                    "consentcore.scopes = scopes_file",
                    f"consentcore.extensions = {extensions}",
                    *lines,
                ]
            )
        )
        return load_ini(ini, environ=environ or {})

    return load


@pytest.fixture
def problems(load, tmp_path):
    def problems(*lines, **more):
        with pytest.raises(ConfigurationError) as caught:
            load(*lines, **more)
        return [line.replace(f"{tmp_path}/", "") for line in caught.value.problems]

    return problems


def test_found_without_import(site):
    tiny.install(site, "loud", "1.0", code="raise SystemExit('imported')", noisy="tiny_loud")
    assert [str(plugin) for plugin in installed_plugins() if plugin.name == "noisy"] == ["loud 1.0"]


def test_bundled_plugins_are_found():
    assert {"memory", "sqlalchemy", "smtp", "webhook", "login_local"} <= {
        plugin.name for plugin in installed_plugins()
    }


def test_named_plugin_is_imported_and_unnamed_broken_one_is_not(site, load):
    tiny.install(site, "good", "1.0", code=good("fine"), fine="tiny_good")
    tiny.install(site, "loud", "1.0", code="raise RuntimeError('imported')", noisy="tiny_loud")
    assert load(extensions="fine").registry.names()[-1] == "fine"
    assert "tiny_good" in sys.modules
    assert "tiny_loud" not in sys.modules


def test_plugin_may_be_an_object_in_a_module(site, load):
    code = good("thing") + "\n    import sys\n    me = sys.modules[__name__]\n"
    tiny.install(site, "objects", "1.0", code=code, thing="tiny_objects:me")
    assert "thing" in load(extensions="thing").registry.names()


def test_missing_plugin_names_line_nearest_and_what_is_there(problems):
    (line,) = problems(storage="sqlalchmy")
    assert line.startswith("test.ini line 4: consentcore.storage: no plugin sqlalchmy is installed")
    assert "did you mean sqlalchemy?" in line
    assert "memory" in line


def test_plugin_that_breaks_on_import_names_line_distribution_and_cause(site, problems):
    tiny.install(site, "broken", "2.1", code="import no_such_module", bad="tiny_broken")
    expected = (
        "test.ini line 7: consentcore.extensions: plugin bad (broken 2.1) cannot be imported: "
        "ModuleNotFoundError: No module named 'no_such_module'"
    )
    assert problems(extensions="bad") == [expected]


def test_plugin_that_exits_on_import_does_not_end_the_program(site, problems):
    tiny.install(site, "quitter", "1.0", code="raise SystemExit(3)", bad="tiny_quitter")
    assert "SystemExit: 3" in problems(extensions="bad")[0]


def test_plugin_of_two_distributions_is_refused_naming_both(site, problems):
    tiny.install(site, "first", "1.0", code=good("twin"), twin="tiny_first")
    tiny.install(site, "second", "2.0", code=good("twin"), twin="tiny_second")
    assert problems(extensions="twin") == [
        "test.ini line 7: consentcore.extensions: twin is defined by first 1.0 and by second 2.0; uninstall all but one"
    ]


def test_twins_that_are_not_named_do_not_matter(site, load):
    tiny.install(site, "first", "1.0", code=good("twin"), twin="tiny_first")
    tiny.install(site, "second", "2.0", code=good("twin"), twin="tiny_second")
    assert load().registry is not None


def test_plugin_for_another_api_is_refused(site, problems):
    tiny.install(site, "future", "9.0", code=good("later", api="2.0"), later="tiny_future")
    expected = (
        "test.ini line 7: consentcore.extensions: plugin later (future 9.0): it was written for plugin API 2.0, "
        "this is 1.1; install a version for this API"
    )
    assert problems(extensions="later") == [expected]


def test_plugin_for_a_newer_minor_api_is_warned_of(site, load):
    tiny.install(site, "newer", "1.0", code=good("newer", api="1.7"), newer="tiny_newer")
    (warning,) = load(extensions="newer").warnings
    assert "newer (newer 1.0) is for plugin API 1.7, this is 1.1" in warning


def test_plugin_under_the_wrong_setting_is_sent_to_the_right_one(problems, tmp_path):
    lines = problems(
        "consentcore.notifiers = memory", "consentcore.plugin.devmail.dir = x", storage="devmail"
    )
    assert lines == [
        "test.ini line 4: consentcore.storage: plugin devmail (consentcore 0.1.0) belongs into consentcore.notifiers",
        "test.ini line 8: consentcore.notifiers: plugin memory (consentcore 0.1.0) belongs into consentcore.storage",
    ]


def test_two_storages_or_one_twice_are_refused(problems):
    assert problems(storage="memory sqlalchemy")[0].endswith("expected exactly one plugin, not 2")
    assert "memory is already named in consentcore.storage" in problems(extensions="memory")[0]


def test_settings_of_plugins_that_are_not_named_warn_and_of_unknown_ones_fail(load, problems):
    (warning,) = load("consentcore.plugin.smtp.host = mail").warnings
    assert "line 8: consentcore.plugin.smtp.host: plugin smtp is not named" in warning
    assert problems("consentcore.plugin.smpt.host = mail") == [
        "test.ini line 8: consentcore.plugin.smpt.host: no plugin smpt is installed; did you mean smtp?"
    ]


def test_unknown_and_wrong_settings_of_a_named_plugin_come_together(problems):
    lines = problems(
        "consentcore.notifiers = webhook",
        "consentcore.plugin.webhook.timout_s = 5",
        "consentcore.plugin.webhook.timeout_s = soon",
        "consentcore.plugin.webhook.allow_networks = 10.0.0.0/8",
    )
    unknown = "test.ini line 9: consentcore.plugin.webhook.timout_s: unknown setting"
    assert lines == [
        f"{unknown}; did you mean consentcore.plugin.webhook.timeout_s?",
        "test.ini line 10: consentcore.plugin.webhook.timeout_s = soon: expected a number",
    ]


def test_hook_that_pluggy_would_not_call_is_refused(site, problems):
    tiny.install(site, "typo", "1.0", code=good("typo", hook="evnt(event)"), typo="tiny_typo")
    expected = (
        "test.ini line 7: consentcore.extensions: plugin typo (typo 1.0): there is no hook consentcore_evnt; "
        "did you mean consentcore_event?"
    )
    assert problems(extensions="typo") == [expected]
