"""What the hooks of an extension must do: inherit :class:`ExtensionConformance`, override ``plugin``."""

from __future__ import annotations

import inspect
import json
from dataclasses import replace
from typing import Any

import pytest

from consentcore.api import (
    ConsentContext,
    ConsentEvent,
    EventType,
    PluginInfo,
    TokenContext,
    is_unicode,
)
from consentcore.hooks.answers import check_claims, check_panels, merge_claims
from consentcore.hooks.checks import hook_problems, hooks_of, info_problems
from consentcore.testing import factories
from consentcore.testing.scenario import CATALOG
from consentcore.testing.threads import together

MOST_CLAIMS_BYTES = 2900
"""What a JWT access token holds of claims, those of all plugins together."""
ODD = "Zoë \u202e<script>{{7*7}} 💡\r\n\x1b[31m"
LOCALES = ("en", "de", "fr", "es", "xx-unknown")


class ExtensionConformance:
    """What is promised of panels, claims and events, each called as the product calls it, and read as it reads it.

    A hook that the plugin does not implement is skipped. Pages and commands are Pyramid's and click's business: test
    them with their own tools, as the tests do that ``plugins new extension`` writes.
    """

    @pytest.fixture
    def plugin(self) -> Any:
        """Give the module of the plugin, the one that its entry point names."""
        raise NotImplementedError(f"{type(self).__name__} must override the fixture 'plugin'")

    @pytest.fixture
    def consent(self) -> ConsentContext:
        """Somebody who is asked for something by an application; override it where your panels need another."""
        scopes = tuple(CATALOG.scopes.values())
        return ConsentContext(factories.client(), factories.owner(), scopes, "en")

    @pytest.fixture
    def token(self) -> TokenContext:
        """A token of an application; override it where your claims need another."""
        grant = factories.grant("owner-1", "client-1")
        return TokenContext(grant, "client-1", tuple(grant.scopes), "subject-1")

    def test_plugin_is_in_order(self, plugin: Any) -> None:
        assert hook_problems(plugin) == []
        info = plugin.consentcore_plugin()
        assert isinstance(info, PluginInfo)
        assert info_problems(info.name, info, plugin) == []

    @pytest.mark.parametrize("locale", LOCALES)
    def test_panels_are_titles_and_texts(self, plugin: Any, consent: ConsentContext, locale: str) -> None:
        for panel in self._panels(plugin, replace(consent, locale=locale)):
            assert panel.title.strip()
            assert panel.text.strip()
            assert is_unicode(panel.title + panel.text)

    def test_same_request_gives_the_same_panels(self, plugin: Any, consent: ConsentContext) -> None:
        """The page is made again on Approve; when it differs, the owner is asked again."""
        assert self._panels(plugin, consent) == self._panels(plugin, consent)

    def test_panels_survive_odd_names_and_no_scopes(self, plugin: Any, consent: ConsentContext) -> None:
        client, owner = replace(consent.client, name=ODD, publisher=ODD), replace(consent.owner, name=ODD)
        self._panels(plugin, replace(consent, client=client, owner=owner, scopes=()))

    def test_panels_do_not_show_the_address_of_the_owner(self, plugin: Any, consent: ConsentContext) -> None:
        """They become a part of the evidence, which outlives what is known of the person."""
        panels = self._panels(plugin, consent)
        assert [one for one in panels if consent.owner.email in one.title + one.text] == []

    def test_claims_can_be_written_as_json(self, plugin: Any, token: TokenContext) -> None:
        claims = self._claims(plugin, token)
        assert json.loads(json.dumps(claims)) == claims

    def test_no_claim_is_reserved(self, plugin: Any, token: TokenContext) -> None:
        merge_claims({"this plugin": self._claims(plugin, token)})

    def test_claims_fit_into_a_token(self, plugin: Any, token: TokenContext) -> None:
        many = replace(token, scopes=tuple(f"scope.{number}" for number in range(100)))
        for context in (token, many):
            assert len(json.dumps(self._claims(plugin, context)).encode()) <= MOST_CLAIMS_BYTES

    def test_claims_survive_a_token_without_scopes_and_with_audiences(
        self, plugin: Any, token: TokenContext
    ) -> None:
        self._claims(plugin, replace(token, scopes=(), audience=("https://api.example", "urn:x")))

    def test_several_threads_may_ask_for_claims_at_a_time(self, plugin: Any, token: TokenContext) -> None:
        expected = self._claims(plugin, token)
        found = together(8, lambda _: self._claims(plugin, token))
        assert {frozenset(claims) for claims in found} == {frozenset(expected)}

    @pytest.mark.parametrize("kind", list(EventType))
    def test_event_of_every_kind_is_taken_and_may_come_again(self, plugin: Any, kind: EventType) -> None:
        event: ConsentEvent = factories.event(factories.grant("owner-1", "client-1"), type=kind)
        for _ in range(2):
            answer = self._hook(plugin, "consentcore_event")(event=event)
            if inspect.iscoroutine(answer):
                answer.close()
                pytest.fail("it is called from a thread: nobody would run a coroutine")

    def _panels(self, plugin: Any, context: ConsentContext) -> list[Any]:
        return check_panels(self._hook(plugin, "consentcore_consent_panels")(context=context))

    def _claims(self, plugin: Any, context: TokenContext) -> dict[str, object]:
        return dict(check_claims(self._hook(plugin, "consentcore_token_claims")(context=context)))

    @staticmethod
    def _hook(plugin: Any, name: str) -> Any:
        if name not in hooks_of(plugin):
            pytest.skip(f"the plugin does not implement {name}")
        hook, arguments = getattr(plugin, name), inspect.signature(getattr(plugin, name)).parameters
        return lambda **given: hook(**{key: value for key, value in given.items() if key in arguments})
