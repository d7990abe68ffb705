"""What a catalog has to say about each scope so that a data owner can decide."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from consentcore.api import OFFLINE_ACCESS, RESOURCE_KIND, Necessity, Scope, ScopeTexts, ScopeType, refused

# RFC 6749 section 3.3, without the @ that joins a scope and its version
TOKEN = re.compile(r"[\x21\x23-\x3f\x41-\x5b\x5d-\x7e]{1,100}")
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,19}")
BANNED = ("etc.", "et cetera", "and more", "and so on", "improve your experience")
LIMITS = {"label": 60, "sees": 200, "cannot": 200, "example": 200, "sensitivity": 200, "cluster": 60}
LISTS = ("includes", "data_categories", "resources")
NUMBERS = {"level": (1, 4), "access_max_days": (1, 3650)}
REQUIRED = ("id", "label", "sees")
KEYS = ("id", "version", "type", "necessity", *LIMITS, *NUMBERS, *LISTS, "texts")
TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
"""A language (RFC 5646)."""


def read_scopes(document: Mapping[str, object]) -> tuple[list[Scope], list[str]]:
    """Turn a parsed file into scopes, in the order of the file.

    :returns: the scopes that are right, and one line for each problem.
    """
    problems = [f"{key}: unknown, expected only [[scope]]" for key in document if key != "scope"]
    entries = document.get("scope")
    if not isinstance(entries, list) or not entries:
        return [], [*problems, "expected at least one [[scope]]"]
    scopes = []
    for number, entry in enumerate(entries, start=1):
        reader = _Entry(number, entry if isinstance(entry, dict) else {})
        scope = reader.scope()
        problems += reader.problems
        if scope is not None:
            scopes.append(scope)
    return scopes, problems + _across(entries)


class _Entry:
    """One ``[[scope]]``; collects what is wrong with it."""

    def __init__(self, number: int, entry: Mapping[str, object]) -> None:
        self.problems: list[str] = []
        self._entry = entry
        scope_id = entry.get("id")
        self._name = (
            f"scope {scope_id!r}" if isinstance(scope_id, str) and scope_id else f"scope number {number}"
        )

    def scope(self) -> Scope | None:
        """The scope; None when something is wrong."""
        self._check_keys()
        text, number, names = self._text, self._number, self._list
        scope = Scope(
            scope_id=self._token(),
            version=self._version(),
            type=self._type(),
            necessity=self._necessity(),
            label=text("label"),
            sees=text("sees"),
            cannot=text("cannot"),
            example=text("example"),
            sensitivity=text("sensitivity"),
            cluster=text("cluster"),
            level=number("level"),
            access_max_days=number("access_max_days"),
            includes=names("includes"),
            data_categories=names("data_categories"),
            resource_kinds=names("resources"),
            texts=self._texts(),
        )
        self._check_meaning(scope)
        return None if self.problems else scope

    def _check_keys(self) -> None:
        for key in self._entry:
            if key not in KEYS:
                near = get_close_matches(key, KEYS, 1)
                self._wrong(key, "unknown" + (f", did you mean {near[0]!r}?" if near else ""))
        for key in REQUIRED:
            if self._entry.get(key) in {None, ""} and key != "id":
                self._wrong(key, "missing, expected a text")

    def _token(self) -> str:
        value = self._entry.get("id")
        if isinstance(value, str) and TOKEN.fullmatch(value):
            return value
        self._wrong("id", 'expected 1 to 100 printable ASCII characters without blank, ", \\ and @')
        return ""

    def _version(self) -> str:
        value = self._entry.get("version", "1")
        if isinstance(value, str) and VERSION.fullmatch(value):
            return value
        self._wrong("version", 'expected a text of 1 to 20 letters, digits, dots, _ and -, such as "2"')
        return "1"

    def _type(self) -> ScopeType:
        value = self._entry.get("type", "read")
        if isinstance(value, str) and value in set(ScopeType):
            return ScopeType(value)
        self._wrong("type", f"expected one of {', '.join(ScopeType)}")
        return ScopeType.READ

    def _necessity(self) -> Necessity:
        value = self._entry.get("necessity", Necessity.REQUIRED)
        if isinstance(value, str) and value in set(Necessity):
            return Necessity(value)
        self._wrong("necessity", f"expected one of {', '.join(Necessity)}")
        return Necessity.REQUIRED

    def _texts(self) -> dict[str, ScopeTexts]:
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
            for key in table.keys() - LIMITS.keys():
                self._wrong(f"texts.{tag}.{key}", f"unknown, expected one of {', '.join(LIMITS)}")
            for key in (key for key in LIMITS if self._entry.get(key) and not table.get(key)):
                self._wrong(
                    f"texts.{tag}.{key}", "missing, expected a text: the scope has one in its own language"
                )
            found[tag] = ScopeTexts(**{key: self._text(key, table, f"texts.{tag}.{key}") for key in LIMITS})
        return found

    def _text(self, key: str, table: Mapping[str, object] | None = None, name: str = "") -> str:
        value, limit = (self._entry if table is None else table).get(key, ""), LIMITS[key]
        name = name or key
        if not isinstance(value, str):
            self._wrong(name, "expected a text")
            return ""
        if len(value) > limit:
            self._wrong(name, f"expected at most {limit} characters, it has {len(value)}")
        character = refused(value)
        if character:
            self._wrong(name, f"expected one line without control characters, not {character}")
        for word in BANNED:
            if word in value.casefold():
                self._wrong(name, f"says {word!r}, expected all of it in plain words")
        return value

    def _number(self, key: str) -> int:
        lowest, highest = NUMBERS[key]
        value = self._entry.get(key, getattr(_DEFAULTS, key))
        if isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest:
            return value
        self._wrong(key, f"expected a whole number from {lowest} to {highest}")
        return lowest

    def _list(self, key: str) -> tuple[str, ...]:
        value = self._entry.get(key, [])
        if isinstance(value, list) and all(isinstance(item, str) and item for item in value):
            for character in filter(None, map(refused, value)):
                self._wrong(key, f"expected texts without control characters, not {character}")
            return tuple(value)
        self._wrong(key, "expected a list of texts")
        return ()

    def _check_meaning(self, scope: Scope) -> None:
        session = scope.type is ScopeType.SESSION
        if (scope.scope_id == OFFLINE_ACCESS) != session:
            self._wrong("type", f"expected session for {OFFLINE_ACCESS} and for nothing else")
        if session and scope.resource_kinds:
            self._wrong("resources", f"expected none for {OFFLINE_ACCESS}, which shares no data")
        for kind in scope.resource_kinds:
            if not RESOURCE_KIND.fullmatch(kind):
                self._wrong("resources", f"expected kinds such as site, meter or device, not {kind!r}")
        if scope.level >= 2 and not scope.sensitivity:
            self._wrong("sensitivity", "missing, expected what a reader could infer (level 2 and above)")

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
        if scope_id in _below(included, scope_id):
            problems.append(f"scope {scope_id!r}: includes: leads back to itself")
    return problems


def _below(included: Mapping[str, list[str]], scope_id: str) -> set[str]:
    """Everything that a scope includes, directly or not."""
    found: set[str] = set()
    waiting = list(included.get(scope_id, ()))
    while waiting:
        other = waiting.pop()
        if other not in found:
            found.add(other)
            waiting += included.get(other, ())
    return found


def _texts(values: object) -> list[str]:
    return [value for value in values if isinstance(value, str)] if isinstance(values, Iterable) else []
