"""What ``plugins check`` asks of a configuration besides a start: whether what the plugins made fits its port, whether
the storage can be written to, whether everything that they need is installed."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from consentcore.consent.evidence.anchored import anchor_remarks
from consentcore.consent.evidence.errors import LedgerBroken
from consentcore.domain.errors import StorageConflict, StorageError
from consentcore.domain.owner import Owner
from consentcore.hooks.calling import call
from consentcore.hooks.errors import describe_exception
from consentcore.hooks.info import PluginKind
from consentcore.hooks.port_checks import made_problems
from consentcore.hooks.requirements import unmet_requirements
from consentcore.settings.ini import nearest

if TYPE_CHECKING:
    from consentcore.runtime import Runtime


class _TakenBack(Exception):
    """Ends a transaction that only tries something."""


def check_plugins(runtime: Runtime) -> list[str]:
    """Problems of the plugins that a configuration names, one line each. Tells nobody anything, and keeps nothing."""
    registry = runtime.registry
    found = [
        f"plugin {registry.described(name)}: {problem}"
        for name, hook, made in _made(runtime)
        for problem in made_problems(hook, made, registry.info(name).capabilities)
    ]
    for name in registry.names():
        distribution = registry.distribution(name)
        found += (f"plugin {registry.described(name)}: {one}" for one in unmet_requirements(distribution))
    return found


def unasked_kinds(runtime: Runtime) -> tuple[list[str], list[str]]:
    """Kinds of resources that scopes ask for and no directory has: nobody is asked to choose one, and such a scope
    is granted for none.

    :returns: problems, which they are where there are directories at all; and what is worth knowing, where there is
        none.
    """
    has = runtime.directories.kinds
    asking: dict[str, list[str]] = {}
    for scope in runtime.catalog.scopes.values():
        for kind in scope.resource_kinds:
            if kind not in has:
                asking.setdefault(kind, []).append(scope.scope_id)
    lines = [
        f"no resource directory has the kind {kind}, which {_few(scopes)} ask{'s' * (len(scopes) == 1)} "
        f"for{nearest(kind, has)}: nobody is asked to choose one"
        for kind, scopes in sorted(asking.items())
    ]
    return (lines, []) if has else ([], lines)


def _few(names: Sequence[str]) -> str:
    named = sorted(names)
    more = f" and {len(named) - 3} more" if len(named) > 3 else ""
    return f"{', '.join(named[:3])}{more}"


def anchor_checks(runtime: Runtime) -> tuple[list[str], list[str]]:
    """What anchors keep that the log does not continue, and what is worth knowing of them besides."""
    evidence = runtime.evidence
    try:
        wrong, readings = evidence.ask_anchors()
    except LedgerBroken as error:
        return [f"the ledger is broken: {error}"], []
    return wrong, anchor_remarks(readings)


def writing_problems(runtime: Runtime) -> list[str]:
    """Why the storage cannot be written to; nothing of it is kept. One that is busy counts as one that can."""
    person = f"plugins-check-{uuid.uuid4().hex}"

    def write() -> None:
        with runtime.storage.transaction() as uow:
            uow.owners.add(Owner(person, f"{person}@consentcore.invalid", runtime.clock.now()))
            raise _TakenBack

    error = call(write).error
    if isinstance(error, _TakenBack | StorageConflict):
        return []
    why = str(error) if isinstance(error, StorageError) else describe_exception(error or RuntimeError())
    return [f"the storage cannot be written to: {why}"]


def _made(runtime: Runtime) -> Iterator[tuple[str, str, object]]:
    """What the plugins have made, with name and hook."""
    registry = runtime.registry
    yield registry.names(PluginKind.STORAGE)[0], "consentcore_storage", runtime.storage
    yield registry.names(PluginKind.LOGIN)[0], "consentcore_login", runtime.login
    for name in registry.names(PluginKind.SCOPES):
        hook = "consentcore_scope_catalog"
        yield name, hook, registry.call(name, hook, settings=registry.settings(name))
    for name, notifier in runtime.made_notifiers.items():
        yield name, "consentcore_notifier", notifier
    for name, anchor in runtime.anchors.items():
        yield name.partition(":")[0], "consentcore_anchor", anchor
    for name, directory in zip(
        registry.implementing("consentcore_resources"), runtime.resources, strict=True
    ):
        yield name, "consentcore_resources", directory
