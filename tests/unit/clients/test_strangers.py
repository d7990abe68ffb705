"""What applications may have that no operator has registered comes from settings alone."""

import pytest

from consentcore.clients.strangers import StrangerRules, stranger_rules
from consentcore.domain.errors import ConfigurationError
from consentcore.settings import RegistrationSettings
from consentcore.testing.scenario import CATALOG


def problems(**settings) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        stranger_rules(RegistrationSettings(**settings), CATALOG)
    return list(caught.value.problems)


def test_nothing_is_open_unless_a_setting_says_so():
    settings = RegistrationSettings()
    assert (settings.endpoint, settings.scopes, settings.audiences) == ("off", (), ())
    assert problems() == [
        "consentcore.registration.scopes: expected at least one scope, because applications may register themselves"
    ]


def test_what_the_settings_name_is_open():
    settings = RegistrationSettings(
        scopes=("sites.read", "comfort.read", "sites.read"), audiences=("https://api.example",)
    )
    assert stranger_rules(settings, CATALOG) == StrangerRules(
        ("sites.read", "comfort.read"), ("https://api.example",)
    )


def test_a_scope_that_acts_is_never_open():
    (problem,) = problems(scopes=("sites.read", "ev.write"))
    assert "'ev.write' lets an application act" in problem


def test_scopes_and_apis_that_cannot_be_are_named_all_at_once():
    first, *others = problems(scopes=("gone.read",), audiences=("api", "/x"))
    assert first == "consentcore.registration.scopes: 'gone.read' is not in the catalog"
    assert [one.partition(": ")[0] for one in others] == ["consentcore.registration.audiences"] * 2
    assert [one.rpartition(" ")[2] for one in others] == ["'api'", "'/x'"]
