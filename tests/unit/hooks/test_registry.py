"""Every hook, proved by a tiny plugin."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from consentcore.api import (
    ConfigurationError,
    ConsentContext,
    ConsentPanel,
    LoginAttempt,
    PluginKind,
    Scope,
    StorageCapabilities,
    TokenContext,
    hookimpl,
)
from consentcore.hooks.registry import Registry
from consentcore.ports.extension import RESERVED_CLAIMS
from consentcore.testing import ManualClock, factories, fixed_keys
from tests.support import tiny_plugins as tiny
from tests.support.names import case_name

CLOCK = ManualClock()


def registry_of(*plugins, settings=None):
    """A registry of modules that all call themselves tiny, under names a, b, c …"""
    named = dict(zip("abcdef", plugins, strict=False))
    for letter, plugin in named.items():
        plugin.own_name = letter
    return Registry.from_plugins(named, settings)


def make_login(settings, storage, clock):
    return tiny.Login(settings, storage, clock)


def make_notifier(settings, clock):
    return tiny.Notifier(settings, clock)


@pytest.fixture
def consent():
    owner, client = factories.owner(), factories.client()
    return ConsentContext(client, owner, (), "en")


@pytest.fixture
def token():
    grant = factories.grant("owner-1", "client-1")
    return TokenContext(grant, "client-1", ("a",), "subject-1")


def test_plugin_and_settings():
    registry = registry_of(
        tiny.module(PluginKind.EXTENSION, tiny.Greeting, consentcore_event=lambda event: None),
        settings={"a": {"word": "hi"}},
    )
    assert registry.names() == ("a",)
    assert registry.info("a").summary == "Tiny."
    assert registry.settings("a").word == "hi"


def test_storage_is_made_with_settings_clock_and_keys():
    made = []

    def consentcore_storage(settings, clock, keys):
        made.append((settings.word, clock, keys.current_id))
        return "the storage"

    registry = registry_of(
        tiny.module(PluginKind.STORAGE, tiny.Greeting, consentcore_storage=consentcore_storage)
    )
    assert registry.storage(CLOCK, fixed_keys()) == "the storage"
    assert made == [("hello", CLOCK, "test1")]


def test_login_is_made_with_settings_storage_and_clock():
    registry = registry_of(tiny.module(PluginKind.LOGIN, tiny.Greeting, consentcore_login=make_login))
    login = registry.login("the storage", CLOCK)
    assert (login.storage, login.clock) == ("the storage", CLOCK)
    assert login.authenticate(LoginAttempt("a@b.example", "hello", "127.0.0.1", 0)).owner_id == "ada"


def test_catalogs_are_joined_in_order():
    registry = registry_of(
        tiny.module(PluginKind.SCOPES, consentcore_scope_catalog=lambda settings: tiny.Catalog("x", "y")),
        tiny.module(PluginKind.SCOPES, consentcore_scope_catalog=lambda settings: tiny.Catalog("z")),
    )
    assert list(registry.catalog().scopes) == ["x", "y", "z"]


def test_scope_that_two_catalogs_define_is_an_error_naming_both():
    registry = registry_of(
        tiny.module(PluginKind.SCOPES, consentcore_scope_catalog=lambda settings: tiny.Catalog("x", "y")),
        tiny.module(PluginKind.SCOPES, consentcore_scope_catalog=lambda settings: tiny.Catalog("y", "x")),
    )
    with pytest.raises(ConfigurationError) as caught:
        registry.catalog()
    assert caught.value.problems == ("scope y is defined by a and by b", "scope x is defined by a and by b")


def test_notifiers_are_made_one_by_one_each_with_its_own_settings():
    registry = registry_of(
        tiny.module(PluginKind.NOTIFIER, tiny.Greeting, consentcore_notifier=make_notifier),
        tiny.module(PluginKind.NOTIFIER, tiny.Greeting, consentcore_notifier=make_notifier),
        settings={"b": {"word": "bye"}},
    )
    made = registry.notifiers(CLOCK)
    assert {name: notifier.settings.word for name, notifier in made.items()} == {"a": "hello", "b": "bye"}
    assert made["a"].clock is CLOCK


def test_resources():
    registry = registry_of(
        tiny.module(PluginKind.EXTENSION, consentcore_resources=lambda settings: tiny.Directory())
    )
    (directory,) = registry.resources()
    assert directory.resources(factories.owner(name="Ada"))[0].label == "The house of Ada"


def test_anchor():
    anchor = tiny.Anchor()
    registry = registry_of(tiny.module(PluginKind.EXTENSION, consentcore_anchor=lambda settings: anchor))
    assert registry.anchors() == {"a": anchor}


def test_a_plugin_may_make_several_anchors():
    several = {"one": tiny.Anchor(), "two": tiny.Anchor()}
    registry = registry_of(tiny.module(PluginKind.EXTENSION, consentcore_anchor=lambda settings: several))
    assert registry.anchors() == {"a:one": several["one"], "a:two": several["two"]}


def test_key_provider_is_found_by_name():
    registry = registry_of(
        tiny.module(PluginKind.EXTENSION, consentcore_key_provider=lambda settings: tiny.Vault())
    )
    assert registry.key_provider("a").master_keys() == [("vault1", b"v" * 32)]
    with pytest.raises(ConfigurationError, match=r"no key provider vault .*there: a"):
        registry.key_provider("vault")


@pytest.mark.parametrize(
    ("error", "raised", "said"),
    [
        (RuntimeError("no folder"), ConfigurationError, "master_keys failed: RuntimeError: no folder"),
        (FileNotFoundError(2, "gone", "/k"), ConfigurationError, "master_keys failed: FileNotFoundError"),
        (SystemExit(0), ConfigurationError, "master_keys failed: SystemExit"),
        (ConfigurationError(["x.folder: empty"]), ConfigurationError, "x.folder: empty"),
        (TimeoutError("the vault is slow"), ConnectionError, "master_keys failed: TimeoutError"),
    ],
    ids=["error", "file", "exit", "words", "network"],
)
def test_key_provider_that_raises_is_named(error, raised, said):
    class Broken:
        def master_keys(self):
            raise error

    registry = registry_of(
        tiny.module(PluginKind.EXTENSION, consentcore_key_provider=lambda settings: Broken())
    )
    with pytest.raises(raised) as caught:
        registry.key_provider("a").master_keys()
    assert f"plugin a: {said}" in str(caught.value)


def test_panels_come_in_order_and_one_that_fails_is_left_out(consent, caplog):
    def broken(context):
        raise RuntimeError("no panel today")

    registry = registry_of(
        tiny.module(PluginKind.EXTENSION, consentcore_consent_panels=tiny.panels("One")),
        tiny.module(PluginKind.EXTENSION, consentcore_consent_panels=broken),
        tiny.module(PluginKind.EXTENSION, consentcore_consent_panels=tiny.panels("Two")),
    )
    with caplog.at_level(logging.ERROR, "consentcore.plugins"):
        found = registry.panels(consent)
    assert [panel.title for panel in found] == ["One", "Two"]
    assert consent.client.name in found[0].text
    assert "plugin b" in caplog.text


class Wordless(Exception):
    def __str__(self) -> str:
        raise RuntimeError


WILD = [SystemExit(0), KeyboardInterrupt(), GeneratorExit(), MemoryError(), Wordless()]


@pytest.mark.parametrize("error", WILD, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("hook", ["panels", "claims"])
def test_nothing_that_a_plugin_raises_ends_a_request(consent, token, caplog, error, hook):
    def wild(context):
        raise error

    name = {"panels": "consentcore_consent_panels", "claims": "consentcore_token_claims"}[hook]
    registry = registry_of(tiny.module(PluginKind.EXTENSION, **{name: wild}))
    with caplog.at_level(logging.ERROR, "consentcore.plugins"):
        assert not (registry.panels(consent) if hook == "panels" else registry.claims(token))
    (record,) = caplog.records
    assert "plugin a" in record.getMessage()
    assert "\n" not in record.getMessage()


@pytest.mark.parametrize(
    "panels",
    ["text", [1], [None], 7, [tiny.ConsentPanel("a", None)], [tiny.ConsentPanel("\ud800", "b")], {"a": 1}],
    ids=repr,
)
def test_panels_that_are_none_are_left_out(consent, caplog, panels):
    registry = registry_of(
        tiny.module(PluginKind.EXTENSION, consentcore_consent_panels=lambda context: panels),
        tiny.module(PluginKind.EXTENSION, consentcore_consent_panels=tiny.panels("Two")),
    )
    assert [panel.title for panel in registry.panels(consent)] == ["Two"]
    assert "plugin a" in caplog.text


def test_interruption_that_a_plugin_raises_is_an_error_like_any_other():
    """Only a person ends a command: :class:`consentcore.hooks.calling.Interrupted`."""

    def stop():
        raise KeyboardInterrupt

    registry = registry_of(tiny.module(PluginKind.NOTIFIER, consentcore_notifier=stop))
    with pytest.raises(ConfigurationError, match="plugin a: consentcore_notifier failed: KeyboardInterrupt"):
        registry.notifiers(CLOCK)


def test_what_lacks_a_method_is_refused_and_nothing_of_it_is_made():
    class Lazy:
        retry_schedule_s = (1.0,)

        @property
        def targets(self):
            raise AssertionError("nobody has asked for it")

    registry = registry_of(
        tiny.module(PluginKind.NOTIFIER, consentcore_notifier=lambda settings: Lazy()),
        tiny.module(PluginKind.EXTENSION, consentcore_anchor=lambda settings: {"one": object()}),
    )
    with pytest.raises(ConfigurationError) as caught:
        registry.demand_whole({"consentcore_notifier": {"a": Lazy()}})
    assert caught.value.problems == ("plugin a: its notifier has no send",)
    with pytest.raises(ConfigurationError, match="plugin b: its anchor has no publish"):
        registry.demand_whole({"consentcore_anchor": registry.anchors()})
    registry.demand_whole({"consentcore_notifier": {"a": tiny.Notifier(None, CLOCK)}})


def test_a_plugin_that_exits_while_it_is_made_stops_the_start_in_words():
    def leave(settings, clock):
        raise SystemExit(0)

    registry = registry_of(tiny.module(PluginKind.NOTIFIER, consentcore_notifier=leave))
    with pytest.raises(ConfigurationError, match="plugin a.*consentcore_notifier failed: SystemExit"):
        registry.notifiers(CLOCK)


def test_claims_are_joined(token):
    registry = registry_of(
        tiny.module(PluginKind.EXTENSION, consentcore_token_claims=tiny.claims(region="eu")),
        tiny.module(PluginKind.EXTENSION, consentcore_token_claims=tiny.claims(tariff="night")),
    )
    assert registry.claims(token) == {"region": "eu", "tariff": "night"}


def test_claim_of_two_plugins_is_an_error_naming_both(token):
    registry = registry_of(
        tiny.module(PluginKind.EXTENSION, consentcore_token_claims=tiny.claims(region="eu")),
        tiny.module(PluginKind.EXTENSION, consentcore_token_claims=tiny.claims(region="us")),
    )
    with pytest.raises(ConfigurationError, match="region is given by plugin a and by plugin b"):
        registry.claims(token)


@pytest.mark.parametrize("claim", sorted(RESERVED_CLAIMS))
def test_reserved_claim_is_an_error(token, claim):
    registry = registry_of(
        tiny.module(PluginKind.EXTENSION, consentcore_token_claims=tiny.claims(**{claim: "x"}))
    )
    with pytest.raises(ConfigurationError, match=f"plugin a: the claim {claim} is reserved"):
        registry.claims(token)


def test_claims_of_a_plugin_that_fails_are_left_out(token, caplog):
    def broken(context):
        raise RuntimeError("no claims today")

    registry = registry_of(
        tiny.module(PluginKind.EXTENSION, consentcore_token_claims=broken),
        tiny.module(PluginKind.EXTENSION, consentcore_token_claims=tiny.claims(region="eu")),
    )
    assert registry.claims(token) == {"region": "eu"}
    assert "plugin a" in caplog.text


@pytest.mark.parametrize("value", [object(), float("nan"), b"bytes", "\ud800"], ids=case_name)
def test_claims_that_json_cannot_hold_are_left_out(token, caplog, value):
    registry = registry_of(
        tiny.module(PluginKind.EXTENSION, consentcore_token_claims=tiny.claims(wrong=value)),
        tiny.module(PluginKind.EXTENSION, consentcore_token_claims=tiny.claims(region="eu")),
    )
    assert registry.claims(token) == {"region": "eu"}
    assert "plugin a" in caplog.text


def test_events_go_to_one_plugin_at_a_time_and_its_errors_come_back():
    heard = []

    def hear(event):
        heard.append(event)

    def broken(event):
        raise RuntimeError("try again")

    registry = registry_of(
        tiny.module(PluginKind.EXTENSION, consentcore_event=broken),
        tiny.module(PluginKind.EXTENSION, consentcore_event=hear),
    )
    assert registry.event_plugins() == ("a", "b")
    registry.tell_event("b", "the event")
    assert heard == ["the event"]
    with pytest.raises(RuntimeError, match="try again"):
        registry.tell_event("a", "the event")


def test_configure_is_given_the_configurator_and_own_settings():
    seen = []

    def consentcore_configure(config, settings):
        seen.append((config, settings.word))

    registry = registry_of(
        tiny.module(PluginKind.EXTENSION, tiny.Greeting, consentcore_configure=consentcore_configure),
        tiny.module(PluginKind.EXTENSION, tiny.Greeting, consentcore_configure=consentcore_configure),
        settings={"b": {"word": "bye"}},
    )
    registry.configure("the configurator")
    assert seen == [("the configurator", "hello"), ("the configurator", "bye")]


def test_cli_is_given_the_group():
    seen = []

    def consentcore_cli(group):
        seen.append(group)

    registry_of(tiny.module(PluginKind.EXTENSION, consentcore_cli=consentcore_cli)).cli("the group")
    assert seen == ["the group"]


def test_hook_may_ask_for_fewer_arguments():
    registry = registry_of(tiny.module(PluginKind.NOTIFIER, consentcore_notifier=lambda: "bare"))
    assert registry.notifiers(CLOCK) == {"a": "bare"}


def test_factory_that_fails_is_named_with_the_last_line_of_its_exception():
    def consentcore_storage(settings):
        raise OSError("the disk is on fire")

    registry = registry_of(tiny.module(PluginKind.STORAGE, consentcore_storage=consentcore_storage))
    with pytest.raises(
        ConfigurationError, match="plugin a: consentcore_storage failed: OSError: the disk is on fire"
    ):
        registry.storage(CLOCK, fixed_keys())


class Told:
    """A storage that declares something."""

    def __init__(self, capabilities):
        self.capabilities = capabilities


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        (StorageCapabilities(), None),
        (
            StorageCapabilities(snapshot_reads=True, atomic_batches=None),
            "its PluginInfo declares atomic_batches=25, its storage atomic_batches, snapshot_reads",
        ),
        (frozenset({"durable"}), "its storage has capabilities that are no StorageCapabilities"),
    ],
)
def test_storage_and_its_manifest_declare_the_same(told, problem):
    module = tiny.module(PluginKind.STORAGE, consentcore_storage=lambda: Told(told))
    info = replace(
        module.consentcore_plugin(), name="a", capabilities=frozenset({"atomic_batches=25", "durable"})
    )
    module.consentcore_plugin = hookimpl(lambda: info)
    registry = registry_of(module)
    if problem is None:
        assert registry.storage(CLOCK, fixed_keys()).capabilities == told
        return
    with pytest.raises(ConfigurationError, match=f"plugin a: {problem}"):
        registry.storage(CLOCK, fixed_keys())


def test_factory_that_returns_nothing_is_an_error():
    registry = registry_of(tiny.module(PluginKind.STORAGE, consentcore_storage=lambda: None))
    with pytest.raises(ConfigurationError, match="consentcore_storage returned nothing"):
        registry.storage(CLOCK, fixed_keys())


def test_problems_of_a_plugin_keep_their_lines():
    def consentcore_scope_catalog(settings):
        raise ConfigurationError(["one", "two"])

    registry = registry_of(
        tiny.module(PluginKind.SCOPES, consentcore_scope_catalog=consentcore_scope_catalog)
    )
    with pytest.raises(ConfigurationError) as caught:
        registry.catalog()
    assert caught.value.problems == ("plugin a: one", "plugin a: two")


def test_exactly_one_storage_is_needed():
    with pytest.raises(ConfigurationError, match="exactly one"):
        registry_of().storage(CLOCK, fixed_keys())


def test_two_registries_know_nothing_of_each_other():
    first = registry_of(tiny.module(PluginKind.EXTENSION, consentcore_event=lambda event: None))
    second = registry_of()
    assert (first.event_plugins(), second.event_plugins()) == (("a",), ())


def test_settings_of_objects_are_bound_and_checked():
    plugin = tiny.module(PluginKind.EXTENSION, tiny.Greeting, consentcore_event=lambda event: None)
    with pytest.raises(
        ConfigurationError, match=r"consentcore\.plugin\.a\.wrd: unknown setting; did you mean"
    ):
        registry_of(plugin, settings={"a": {"wrd": "x"}})


class TestTexts:
    """Plugins of today show what they always showed; what would turn or break the page around it is a blank."""

    def test_panel_keeps_what_languages_need_and_nothing_that_turns_the_page(self, consent):
        def panels(context):
            return [ConsentPanel("Tarif\u202e\x07", "10\u00a0% de\nmoins")]

        registry = registry_of(tiny.module(PluginKind.EXTENSION, consentcore_consent_panels=panels))
        assert registry.panels(consent) == [ConsentPanel("Tarif", "10\u00a0% de moins")]

    def test_scope_of_any_catalog_is_clean(self):
        class Catalog:
            def scopes(self):
                return [Scope("a", "Label\u2028", "sees 10\u00a0%\u202e", cluster="C")]

        def made():
            return Catalog()

        module = tiny.module(PluginKind.SCOPES, consentcore_scope_catalog=made)
        assert registry_of(module).catalog()["a"] == Scope("a", "Label", "sees 10\u00a0%", cluster="C")

    def test_claims_that_are_no_text_are_left_out(self, token, caplog):
        registry = registry_of(
            tiny.module(PluginKind.EXTENSION, consentcore_token_claims=tiny.claims(wrong="\ud800"))
        )
        assert registry.claims(token) == {}
        assert "plugin a" in caplog.text
