"""Loads the plugins that a configuration names, and gathers everything that is wrong with them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from consentcore.domain.errors import ConfigurationError
from consentcore.hooks.calling import call
from consentcore.hooks.checks import hook_problems, info_problems
from consentcore.hooks.discovery import Installed, choose, installed_plugins
from consentcore.hooks.errors import cause
from consentcore.hooks.info import PluginInfo, PluginKind
from consentcore.hooks.requirements import unmet_requirements
from consentcore.hooks.versions import API_VERSIONS, is_newer
from consentcore.settings.binding import (
    PLUGIN_PREFIX,
    PREFIX,
    Source,
    bind,
    from_texts,
    keys_of,
    unknown_keys,
)
from consentcore.settings.ini import nearest
from consentcore.settings.values import words

log = logging.getLogger("consentcore.plugins")

EXACTLY_ONE = (PluginKind.STORAGE, PluginKind.LOGIN)


@dataclass(frozen=True)
class Loaded:
    """A plugin that was imported and found in order, with its bound settings."""

    name: str
    module: object
    info: PluginInfo
    settings: Any
    installed: Installed | None = None

    def __str__(self) -> str:
        return f"{self.name} ({self.installed})" if self.installed else self.name


def load_source(source: Source) -> list[Loaded] | None:
    """Load every plugin that ``source`` names; None when something is wrong, see ``source.problems``."""
    before = len(source.problems)
    installed = installed_plugins()
    named = _named(source)
    loaded = []
    for name, kind in named.items():
        plugin = _load_named(source, name, kind, installed)
        if plugin is not None:
            loaded.append(plugin)
    source.plugin_keys += _meant_for(source, [one.name for one in installed if one.name not in named])
    _unnamed_settings(source, named, installed)
    return loaded if len(source.problems) == before else None


def load_objects(plugins: Mapping[str, object], settings: Mapping[str, object]) -> list[Loaded]:
    """Load modules or objects as plugins, without discovery.

    :raises ConfigurationError: with every problem.
    """
    texts = {
        f"{PLUGIN_PREFIX}{name}.{key}": value
        for name, values in settings.items()
        if isinstance(values, Mapping)
        for key, value in values.items()
    }
    source = from_texts(texts, "test settings")
    loaded = []
    for name, module in plugins.items():
        info = inspect_plugin(
            name, module, lambda problem, name=name: source.problems.append(f"{name}: {problem}")
        )
        if info is not None:
            given = settings.get(name)
            bound = given if not isinstance(given, Mapping | None) else _bind_plugin(source, name, info)
            loaded.append(Loaded(name, module, info, bound))
    if source.problems:
        raise ConfigurationError(source.problems)
    return loaded


def inspect_plugin(name: str, module: object, blame: Any) -> PluginInfo | None:
    """Ask an imported plugin who it is, after checking its hooks; None when something is wrong.

    :param blame: called with one sentence for each problem.
    """
    problems = hook_problems(module)
    if problems:
        for problem in problems:
            blame(problem)
        return None
    read = call(module.consentcore_plugin)  # type: ignore[attr-defined]  # hook_problems looked for it
    if read.error is not None:
        log.debug("plugin %s: consentcore_plugin() failed", name, exc_info=read.error)
        blame(f"consentcore_plugin() failed: {cause(read.error)}")
        return None
    info = read.answer
    problems = info_problems(name, info, module)
    for problem in problems:
        blame(problem)
    return None if problems else info


def _named(source: Source) -> dict[str, PluginKind]:
    """Plugin name to the kind under which it is named."""
    found: dict[str, PluginKind] = {}
    for kind in PluginKind:
        key = PREFIX + kind.value
        entry = source.entries.get(key)
        names = words(entry.value) if entry else []
        if kind in EXACTLY_ONE and len(names) > 1:
            source.blame(key, f"expected exactly one plugin, not {len(names)}")
        for name in names:
            if name in found:
                source.blame(key, f"{name} is already named in {PREFIX}{found[name].value}")
            else:
                found[name] = kind
    return found


def _load_named(source: Source, name: str, kind: PluginKind, installed: Sequence[Installed]) -> Loaded | None:
    key = PREFIX + kind.value
    try:
        chosen = choose(name, installed)
    except LookupError as error:
        source.blame(key, str(error))
        return None
    read = call(chosen.load)
    if read.error is not None:
        log.debug("plugin %s cannot be imported", name, exc_info=read.error)
        why = "; ".join([cause(read.error), *unmet_requirements(chosen.distribution)])
        source.blame(key, f"plugin {name} ({chosen}) cannot be imported: {why}")
        return None
    module = read.answer
    info = inspect_plugin(
        name, module, lambda problem: source.blame(key, f"plugin {name} ({chosen}): {problem}")
    )
    if info is None:
        return None
    bound = _bind_plugin(source, name, info)
    if info.kind is not kind:
        source.blame(key, f"plugin {name} ({chosen}) belongs into {PREFIX}{info.kind.value}")
        return None
    if is_newer(kind, info.api):
        source.warnings.append(
            f"{source.where(key)}: plugin {name} ({chosen}) is for plugin API {info.api}, this is {API_VERSIONS[kind]}"
        )
    return Loaded(name, module, info, bound, chosen)


def _bind_plugin(source: Source, name: str, info: PluginInfo) -> Any:
    prefix = f"{PLUGIN_PREFIX}{name}."
    known = keys_of(info.settings, prefix)
    source.plugin_keys += known
    unknown_keys(source, source.under(prefix), known)
    return bind(info.settings, prefix, source)


def _unnamed_settings(
    source: Source, named: Mapping[str, PluginKind], installed: Sequence[Installed]
) -> None:
    """Settings of plugins that are not named: a warning when installed, so that INIs can inherit; else an error."""
    names = sorted({plugin.name for plugin in installed})
    for key in source.under(PLUGIN_PREFIX):
        name = key.removeprefix(PLUGIN_PREFIX).partition(".")[0]
        if name in named:
            if key == PLUGIN_PREFIX + name:
                source.blame(key, f"unknown setting{source.nearest(key + '.', source.plugin_keys)}")
            continue
        if name in names:
            source.warnings.append(
                f"{source.where(key)}: {key}: plugin {name} is not named, so this has no effect"
            )
        else:
            near = nearest(name, names) or source.nearest(key, source.plugin_keys)
            source.blame(key, f"no plugin {name} is installed{near}")


def _meant_for(source: Source, names: Sequence[str]) -> list[str]:
    """Keys of plugins that are not imported, as ``consentcore.plugin_NAME_x`` was meant to be."""
    dotted = {f"{PLUGIN_PREFIX}{name}.".replace(".", "_"): name for name in names}
    return [
        f"{PLUGIN_PREFIX}{name}.{flat.removeprefix(start)}"
        for flat in (key.replace(".", "_") for key in source.entries if not key.startswith(PLUGIN_PREFIX))
        for start, name in dotted.items()
        if flat.startswith(start)
    ]
