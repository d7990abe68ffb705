"""``consentcore plugins``: what is installed, what it can do, whether it is in order, how to begin one."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from consentcore.cli.commands import Group, answers, refuse
from consentcore.cli.exit_codes import BAD_CONFIGURATION, FOUND_A_PROBLEM, NOT_NOW
from consentcore.cli.state import State, pass_state, table
from consentcore.cli.writing import naming
from consentcore.domain.errors import ConfigurationError
from consentcore.hooks.calling import call
from consentcore.hooks.checks import hooks_of
from consentcore.hooks.discovery import Installed, choose, installed_plugins
from consentcore.hooks.errors import cause
from consentcore.hooks.info import PluginInfo
from consentcore.hooks.loading import inspect_plugin
from consentcore.settings.binding import PLUGIN_PREFIX, fields_of, redacted
from consentcore.settings.schema import Secret
from consentcore.settings.values import describe

if TYPE_CHECKING:
    from consentcore.runtime import Runtime


BEGUN = (
    "notifier",
    "storage",
    "scopes",
    "login",
    "redirect_login",
    "resources",
    "anchor",
    "keys",
    "extension",
)
UNKNOWN = "it needs settings; plugins check -c INI looks at what it makes"


@dataclasses.dataclass(frozen=True)
class Inspected:
    """An installed plugin, imported to look at it."""

    installed: Installed
    module: object
    info: PluginInfo | None
    hooks: tuple[str, ...]
    problems: tuple[str, ...]


@click.group(cls=Group, name="plugins")
def command() -> None:
    """List, show, check and begin plugins."""


@command.command("list")
@pass_state
def list_(state: State) -> None:
    """List installed plugins; with -c also which of them the configuration names."""
    active = set(state.config.registry.names()) if state.ini else set()
    facts, rows = [], []
    for found in map(_inspect, installed_plugins()):
        fact = _facts(found, active if state.ini else None)
        facts.append(fact)
        mark = "active" if fact["active"] else ""
        text = fact["summary"] or f"BROKEN: {'; '.join(found.problems)}"
        rows.append((fact["name"], fact["kind"] or "?", mark, str(found.installed), text))
    state.answer(facts, table(rows, ("PLUGIN", "KIND", "", "FROM", "")))


@command.command("show")
@click.argument("name")
@pass_state
def show(state: State, name: str) -> None:
    """Show a plugin: its hooks and its settings, with -c also their values (secrets as ***)."""
    found = _inspect(_choose(name))
    registry = state.config.registry if state.ini else None
    values = registry.settings(name) if registry and name in registry.names() else None
    fact = _facts(found, set(registry.names()) if registry else None)
    settings = _settings_facts(name, found.info, values) if found.info else []
    lines = [
        f"{key}: {', '.join(value) if isinstance(value, list) else value}" for key, value in fact.items()
    ]
    for one in settings:
        default = "required" if one["required"] else f"default {one['default']!r}"
        now = f"; now {one['value']!r}" if values is not None else ""
        lines += ["", f"{one['key']} ({one['type']}; {default}{now})", f"    {one['help']}"]
    state.answer({**fact, "settings": settings}, lines)


@command.command("check")
@click.argument("names", nargs=-1)
@pass_state
def check(state: State, names: tuple[str, ...]) -> int:
    """Check plugins: whether they can be imported, whether what they need is installed, and whether what they make
    does what it has to; with -c everything that a start does, whether the storage can be written to, and whether mail
    servers take us: up to the sender, no mail is sent.

    Exit code 0 when all is in order, 78 when the configuration is not, 75 when the storage does not answer, else 1.
    Without NAMES and -c: every installed plugin.
    """
    problems: dict[str, list[str]] = {}
    notes: list[str] = []
    code = FOUND_A_PROBLEM
    if state.ini and not names:
        problems["configuration"], notes, code = _configuration_problems(state)
    else:
        chosen = [_choose(name) for name in names] or installed_plugins()
        for found in map(_inspect, chosen):
            problems[found.installed.name], unknown = _plugin_problems(found)
            notes += [f"{found.installed.name}: {UNKNOWN}"] if unknown and names else []
    broken = {name: lines for name, lines in problems.items() if lines}
    good = [f"{name}: in order" for name in problems if name not in broken]
    good += [f"note: {note}" for note in notes]
    remarks = {"notes": notes} if notes else {}
    state.answer({"ok": not broken, "problems": broken, **remarks}, good)
    if broken:
        for name, lines in broken.items():
            for line in lines:
                state.say(f"{name}: {line}")
    return code if broken else 0


@command.command("new")
@click.argument("kind", type=click.Choice(BEGUN))
@click.argument("name")
@click.option(
    "--folder", type=click.Path(path_type=Path, file_okay=False), help="Where; by default ./consentcore-NAME."
)
@pass_state
def new(state: State, kind: str, name: str, folder: Path | None) -> None:
    """Write a working plugin as an installable package with its tests. Needs no configuration."""
    from consentcore.cli.scaffold import write_plugin

    place = folder or Path(f"consentcore-{name.replace('_', '-')}")
    with naming(place):
        files = write_plugin(kind, name, place)
    state.answer({"folder": str(place), "files": files}, files)
    package, tests = quote(f"{place}[test]"), quote(str(place))
    state.say(f"made {place}; next:  pip install --no-build-isolation -e {package} && pytest {tests}")


def _choose(name: str) -> Installed:
    try:
        return choose(name, installed_plugins())
    except LookupError as error:
        refuse(str(error))


def _inspect(installed: Installed) -> Inspected:
    read = call(installed.load)
    if read.error is not None:
        return Inspected(installed, None, None, (), (f"cannot be imported: {cause(read.error)}",))
    module = read.answer
    problems: list[str] = []
    info = inspect_plugin(installed.name, module, problems.append)
    return Inspected(installed, module, info, tuple(hooks_of(module)), tuple(problems))


def _plugin_problems(found: Inspected) -> tuple[list[str], bool]:
    """What is wrong with a plugin, and whether what it makes could not be looked at."""
    from consentcore.hooks.dry_run import dry_run_problems
    from consentcore.hooks.requirements import unmet_requirements

    problems = [*found.problems, *unmet_requirements(found.installed.distribution)]
    if found.info is None:
        return problems, False
    tried = dry_run_problems(found.installed.name, found.module, found.info)
    return problems + (tried or []), tried is None


def _facts(found: Inspected, active: set[str] | None) -> dict[str, Any]:
    info = found.info
    return {
        "name": found.installed.name,
        "kind": info.kind.value if info else None,
        "active": found.installed.name in active if active is not None else None,
        "summary": info.summary if info else None,
        "api": info.api if info else None,
        "distribution": found.installed.distribution,
        "version": found.installed.version,
        "hooks": list(found.hooks),
        "capabilities": sorted(info.capabilities) if info else [],
        "problems": list(found.problems),
    }


def _settings_facts(name: str, info: PluginInfo, values: object | None) -> list[dict[str, Any]]:
    facts = []
    for item, annotation in fields_of(info.settings):
        key = f"{PLUGIN_PREFIX}{name}.{item.name}"
        required = item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING
        default = None if required else _plain(item.default)
        value = getattr(values, item.name) if values is not None else None
        facts.append(
            {
                "key": key,
                "type": describe(annotation),
                "required": required,
                "default": default,
                "help": item.metadata.get("help", ""),
                "value": redacted(key, _plain(value), annotation) if value is not None else None,
            }
        )
    return facts


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    if isinstance(value, Secret):
        return value.reveal()
    return "" if value is None else str(value)


def _configuration_problems(state: State) -> tuple[list[str], list[str], int]:
    """Everything that server and worker do when they start, and whether storage and notifiers answer: problems, what
    is worth knowing besides, and the exit code."""
    from consentcore.worker.notifier_checks import check_notifiers, startup_notes
    from consentcore.worker.plugin_checks import (
        anchor_checks,
        check_plugins,
        unasked_kinds,
        writing_problems,
    )
    from consentcore.worker.profile_checks import profile_checks

    try:
        runtime = state.runtime
        _make_everything(runtime)
    except ConfigurationError as error:
        return list(error.problems), [], BAD_CONFIGURATION
    problems = list(runtime.storage.check()) or writing_problems(runtime)
    code = NOT_NOW if problems and not answers(runtime.storage) else FOUND_A_PROBLEM
    known = [] if problems else startup_notes(runtime)
    mend, passing = check_notifiers(runtime)
    rolled_back, said = ([], []) if problems else anchor_checks(runtime)
    unasked, free = unasked_kinds(runtime)
    lacking, profile = ([], []) if problems else profile_checks(runtime)
    return (
        problems + check_plugins(runtime) + mend + rolled_back + unasked + lacking,
        known + passing + said + free + profile,
        code,
    )


def _make_everything(runtime: Runtime) -> None:
    runtime.check()
    _ = (runtime.service, runtime.server)
    from consentcore.app import app_from_runtime

    app_from_runtime(runtime)
