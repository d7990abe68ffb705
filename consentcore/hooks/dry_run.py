"""Makes what a plugin makes, without a configuration: with the settings that it has by default."""

from __future__ import annotations

from dataclasses import MISSING
from functools import partial
from typing import Any

from consentcore.domain.clock import SystemClock
from consentcore.domain.errors import ConfigurationError, ConsentcoreError
from consentcore.hooks.calling import call
from consentcore.hooks.errors import cause
from consentcore.hooks.info import PluginInfo
from consentcore.hooks.port_checks import made_problems
from consentcore.hooks.registry import Registry
from consentcore.settings.binding import bind, fields_of, from_texts

TRIED = ("consentcore_scope_catalog", "consentcore_notifier", "consentcore_resources", "consentcore_anchor")
"""Hooks that need nothing but settings and a clock; a key provider may ask a vault, a storage a database."""


def dry_run_problems(name: str, module: object, info: PluginInfo) -> list[str] | None:
    """What is wrong with what a plugin makes, one sentence each.

    :returns: None when that cannot be told: a setting has no default, or the defaults fit no machine.
    """
    settings: object | None = bind(info.settings, "", from_texts({}))
    if settings is None:
        return _settings_problems(info.settings)
    registry = Registry.from_plugins({name: module}, {name: settings})
    found: list[str] = []
    for hook in TRIED:
        if name not in registry.implementing(hook):
            continue
        read = call(partial(_make, registry, name, hook, settings))
        if isinstance(read.error, ConfigurationError):
            return None
        if read.error is None:
            found += made_problems(hook, read.answer, info.capabilities)
        else:
            found.append(f"{hook} failed: {cause(read.error)}")
    return found


def _settings_problems(cls: type) -> list[str] | None:
    """What is wrong with a class that cannot be made of its defaults, where it is no value that is missing."""
    fields = [item for item, _ in fields_of(cls)]
    if any(item.default is MISSING and item.default_factory is MISSING for item in fields):
        return None
    error = call(cls).error
    if error is None or isinstance(error, ValueError | ConsentcoreError):
        return None
    return [f"{cls.__name__} cannot be made of its defaults: {cause(error)}"]


def _make(registry: Registry, name: str, hook: str, settings: object) -> Any:
    clock = {"clock": SystemClock()} if hook == "consentcore_notifier" else {}
    return registry.call(name, hook, settings=settings, **clock)
