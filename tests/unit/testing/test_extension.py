"""The kit for extensions: passed by an honest one, failed by careless ones at the right test."""

from __future__ import annotations

import itertools
from types import ModuleType

import pytest

from consentcore.api import ConsentPanel, EventType, PluginKind, hookimpl
from consentcore.testing import ExtensionConformance
from tests.support import tiny_plugins as tiny


def extension(**hooks):
    return tiny.module(PluginKind.EXTENSION, **{f"consentcore_{name}": hook for name, hook in hooks.items()})


def panels(*made):
    return extension(consent_panels=lambda context: list(made))


def claims(**made):
    return extension(token_claims=lambda context: made)


class TestHonest(ExtensionConformance):
    @pytest.fixture
    def plugin(self):
        return extension(
            consent_panels=lambda context: [ConsentPanel("Good to know", context.client.name)],
            token_claims=lambda context: {"level": len(context.scopes)},
            event=lambda event: None,
        )


@pytest.fixture
def kit(request):
    return ExtensionConformance()


@pytest.fixture
def consent():
    return ExtensionConformance.consent._get_wrapped_function()(ExtensionConformance())


@pytest.fixture
def token():
    return ExtensionConformance.token._get_wrapped_function()(ExtensionConformance())


numbers = itertools.count()


@pytest.mark.parametrize(
    ("plugin", "test", "more"),
    [
        (panels(ConsentPanel("", "text")), "test_panels_are_titles_and_texts", ("en",)),
        (panels(ConsentPanel("title", " ")), "test_panels_are_titles_and_texts", ("en",)),
        (panels(("title", "text")), "test_panels_are_titles_and_texts", ("en",)),
        (panels(ConsentPanel("title", 7)), "test_panels_are_titles_and_texts", ("en",)),
        (
            extension(consent_panels=lambda context: [ConsentPanel("t", str(next(numbers)))]),
            "test_same_request_gives_the_same_panels",
            (),
        ),
        (
            extension(consent_panels=lambda context: [ConsentPanel("t", context.scopes[0].label)]),
            "test_panels_survive_odd_names_and_no_scopes",
            (),
        ),
        (
            extension(consent_panels=lambda context: [ConsentPanel("t", context.owner.email)]),
            "test_panels_do_not_show_the_address_of_the_owner",
            (),
        ),
    ],
)
def test_careless_panels_are_noticed(kit, consent, plugin, test, more):
    with pytest.raises((AssertionError, TypeError, AttributeError, IndexError)):
        getattr(kit, test)(plugin, consent, *more)


@pytest.mark.parametrize(
    ("plugin", "test"),
    [
        (claims(at=object()), "test_claims_can_be_written_as_json"),
        (claims(at=float("nan")), "test_claims_can_be_written_as_json"),
        (claims(at=(1, 2)), "test_claims_can_be_written_as_json"),
        (claims(sub="me"), "test_no_claim_is_reserved"),
        (claims(long="x" * 3000), "test_claims_fit_into_a_token"),
        (
            extension(token_claims=lambda context: {"all": list(context.scopes) * 4}),
            "test_claims_fit_into_a_token",
        ),
        (
            extension(token_claims=lambda context: {"first": context.scopes[0]}),
            "test_claims_survive_a_token_without_scopes_and_with_audiences",
        ),
    ],
)
def test_careless_claims_are_noticed(kit, token, plugin, test):
    with pytest.raises(Exception):  # noqa: B017, PT011 - an error of the plugin fails the test as well
        getattr(kit, test)(plugin, token)


def test_event_that_nobody_would_run_is_noticed(kit):
    async def take(event): ...

    plugin = ModuleType("tiny")
    plugin.consentcore_event = hookimpl(take)
    with pytest.raises(pytest.fail.Exception, match="coroutine"):
        kit.test_event_of_every_kind_is_taken_and_may_come_again(plugin, EventType.GRANTED)


def test_plugin_with_a_misspelled_hook_is_noticed(kit):
    with pytest.raises(AssertionError, match="there is no hook"):
        kit.test_plugin_is_in_order(extension(consent_panel=lambda context: []))


def test_hook_that_is_not_there_is_skipped(kit, token):
    with pytest.raises(pytest.skip.Exception, match="consentcore_token_claims"):
        kit.test_no_claim_is_reserved(panels(), token)
