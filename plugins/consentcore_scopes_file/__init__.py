"""Scope catalog from a TOML file; without one, a catalog of energy scopes that comes with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from consentcore.api import PluginInfo, PluginKind, ScopeCatalog, hookimpl, setting

__all__ = ["ScopesFileSettings", "consentcore_plugin", "consentcore_scope_catalog"]


@dataclass(frozen=True)
class ScopesFileSettings:
    """Settings ``consentcore.plugin.scopes_file.*``."""

    path: Path | None = setting(
        "TOML file with the scopes; without it, the bundled energy catalog. Texts in other languages stand in files "
        "beside it, `NAME.de.toml` beside `NAME.toml`.",
        default=None,
    )
    locale: str = setting("Language of the texts in the file itself: a tag, such as fr.", default="en")


@hookimpl
def consentcore_plugin() -> PluginInfo:
    """Say who this is."""
    return PluginInfo(
        name="scopes_file",
        kind=PluginKind.SCOPES,
        summary="Reads the scope catalog from a TOML file; brings fourteen energy scopes.",
        settings=ScopesFileSettings,
    )


@hookimpl
def consentcore_scope_catalog(settings: ScopesFileSettings) -> ScopeCatalog:
    """Read and check the file;

    :raises ConfigurationError: with every problem that it has.
    """
    from consentcore_scopes_file.catalog import FileCatalog

    return FileCatalog(settings.path, settings.locale)
