"""Reads the entry of a type of authorization details, as TOML, JSON and YAML have it, and says all that is wrong with
it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from consentcore.domain.catalog_entry import CatalogEntryReader
from consentcore.domain.detail_type import DetailMember, DetailTexts, DetailType, MemberKind
from consentcore.domain.detail_type_rules import LONGEST, detail_type_faults

KEYS = ("id", "version", *LONGEST, "resources", "member")
MEMBER_KEYS = (
    "name",
    "kind",
    "required",
    "label",
    "values",
    "longest",
    "most",
    "lowest",
    "highest",
    "member",
)
TEXT_KEYS = ("id", *LONGEST, "member")
MEMBER_TEXT_KEYS = ("name", "label", "values", "member")
_FIGURES = ("longest", "most", "lowest", "highest")
_WRITTEN = {"type_id": "id", "resource_kinds": "resources"}


class DetailTypeReader(CatalogEntryReader):
    """An entry of a type: ``id``, ``version``, ``label``, ``sees``, ``cannot``, ``sensitivity``, ``resources``, and a
    list ``member`` of tables with the fields of :class:`~consentcore.domain.detail_type.DetailMember`, each with its
    ``label``, and in ``values`` each value with what it means."""

    def detail_type(self) -> DetailType | None:
        """The type; None when something is wrong."""
        self._check_keys(self._entry, KEYS, "")
        tables = list(self._tables(self._entry, ""))
        for path, table in tables:
            self._check_keys(table, MEMBER_KEYS, f"{path}: ")
        found = DetailType(
            type_id=self._text(self._entry, "id"),
            said=self._said(tables),
            members=self._members(self._entry),
            version=self._text(self._entry, "version", "1"),
            resource_kinds=self._list("resources"),
            origin=self._place,
        )
        return self._sound(found)

    def texts(self, kind: DetailType) -> DetailTexts:
        """What an entry in another language says of a type: all that the type says in its own, and no more."""
        self._check_keys(self._entry, TEXT_KEYS, "")
        tables = list(self._tables(self._entry, ""))
        for path, table in tables:
            self._check_keys(table, MEMBER_TEXT_KEYS, f"{path}: ")
        said = self._said(tables)
        for key in LONGEST:
            if getattr(kind.said, key) and not getattr(said, key):
                self._wrong(key, "missing, expected a text: the type has one in its own language")
        if not self.problems:
            in_it = DetailType(kind.type_id, said, kind.members, kind.version, kind.resource_kinds)
            self._sound(in_it)
        return said

    def _sound(self, found: DetailType) -> DetailType | None:
        if not self.problems:
            for fault in detail_type_faults(found):
                self._wrong(_WRITTEN.get(fault.name, fault.name), fault.problem)
        return None if self.problems else found

    def _said(self, tables: list[tuple[str, Mapping[str, Any]]]) -> DetailTexts:
        texts = {key: self._text(self._entry, key) for key in LONGEST}
        members = {path: self._text(table, "label", path=path) for path, table in tables}
        values = {path: found for path, table in tables if (found := self._meanings(path, table))}
        return DetailTexts(**texts, members=members, values=values)

    def _meanings(self, path: str, table: Mapping[str, Any]) -> dict[str, str]:
        values = table.get("values", {})
        if not isinstance(values, dict):
            self._wrong(f"{path}.values", "expected a table of each value and what it means")
            return {}
        return {value: self._text(values, value, path=path) for value in values}

    def _members(self, table: Mapping[str, Any]) -> tuple[DetailMember, ...]:
        found = table.get("member", [])
        return tuple(
            self._member(one) for one in (found if isinstance(found, list) else []) if isinstance(one, dict)
        )

    def _member(self, table: Mapping[str, Any]) -> DetailMember:
        name, kind, required = (
            self._text(table, "name"),
            table.get("kind", "text"),
            table.get("required", False),
        )
        if kind not in list(MemberKind):
            self._wrong(f"{name}.kind", f"expected one of {', '.join(MemberKind)}")
            kind = MemberKind.TEXT
        if not isinstance(required, bool):
            self._wrong(f"{name}.required", "expected true or false")
        values = table.get("values", {})
        return DetailMember(
            name=name,
            kind=MemberKind(kind),
            required=bool(required),
            values=tuple(values) if isinstance(values, dict) else (),
            members=self._members(table),
            **self._figures(table, name),
        )

    def _figures(self, table: Mapping[str, Any], name: str) -> dict[str, int]:
        found = {key: self._whole(table.get(key), f"{name}.{key}") for key in _FIGURES}
        return {key: figure for key, figure in found.items() if figure is not None}

    def _tables(self, table: Mapping[str, Any], before: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Every member's table by its path; in another language paths stand as names."""
        found = table.get("member", [])
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            self._wrong(f"{before}member", "expected tables, such as [[detail_type.member]]")
            return
        for one in found:
            path = f"{before}{one.get('name', '')}"
            yield path, one
            yield from self._tables(one, f"{path}.")

    def _check_keys(self, table: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
        for key in table.keys() - set(known):
            self._wrong(f"{where}{key}", f"unknown, expected one of {', '.join(known)}")

    def _text(self, table: Mapping[str, Any], key: str, default: str = "", *, path: str = "") -> str:
        return self._checked(table.get(key, default), f"{path}.{key}" if path else key, default)
