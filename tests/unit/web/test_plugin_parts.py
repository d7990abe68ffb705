"""What plugins add to the web application and Pyramid refuses."""

from __future__ import annotations

import pytest
from pyramid.config import Configurator

from consentcore.api import ConfigurationError
from consentcore.web.plugin_parts import commit


def view(request):
    return {}


def problems(config):
    with pytest.raises(ConfigurationError) as caught:
        commit(config)
    return list(caught.value.problems)


def test_view_of_a_route_that_is_none_is_said_with_its_place():
    config = Configurator()
    config.add_view(view, route_name="nowhere")
    (said,) = problems(config)
    assert said.startswith("consentcore_configure of a plugin: ConfigurationError: No route named nowhere")
    assert "test_plugin_parts.py line 24" in said
    assert "\n" not in said


def test_route_of_two_plugins_is_said_with_both_places():
    config = Configurator()
    config.add_route("mine", "/one")
    config.add_route("mine", "/two")
    (said,) = problems(config)
    assert said.startswith("consentcore_configure of a plugin: route mine is added by ")
    assert said.count("test_plugin_parts.py line ") == 2


def test_what_is_in_order_is_carried_out():
    config = Configurator()
    config.add_route("mine", "/one")
    config.add_view(view, route_name="mine", renderer="json")
    commit(config)
    assert config.make_wsgi_app()
