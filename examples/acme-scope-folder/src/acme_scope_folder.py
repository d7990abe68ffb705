"""Scopes out of a directory: one JSON file for each API of the company, each kept by the team that owns the API."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from consentcore.api import (
    ConfigurationError,
    EntryReader,
    PluginInfo,
    PluginKind,
    Scope,
    ScopeCatalog,
    hookimpl,
    setting,
)


@dataclass(frozen=True)
class ScopeFolderSettings:
    """``consentcore.plugin.scope_folder.*``."""

    folder: Path = setting(
        'Directory with files `API.json`: {"product": …, "scopes": [{"id": …, "label": …, "sees": …}]}.'
    )


class ScopeFolder:
    """See ``consentcore.api.ScopeCatalog``; the files are read once.

    :raises ConfigurationError: with every problem of every file.
    """

    def __init__(self, folder: Path) -> None:
        self._problems: list[str] = []
        files = sorted(folder.glob("*.json"))
        if not files:
            self._problems.append(f"{folder}: expected at least one file API.json")
        self._scopes = [scope for file in files for scope in self._read(file)]
        if self._problems:
            raise ConfigurationError(self._problems)

    def scopes(self) -> Sequence[Scope]:
        """All scopes of all files."""
        return self._scopes

    def _read(self, file: Path) -> list[Scope]:
        try:
            document = json.loads(file.read_text(encoding="utf-8"))
            product, entries = document.get("product", file.stem), document["scopes"]
        except (OSError, ValueError, LookupError, AttributeError):
            self._problems.append(f'{file}: expected JSON with "product" and a list "scopes"')
            return []
        return [scope for entry in entries if (scope := self._scope(file, product, entry)) is not None]

    def _scope(self, file: Path, product: str, entry: object) -> Scope | None:
        if not isinstance(entry, Mapping):
            self._problems.append(f"{file}: expected objects in scopes")
            return None
        reader = EntryReader(entry, f"scope {entry.get('id')!r}", place=str(file))
        scope = reader.scope()
        self._problems += [f"{file}: {problem}" for problem in reader.problems]
        return replace(scope, product=scope.product or product) if scope else None


@hookimpl
def consentcore_plugin() -> PluginInfo:
    """Say who this is."""
    return PluginInfo(
        name="scope_folder",
        kind=PluginKind.SCOPES,
        summary="Scopes of a company, one JSON file for each API.",
        api="1.1",
        settings=ScopeFolderSettings,
    )


@hookimpl
def consentcore_scope_catalog(settings: ScopeFolderSettings) -> ScopeCatalog:
    """Read the files."""
    return ScopeFolder(settings.folder)
