"""What a catalog has to say about each scope so that a data owner can decide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from consentcore.api import DetailType, DetailTypeReader, EntryReader, Scope, circle


def read_scopes(document: Mapping[str, object], places: Sequence[str] = ()) -> tuple[list[Scope], list[str]]:
    """Turn a parsed file into scopes, in the order of the file.

    :param places: file and line of each entry, where they are known.
    :returns: the scopes that are right, and one line for each problem.
    """
    problems = unknown_keys(document)
    entries = document.get("scope")
    if not isinstance(entries, list) or not entries:
        return [], [*problems, "expected at least one [[scope]]"]
    scopes = []
    for number, entry in enumerate(entries):
        place = places[number] if number < len(places) else ""
        table = entry if isinstance(entry, dict) else {}
        reader = EntryReader(table, name_of(table, number + 1), place)
        scope = reader.scope()
        problems += reader.problems
        if scope is not None:
            scopes.append(scope)
    return scopes, problems + _across(entries)


def read_detail_types(document: Mapping[str, object], path: str = "") -> tuple[list[DetailType], list[str]]:
    """Turn the tables ``[[detail_type]]`` of a parsed file into types of authorization details.

    :param path: the file, for messages.
    :returns: the types that are right, and one line for each problem.
    """
    entries = document.get("detail_type", [])
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        return [], ["detail_type: expected tables, such as [[detail_type]]"]
    found, problems = [], []
    for number, entry in enumerate(entries, start=1):
        reader = DetailTypeReader(entry, type_name_of(entry, number), path)
        kind = reader.detail_type()
        problems += reader.problems
        if kind is not None:
            found.append(kind)
    counts = Counter(one.type_id for one in found)
    return found, problems + [
        f"detail type {name!r}: defined {n} times" for name, n in counts.items() if n > 1
    ]


def unknown_keys(document: Mapping[str, object]) -> list[str]:
    """A line for each key of a file that no entry has."""
    known = {"scope", "detail_type"}
    return [
        f"{key}: unknown, expected only [[scope]] and [[detail_type]]" for key in document if key not in known
    ]


def type_name_of(entry: Mapping[str, object], number: int) -> str:
    """What problems call the entry of a type: by its id, or else by its number in the file, from 1."""
    type_id = entry.get("id")
    return (
        f"detail type {type_id!r}" if isinstance(type_id, str) and type_id else f"detail type number {number}"
    )


def name_of(entry: Mapping[str, object], number: int) -> str:
    """What problems call an entry: by its id, or else by its number in the file, from 1."""
    scope_id = entry.get("id")
    return f"scope {scope_id!r}" if isinstance(scope_id, str) and scope_id else f"scope number {number}"


def _across(entries: Iterable[object]) -> list[str]:
    """Problems between scopes: one defined twice, one that includes itself or another that is not there."""
    tables = [entry for entry in entries if isinstance(entry, dict)]
    counts = Counter(_texts(table.get("id") for table in tables))
    included = {str(table.get("id")): _texts(table.get("includes")) for table in tables}
    problems = [f"scope {scope_id!r}: id: defined {n} times" for scope_id, n in counts.items() if n > 1]
    for scope_id, others in included.items():
        problems += [
            f"scope {scope_id!r}: includes: there is no scope {other!r} in this file"
            for other in others
            if other not in counts
        ]
    leads_back = circle(included)
    return problems + ([f"scope {leads_back!r}: includes: leads back to itself"] if leads_back else [])


def _texts(values: object) -> list[str]:
    return [value for value in values if isinstance(value, str)] if isinstance(values, Iterable) else []
