"""Reads an entry of a catalog, as TOML, JSON and YAML have it, and says all that is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import TypeVar

from consentcore.domain.catalog_entry import CatalogEntryReader
from consentcore.domain.scope import (
    TEXT_FIELDS,
    Necessity,
    Operation,
    Scope,
    ScopeStatus,
    ScopeTexts,
    ScopeType,
)
from consentcore.domain.scope_rules import Fault, faults

TEXTS = TEXT_FIELDS
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
"""What members of a scope are called in an entry."""
_DEFAULTS = Scope("", "", "")

E = TypeVar("E", ScopeType, Necessity, ScopeStatus)


class EntryReader(CatalogEntryReader):
    """An entry of a scope: members of :class:`~consentcore.domain.scope.Scope` by their names, but ``id`` and
    ``resources``."""

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
            if self._entry.get(key) in (None, "") and key != "id":
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
        return self._checked(value, f"texts.{tag}.{key}" if tag else key, default, tag)

    def _number(self, key: str) -> int | None:
        return self._whole(self._entry.get(key, getattr(_DEFAULTS, key)), key)

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
