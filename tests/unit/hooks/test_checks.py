"""What is said of plugins that are not in order."""

from __future__ import annotations

from types import ModuleType

import pluggy
import pytest

from consentcore.api import ConfigurationError, PluginInfo, PluginKind, hookimpl
from consentcore.hooks.checks import HOOKS, hook_problems, hooks_of
from consentcore.hooks.registry import Registry
from tests.support import tiny_plugins as tiny

NO_WORDS = 'its capabilities are no words, expected something like frozenset({"check"})'
NO_DATACLASS = "its settings cannot be read: int is not a dataclass"


def problems_of(plugin, name="tiny"):
    with pytest.raises(ConfigurationError) as caught:
        Registry.from_plugins({name: plugin})
    return list(caught.value.problems)


def told_by(info, **functions):
    made = tiny.module(PluginKind.EXTENSION, **functions)
    made.consentcore_plugin = hookimpl(lambda: info)
    return made


def test_every_hook_of_the_design_is_known():
    assert list(HOOKS) == [
        "consentcore_plugin",
        "consentcore_storage",
        "consentcore_login",
        "consentcore_scope_catalog",
        "consentcore_notifier",
        "consentcore_resources",
        "consentcore_anchor",
        "consentcore_key_provider",
        "consentcore_consent_panels",
        "consentcore_token_claims",
        "consentcore_event",
        "consentcore_configure",
        "consentcore_cli",
    ]


def test_plugin_in_order_has_no_problems():
    plugin = tiny.module(PluginKind.EXTENSION, consentcore_event=lambda event: None)
    assert hook_problems(plugin) == []
    assert hooks_of(plugin) == ["consentcore_plugin", "consentcore_event"]


def test_misspelled_hook_gets_the_nearest_name():
    plugin = tiny.module(PluginKind.EXTENSION, consentcore_evnt=lambda event: None)
    assert problems_of(plugin) == ["tiny: there is no hook consentcore_evnt; did you mean consentcore_event?"]


def test_hook_without_the_marker_is_named():
    plugin = tiny.module(PluginKind.EXTENSION, consentcore_anchor=lambda settings: None)
    plugin.consentcore_event = lambda event: None
    assert problems_of(plugin) == [
        "tiny: consentcore_event is not marked with @hookimpl, so it would never be called"
    ]


def test_marker_of_another_project_does_not_count():
    plugin = tiny.module(PluginKind.EXTENSION)
    plugin.consentcore_event = pluggy.HookimplMarker("pytest")(lambda event: None)
    assert "not marked" in problems_of(plugin)[0]


def test_argument_that_the_hook_does_not_give_is_named():
    plugin = tiny.module(PluginKind.NOTIFIER, consentcore_notifier=lambda settings, storage: None)
    assert problems_of(plugin) == [
        "tiny: consentcore_notifier has an argument 'storage' that the hook does not give (settings, clock)"
    ]


def test_argument_with_a_default_would_never_be_given():
    plugin = tiny.module(PluginKind.NOTIFIER, consentcore_notifier=lambda settings, clock=None: None)
    assert "has a default" in problems_of(plugin)[0]


def test_async_hook_is_refused():
    async def consentcore_event(event): ...

    assert problems_of(tiny.module(PluginKind.EXTENSION, consentcore_event=consentcore_event)) == [
        "tiny: consentcore_event is async; hooks are ordinary functions"
    ]


def test_plugin_without_manifest_is_refused():
    assert problems_of(ModuleType("empty"), "empty") == [
        "empty: it has no consentcore_plugin() that returns its PluginInfo"
    ]


@pytest.mark.parametrize(
    ("info", "problem"),
    [
        ("no info", "consentcore_plugin() returned str, expected PluginInfo"),
        (
            PluginInfo("other", PluginKind.EXTENSION, "x"),
            "its PluginInfo is named 'other', its entry point 'tiny'",
        ),
        (
            PluginInfo("tiny", "colour", "x"),
            "its kind 'colour' is none of " + ", ".join(PluginKind),
        ),
        (
            PluginInfo("tiny", PluginKind.STORAGE, "x", api="2.0"),
            "a plugin of kind storage needs consentcore_storage",
        ),
        (PluginInfo("tiny", PluginKind.LOGIN, "x"), "a plugin of kind login needs consentcore_login"),
        (
            PluginInfo("tiny", PluginKind.SCOPES, "x"),
            "a plugin of kind scopes needs consentcore_scope_catalog",
        ),
        (
            PluginInfo("tiny", PluginKind.NOTIFIER, "x"),
            "a plugin of kind notifiers needs consentcore_notifier",
        ),
        (
            PluginInfo("tiny", PluginKind.EXTENSION, "x", api="2.0"),
            "it was written for plugin API 2.0, this is 1.1; install a version for this API",
        ),
        (
            PluginInfo("tiny", PluginKind.EXTENSION, "x", api="new"),
            "its api is 'new', expected something like '1.1'",
        ),
        (
            PluginInfo("tiny", PluginKind.EXTENSION, "x", settings=int),
            NO_DATACLASS,
        ),
        (
            PluginInfo("tiny", PluginKind.EXTENSION, "x", settings=tiny.Greeting()),
            "its settings cannot be read: expected a class made by @dataclass, not a Greeting",
        ),
        (PluginInfo("tiny", PluginKind.EXTENSION, "x", capabilities=None), NO_WORDS),
        (PluginInfo("tiny", PluginKind.EXTENSION, "x", capabilities=frozenset({1})), NO_WORDS),
        (PluginInfo("tiny", PluginKind.EXTENSION, None), "its summary is a NoneType, expected a text"),
    ],
)
def test_what_a_plugin_says_of_itself_is_checked(info, problem):
    assert problems_of(told_by(info, consentcore_event=lambda event: None)) == [f"tiny: {problem}"]


@pytest.mark.parametrize(
    ("given", "words"),
    [("account_mail", {"account_mail"}), ("check, account_mail", {"check", "account_mail"}), ("", set())],
)
def test_text_as_capabilities_is_the_words_in_it(given, words):
    """``capabilities=("account_mail")`` is a text, and a part of a word is no capability."""
    info = PluginInfo("tiny", PluginKind.NOTIFIER, "x", capabilities=given)
    assert info.capabilities == words
    assert "mail" not in info.capabilities


def test_extension_without_a_hook_is_refused():
    assert problems_of(tiny.module(PluginKind.EXTENSION)) == [
        "tiny: it implements no hook besides consentcore_plugin"
    ]


def test_manifest_that_raises_is_named_with_its_cause():
    plugin = tiny.module(PluginKind.EXTENSION)
    plugin.consentcore_plugin = hookimpl(lambda: 1 / 0)
    assert problems_of(plugin) == ["tiny: consentcore_plugin() failed: ZeroDivisionError: division by zero"]


def test_problems_of_all_plugins_come_at_once():
    first = tiny.module(PluginKind.EXTENSION, consentcore_evnt=lambda: None)
    second = tiny.module(PluginKind.EXTENSION, consentcore_ankor=lambda: None)
    with pytest.raises(ConfigurationError) as caught:
        Registry.from_plugins({"one": first, "two": second})
    assert [line.split(":")[0] for line in caught.value.problems] == ["one", "two"]
