"""One catalog out of all that are configured: words from one, calls of APIs from another, joined by the scope's id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from consentcore.domain.detail_type import DetailType
from consentcore.domain.detail_type_rules import detail_type_faults
from consentcore.domain.errors import ConfigurationError
from consentcore.domain.scope import Catalog, Operation, Scope
from consentcore.hooks.answers import clean_scope


def scopes_of(catalog: Any) -> list[Scope]:
    """The scopes of a catalog, with clean texts. Raises what it raises."""
    return [clean_scope(scope) for scope in catalog.scopes()]


def detail_types_of(catalog: Any) -> list[DetailType]:
    """The types of authorization details of a catalog that knows some. Raises what it raises, and for one that is
    beyond the limits of types."""
    found = list(catalog.detail_types()) if hasattr(catalog, "detail_types") else []
    for one in found:
        fault = next(detail_type_faults(one), None)
        if fault is not None:
            raise ValueError(f"detail type {one.type_id!r}: {fault}")
    return found


def operations_of(catalog: Any) -> dict[str, tuple[Operation, ...]]:
    """Calls of APIs by scope, of a catalog that knows some. Raises what it raises."""
    if not hasattr(catalog, "operations"):
        return {}
    return {str(scope_id): tuple(calls) for scope_id, calls in catalog.operations().items()}


def joined(
    scopes: Mapping[str, Sequence[Scope]],
    calls: Mapping[str, Mapping[str, Sequence[Operation]]],
    where: Mapping[str, str],
    details: Mapping[str, Sequence[DetailType]] | None = None,
) -> Catalog:
    """The scopes of all catalogs in the order of the configuration, each with the calls that any of them knows.

    Calls of a scope that has words in no catalog are kept apart (:attr:`Catalog.wordless`): nobody can ask for it.

    :param scopes: by plugin.
    :param calls: by plugin, and by scope.
    :param where: file and line of the setting that names the plugin; "" where there is none.
    :param details: types of authorization details, by plugin.
    :raises ConfigurationError: when a scope or a type is defined twice, with both places.
    """
    first: dict[str, tuple[str, Scope]] = {}
    problems = []
    for name, found in scopes.items():
        for scope in found:
            before = first.setdefault(scope.scope_id, (name, scope))
            if before[1] is not scope:
                problems.append(_twice(before, (name, scope), where[name]))
    kinds = [(name, kind) for name, known in (details or {}).items() for kind in known]
    problems += _types_twice(kinds, where)
    if problems:
        raise ConfigurationError(problems)
    opened = _united(calls)
    catalog = Catalog.of(
        (_with_calls(scope, opened.get(scope.scope_id, ())) for _, scope in first.values()),
        (kind for _, kind in kinds),
    )
    wordless = {scope_id: found for scope_id, found in opened.items() if scope_id not in first}
    return replace(catalog, wordless=wordless)


def _types_twice(kinds: Sequence[tuple[str, DetailType]], where: Mapping[str, str]) -> list[str]:
    first: dict[str, tuple[str, DetailType]] = {}
    found = []
    for name, kind in kinds:
        before, known = first.setdefault(kind.type_id, (name, kind))
        if known is not kind:
            places = [
                f"{who} ({one.origin})" if one.origin else who for who, one in ((before, known), (name, kind))
            ]
            text = f"detail type {kind.type_id} is defined by {places[0]} and by {places[1]}"
            found.append(f"{where[name]}: {text}" if where[name] else text)
    return found


def _twice(one: tuple[str, Scope], other: tuple[str, Scope], where: str) -> str:
    (first, scope), (second, again) = one, other
    places = [f"{name} ({said.origin})" if said.origin else name for name, said in (one, other)]
    text = f"scope {scope.scope_id} is defined by {places[0]} and by {places[1]}"
    if first == second and again.origin:
        text = f"scope {scope.scope_id} is defined twice by {first}: {scope.origin} and {again.origin}"
    return f"{where}: {text}" if where else text


def _united(calls: Mapping[str, Mapping[str, Sequence[Operation]]]) -> dict[str, tuple[Operation, ...]]:
    found: dict[str, dict[Operation, None]] = {}
    for known in calls.values():
        for scope_id, operations in known.items():
            found.setdefault(scope_id, {}).update(dict.fromkeys(operations))
    return {scope_id: tuple(operations) for scope_id, operations in found.items()}


def _with_calls(scope: Scope, calls: Sequence[Operation]) -> Scope:
    more = [one for one in calls if one not in scope.operations]
    return replace(scope, operations=(*scope.operations, *more)) if more else scope
