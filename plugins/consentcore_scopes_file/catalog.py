"""Reading the file, and those beside it in other languages: ``energy.toml``, ``energy.de.toml``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from consentcore.api import (
    ConfigurationError,
    DetailTexts,
    DetailType,
    DetailTypeReader,
    EntryReader,
    Scope,
    ScopeTexts,
)
from consentcore_scopes_file.rules import (
    name_of,
    read_detail_types,
    read_scopes,
    type_name_of,
    unknown_keys,
)

BUNDLED = Path(__file__).with_name("energy.toml")
MAX_BYTES = 1024 * 1024
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
"""What stands between the name of the catalog and ``.toml`` in the name of a file in another language (RFC 5646)."""
_ENTRY = re.compile(r"\s*\[\[\s*scope\s*\]\]")
_TABLE = re.compile(r"\s*\[")
_KEY = re.compile(r"\s*(id|revision)\s*=")


class FileCatalog:
    """:class:`consentcore.api.ScopeCatalog` from a file and its translations, read once.

    :param path: the file; None means the bundled energy catalog.
    :param locale: the language of its own texts (RFC 5646).
    :raises ConfigurationError: with one line per problem, each naming the file, the scope and the key.
    """

    def __init__(self, path: Path | None, locale: str = "en") -> None:
        self.path = path or BUNDLED
        text = _read(self.path)
        document = _parse(self.path, text)
        scopes, problems = read_scopes(document, places_in(self.path, text))
        types, wrong = read_detail_types(document, str(self.path))
        problems += wrong
        if problems:
            raise ConfigurationError([f"{self.path}: {problem}" for problem in problems])
        own = [replace(scope, locale=locale) for scope in scopes]
        files = translations(self.path)
        self._scopes = _translated(own, files)
        self._types = _translated_types([replace(kind, locale=locale) for kind in types], files)

    def scopes(self) -> Sequence[Scope]:
        return self._scopes

    def detail_types(self) -> Sequence[DetailType]:
        return self._types


def translations(path: Path) -> dict[str, Path]:
    """Files in other languages beside a catalog, by tag: ``energy.de.toml`` beside ``energy.toml``."""
    found = {one.name[len(path.stem) + 1 : -len(".toml")]: one for one in path.parent.glob("*.toml")}
    return {
        tag: one
        for tag, one in sorted(found.items())
        if one.name == f"{path.stem}.{tag}.toml" and LANGUAGE.fullmatch(tag)
    }


def places_in(path: Path, text: str) -> list[str]:
    """File and line of each ``[[scope]]``: where its revision stands, else its id."""
    found: list[dict[str, int]] = []
    inside = False
    for number, line in enumerate(text.splitlines(), start=1):
        if _ENTRY.match(line):
            found.append({"": number})
            inside = True
        elif _TABLE.match(line):
            inside = False
        elif inside and (key := _KEY.match(line)):
            found[-1].setdefault(key[1], number)
    return [f"{path}:{lines.get('revision', lines.get('id', lines['']))}" for lines in found]


def _translated(scopes: Sequence[Scope], files: dict[str, Path]) -> tuple[Scope, ...]:
    said: dict[str, dict[str, ScopeTexts]] = {scope.scope_id: dict(scope.texts) for scope in scopes}
    problems: list[str] = []
    for tag, path in files.items():
        found, wrong = _texts_in(path, tag, scopes)
        problems += [f"{path}: {problem}" for problem in wrong]
        for scope_id, texts in found.items():
            if tag in said[scope_id]:
                problems.append(f"{path}: scope {scope_id!r}: said in [scope.texts.{tag}] already")
            said[scope_id][tag] = texts
    if problems:
        raise ConfigurationError(problems)
    return tuple(replace(scope, texts=said[scope.scope_id]) for scope in scopes)


def _translated_types(types: Sequence[DetailType], files: dict[str, Path]) -> tuple[DetailType, ...]:
    said: dict[str, dict[str, DetailTexts]] = {kind.type_id: {} for kind in types}
    known = {kind.type_id: kind for kind in types}
    problems: list[str] = []
    for tag, path in files.items():
        entries = _parse(path, _read(path)).get("detail_type", [])
        for number, entry in enumerate(entries if isinstance(entries, list) else [], start=1):
            table = entry if isinstance(entry, dict) else {}
            type_id = str(table.get("id"))
            if type_id not in known or tag in said[type_id]:
                why = "said twice" if type_id in known else "there is no such type"
                problems.append(f"{path}: detail type number {number}: id: {type_id!r}: {why}")
                continue
            reader = DetailTypeReader(table, type_name_of(table, number), tag=tag)
            said[type_id][tag] = reader.texts(known[type_id])
            problems += [f"{path}: {problem}" for problem in reader.problems]
    if problems:
        raise ConfigurationError(problems)
    return tuple(replace(kind, texts=said[kind.type_id]) for kind in types)


def _texts_in(path: Path, tag: str, scopes: Sequence[Scope]) -> tuple[dict[str, ScopeTexts], list[str]]:
    """What a file in another language says, and what is wrong with it."""
    document = _parse(path, _read(path))
    problems = unknown_keys(document)
    known = {scope.scope_id: scope for scope in scopes}
    found: dict[str, ScopeTexts] = {}
    entries = document.get("scope", [])
    for number, entry in enumerate(entries if isinstance(entries, list) else [], start=1):
        table = entry if isinstance(entry, dict) else {}
        scope_id = table.get("id")
        if scope_id not in known or scope_id in found:
            why = "said twice" if scope_id in found else "there is no such scope"
            problems.append(f"scope number {number}: id: {scope_id!r}: {why}")
            continue
        reader = EntryReader(table, name_of(table, number), tag=tag)
        found[scope_id] = reader.texts(known[scope_id])
        problems += reader.problems
    return found, problems


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigurationError([f"{path}: expected a file of at most {MAX_BYTES} bytes"])
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise ConfigurationError([f"{path}: cannot be read ({error.strerror})"]) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError([f"{path}: expected UTF-8 text"]) from error


def _parse(path: Path, text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # of a number without end too
        raise ConfigurationError([f"{path}: expected TOML ({error})"]) from error
