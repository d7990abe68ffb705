"""Says what is wrong with a plugin before any of its hooks is called, one sentence each."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Collection, Iterable, Iterator

from consentcore.hooks import specs
from consentcore.hooks.info import PluginInfo, PluginKind
from consentcore.hooks.versions import api_problems
from consentcore.ports.capabilities import StorageCapabilities, known_words
from consentcore.settings.binding import fields_of

HOOK_PREFIX = "consentcore_"
HOOKS = {
    name: tuple(inspect.signature(function).parameters)
    for name, function in vars(specs).items()
    if name.startswith(HOOK_PREFIX) and inspect.isfunction(function)
}
"""Names of all hooks, with the names of their arguments."""
NEEDED = {
    PluginKind.STORAGE: "consentcore_storage",
    PluginKind.LOGIN: "consentcore_login",
    PluginKind.SCOPES: "consentcore_scope_catalog",
    PluginKind.NOTIFIER: "consentcore_notifier",
}
_MARK = f"{specs.PROJECT}_impl"


def hooks_of(plugin: object) -> list[str]:
    """Names of the hooks that a plugin implements, in the order of the specification."""
    marked = {name for name, function in _candidates(plugin) if _is_marked(function)}
    return [name for name in HOOKS if name in marked]


def hook_problems(plugin: object) -> list[str]:
    """What is wrong with the functions of a plugin: unmarked, misspelled, with arguments that no hook has."""
    found = []
    for name, function in _candidates(plugin):
        if name not in HOOKS:
            found.append(f"there is no hook {name}{_nearest_hook(name)}")
        elif not _is_marked(function):
            found.append(f"{name} is not marked with @hookimpl, so it would never be called")
        else:
            found += _signature_problems(name, function)
    if "consentcore_plugin" not in hooks_of(plugin):
        found.append("it has no consentcore_plugin() that returns its PluginInfo")
    return found


def info_problems(name: str, info: object, plugin: object) -> list[str]:
    """What is wrong with what a plugin says about itself."""
    if not isinstance(info, PluginInfo):
        return [f"consentcore_plugin() returned {type(info).__name__}, expected PluginInfo"]
    found = []
    if info.name != name:
        found.append(f"its PluginInfo is named {info.name!r}, its entry point {name!r}")
    if info.kind not in list(PluginKind):
        return [*found, f"its kind {info.kind!r} is none of {', '.join(PluginKind)}"]
    found += api_problems(PluginKind(info.kind), info.api)
    needed = NEEDED.get(PluginKind(info.kind))
    hooks = hooks_of(plugin)
    if needed and needed not in hooks:
        found.append(f"a plugin of kind {info.kind} needs {needed}")
    if not needed and hooks == ["consentcore_plugin"]:
        found.append("it implements no hook besides consentcore_plugin")
    if not _are_words(info.capabilities):
        found.append('its capabilities are no words, expected something like frozenset({"check"})')
    summary: object = info.summary
    if not isinstance(summary, str):
        found.append(f"its summary is a {type(summary).__name__}, expected a text")
    try:
        fields_of(info.settings)
    except TypeError as error:
        found.append(f"its settings cannot be read: {error}")
    return found


def _are_words(capabilities: object) -> bool:
    return isinstance(capabilities, Collection) and all(isinstance(one, str) for one in capabilities)


def capability_problem(info: PluginInfo, storage: object) -> str:
    """Where the manifest of a storage declares something else than the storage itself; "" when both say the same."""
    capabilities = getattr(storage, "capabilities", None)
    if not isinstance(capabilities, StorageCapabilities):
        return "" if capabilities is None else "its storage has capabilities that are no StorageCapabilities"
    listed = known_words(info.capabilities)
    if listed == capabilities.words:
        return ""
    return f"its PluginInfo declares {_listed(listed)}, its storage {_listed(capabilities.words)}"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(words)) or "nothing"


def _candidates(plugin: object) -> Iterator[tuple[str, Callable[..., object]]]:
    """Public functions that are hooks, or look as if they were meant to be."""
    for name in dir(plugin):
        value = getattr(plugin, name, None)
        if name.startswith(HOOK_PREFIX) and inspect.isroutine(value):
            yield name, value


def _is_marked(function: object) -> bool:
    return getattr(function, _MARK, None) is not None


def _signature_problems(name: str, function: Callable[..., object]) -> list[str]:
    if inspect.iscoroutinefunction(function):
        return [f"{name} is async; hooks are ordinary functions"]
    found = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name not in HOOKS[name]:
            arguments = ", ".join(HOOKS[name]) or "none"
            found.append(
                f"{name} has an argument {parameter.name!r} that the hook does not give ({arguments})"
            )
        elif parameter.default is not inspect.Parameter.empty:
            found.append(f"{name}: the argument {parameter.name!r} has a default, so it would never be given")
    return found


def _nearest_hook(name: str) -> str:
    close = difflib.get_close_matches(name, HOOKS, 1, 0.6)
    return f"; did you mean {close[0]}?" if close else ""
