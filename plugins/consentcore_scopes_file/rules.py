"""What a catalog has to say about each scope so that a data owner can decide."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import TypeVar

from consentcore.api import (
    Fault,
    Necessity,
    Operation,
    Scope,
    ScopeStatus,
    ScopeTexts,
    ScopeType,
    circle,
    empty_words,
    faults,
    refused,
)

TEXTS = ("label", "sees", "cannot", "example", "sensitivity", "cluster", "on_revoke")
LISTS = ("includes", "data_categories", "resources", "purposes", "operations")
NUMBERS = ("level", "access_max_days", "revision", "history_max_days", "retention_max_days")
NAMES = ("replaced_by", "product")
REQUIRED = ("id", "label", "sees")
KEYS = ("id", "version", "type", "necessity", "status", *NAMES, *TEXTS, *NUMBERS, *LISTS, "texts")
TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
"""A language (RFC 5646)."""
OPERATION = re.compile(r"([A-Z]{3,10}) (/\S*)(?: (.+))?")
"""Method, path, and what it is for."""
_WRITTEN = {"scope_id": "id", "resource_kinds": "resources"}
"""What members of a scope are called in the file."""

E = TypeVar("E", ScopeType, Necessity, ScopeStatus)


def read_scopes(document: Mapping[str, object], places: Sequence[str] = ()) -> tuple[list[Scope], list[str]]:
    """Turn a parsed file into scopes, in the order of the file.

    :param places: file and line of each entry, where they are known.
    :returns: the scopes that are right, and one line for each problem.
    """
    problems = [f"{key}: unknown, expected only [[scope]]" for key in document if key != "scope"]
    entries = document.get("scope")
    if not isinstance(entries, list) or not entries:
        return [], [*problems, "expected at least one [[scope]]"]
    scopes = []
    for number, entry in enumerate(entries):
        place = places[number] if number < len(places) else ""
        reader = EntryReader(number + 1, entry if isinstance(entry, dict) else {}, place)
        scope = reader.scope()
        problems += reader.problems
        if scope is not None:
            scopes.append(scope)
    return scopes, problems + _across(entries)


class EntryReader:
    """One ``[[scope]]``; collects what is wrong with it."""

    def __init__(self, number: int, entry: Mapping[str, object], place: str = "", tag: str = "") -> None:
        self.problems: list[str] = []
        self._entry = entry
        self._place = place
        self._tag = tag
        scope_id = entry.get("id")
        known = isinstance(scope_id, str) and scope_id
        self._name = f"scope {scope_id!r}" if known else f"scope number {number}"

    def scope(self) -> Scope | None:
        """The scope; None when something is wrong."""
        self._check_keys()
        text, number, names = self._text, self._number, self._list
        product = text("product")
        scope = Scope(
            **{name: text(name) for name in TEXTS},
            scope_id=text("id"),
            version=text("version", "1"),
            revision=number("revision") or 1,
            type=self._one_of("type", ScopeType.READ),
            necessity=self._one_of("necessity", Necessity.REQUIRED),
            status=self._one_of("status", ScopeStatus.ACTIVE),
            replaced_by=text("replaced_by"),
            level=number("level") or 0,
            access_max_days=number("access_max_days") or 0,
            history_max_days=number("history_max_days"),
            retention_max_days=number("retention_max_days"),
            includes=names("includes"),
            data_categories=names("data_categories"),
            resource_kinds=names("resources"),
            purposes=names("purposes"),
            product=product,
            operations=self._operations(product),
            texts=self._languages(),
            origin=self._place,
        )
        for fault in faults(scope):
            self._beyond(fault)
        if 2 <= scope.level <= 4 and not scope.sensitivity:
            self._wrong("sensitivity", "missing, expected what a reader could infer (level 2 and above)")
        return None if self.problems else scope

    def texts(self, scope: Scope) -> ScopeTexts:
        """What an entry in another language says of a scope: all that the scope says in its own, and no more."""
        for key in self._entry.keys() - {"id", *TEXTS}:
            self._wrong(key, f"unknown, expected one of id, {', '.join(TEXTS)}")
        for key in TEXTS:
            if getattr(scope, key) and not self._entry.get(key):
                self._wrong(key, "missing, expected a text: the scope has one in its own language")
        said = ScopeTexts(**{key: self._text(key) for key in TEXTS})
        if not self.problems:
            for fault in faults(replace(scope, texts={self._tag: said})):
                self._wrong(fault.name, fault.problem)
        return said

    def _check_keys(self) -> None:
        for key in self._entry:
            if key not in KEYS:
                near = get_close_matches(key, KEYS, 1)
                self._wrong(key, "unknown" + (f", did you mean {near[0]!r}?" if near else ""))
        for key in REQUIRED:
            if self._entry.get(key) in {None, ""} and key != "id":
                self._wrong(key, "missing, expected a text")

    def _one_of(self, key: str, default: E) -> E:
        value = self._entry.get(key, default)
        if isinstance(value, str) and value in set(type(default)):
            return type(default)(value)
        self._wrong(key, f"expected one of {', '.join(type(default))}")
        return default

    def _languages(self) -> dict[str, ScopeTexts]:
        """What the tables ``[scope.texts.<tag>]`` say: all that the entry says in its own language, and no more."""
        tables = self._entry.get("texts", {})
        if not isinstance(tables, dict):
            self._wrong("texts", "expected a table for each language, such as [scope.texts.de]")
            return {}
        found = {}
        for tag, table in tables.items():
            if not TAG.fullmatch(tag) or not isinstance(table, dict):
                self._wrong(f"texts.{tag}", "expected a table named by a language, such as [scope.texts.de]")
                continue
            for key in table.keys() - set(TEXTS):
                self._wrong(f"texts.{tag}.{key}", f"unknown, expected one of {', '.join(TEXTS)}")
            for key in (key for key in TEXTS if self._entry.get(key) and not table.get(key)):
                self._wrong(
                    f"texts.{tag}.{key}", "missing, expected a text: the scope has one in its own language"
                )
            found[tag] = ScopeTexts(**{key: self._text(key, table=table, tag=tag) for key in TEXTS})
        return found

    def _text(
        self, key: str, default: str = "", *, table: Mapping[str, object] | None = None, tag: str = ""
    ) -> str:
        value = (self._entry if table is None else table).get(key, default)
        name = f"texts.{tag}.{key}" if tag else key
        if not isinstance(value, str):
            self._wrong(name, "expected a text")
            return default
        character = refused(value)
        if character:
            self._wrong(name, f"expected one line without control characters, not {character}")
        for word in empty_words(value, tag or self._tag or "en"):
            self._wrong(name, f"says {word!r}, expected all of it in plain words")
        return value

    def _number(self, key: str) -> int | None:
        value = self._entry.get(key, getattr(_DEFAULTS, key))
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        self._wrong(key, "expected a whole number")
        return None

    def _list(self, key: str) -> tuple[str, ...]:
        value = self._entry.get(key, [])
        if isinstance(value, list) and all(isinstance(item, str) and item for item in value):
            for character in filter(None, map(refused, value)):
                self._wrong(key, f"expected texts without control characters, not {character}")
            return tuple(value)
        self._wrong(key, "expected a list of texts")
        return ()

    def _operations(self, product: str) -> tuple[Operation, ...]:
        found = []
        for line in self._list("operations"):
            read = OPERATION.fullmatch(line)
            if read is None:
                self._wrong("operations", f'expected calls such as "GET /sites List sites", not {line!r}')
                continue
            found.append(Operation(read[1], read[2], read[3] or "", product))
        return tuple(found)

    def _beyond(self, fault: Fault) -> None:
        name = _WRITTEN.get(fault.name, fault.name)
        problem = fault.problem
        if name == "type":
            problem = "expected session for offline_access and for nothing else"
        key = f"texts.{fault.tag}.{name}" if fault.tag else name
        # What is missing or of the wrong type has been said, and stands as something empty here.
        if not any(said.startswith(f"{self._name}: {key}: ") for said in self.problems):
            self._wrong(key, problem)

    def _wrong(self, key: str, text: str) -> None:
        self.problems.append(f"{self._name}: {key}: {text}")


_DEFAULTS = Scope("", "", "")


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
