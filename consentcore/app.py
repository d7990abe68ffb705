"""Builds the WSGI application from a runtime: an ordered list of includes, with a reason each."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

# Pyramid 2.1 imports pkg_resources, whose warning tells an operator nothing that they could act on.
warnings.filterwarnings("ignore", message="pkg_resources is deprecated", category=UserWarning)

from pyramid.config import Configurator  # noqa: E402 - after the filter

from consentcore.theme import PAGES, demand_templates  # noqa: E402 - after the filter
from consentcore.web.ingress import Ingress  # noqa: E402 - after the filter
from consentcore.web.plugin_parts import commit  # noqa: E402 - after the filter
from consentcore.web.protocol_front import ProtocolFront, stands_alone  # noqa: E402 - after the filter
from consentcore.web.request import with_request_factory  # noqa: E402 - after the filter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from consentcore.config import LoadedConfig
    from consentcore.runtime import Runtime


def make_app(global_config: Mapping[str, str], settings: Mapping[str, str]) -> Ingress:
    """Make the application from what paste read of an INI.

    :raises ConfigurationError: with every problem of the settings at once.
    """
    from consentcore.config import load_mapping

    return _started(load_mapping(global_config, settings))


def build_wsgi(ini_path: str) -> Ingress:
    """Make the application from an INI file, as the web workers do.

    :raises ConfigurationError: with every problem of the settings at once.
    """
    from consentcore.config import load_ini

    return _started(load_ini(ini_path))


def _started(config: LoadedConfig) -> Ingress:
    from consentcore.runtime import build_runtime

    runtime = build_runtime(config)
    runtime.pin_scopes()
    return app_from_runtime(runtime)


def app_from_runtime(runtime: Runtime) -> Ingress:
    """Make the application around a runtime that already exists (tests, the demo)."""
    config = Configurator(settings=_pyramid_settings(runtime))
    config.registry["consentcore.runtime"] = runtime
    config.include("pyramid_retry")  # outermost: repeats a whole request after a serialization conflict
    config.include("pyramid_tm")  # one transaction per request, on page and API routes only
    config.include("pyramid_jinja2")  # pages
    config.include("consentcore.web")  # routes, views, tweens
    runtime.registry.configure(config)  # last: plugins see, and may add to, everything above
    commit(config)
    if theme := runtime.settings.web.theme:
        demand_templates(config.get_jinja2_environment(), theme, PAGES)
    return Ingress(
        with_request_factory(config.make_wsgi_app()),
        runtime.settings.server.max_body_bytes,
        signs_in_elsewhere=runtime.redirect_login is not None,
        mount=urlsplit(runtime.settings.issuer).path.rstrip("/"),
        waiting=max(1, runtime.settings.server.threads // 2),
        protocol=ProtocolFront(runtime) if stands_alone(config) else None,
    )


def _pyramid_settings(runtime: Runtime) -> dict[str, Any]:
    from consentcore.web.transactions import needs_transaction

    theme = runtime.settings.web.theme
    search_path = [str(theme)] if theme else []
    return {
        "tm.manager_hook": "pyramid_tm.explicit_manager",
        "tm.annotate_user": False,  # it would look up who it is before anybody wants to know
        "tm.activate_hook": needs_transaction(runtime.settings),
        "retry.attempts": 5,
        "retry.activate_hook": lambda request: 5 if needs_transaction(runtime.settings)(request) else 1,
        "jinja2.directories": [*search_path, "consentcore_templates:"],
        "jinja2.trim_blocks": True,
        "jinja2.lstrip_blocks": True,
        "jinja2.undefined": "strict",
    }
