"""What data owners have to choose from, out of a TOML file; without one, a portfolio to try things with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from consentcore.api import PluginInfo, PluginKind, ResourceDirectory, hookimpl, setting

__all__ = ["ResourcesFileSettings", "consentcore_plugin", "consentcore_resources"]


@dataclass(frozen=True)
class ResourcesFileSettings:
    """Settings ``consentcore.plugin.resources_file.*``."""

    path: Path | None = setting(
        "TOML file with the owners and their sites, meters and devices; without it, a bundled one to try things with, "
        "in which everybody has something.",
        default=None,
    )
    aliases: tuple[str, ...] = setting(
        "Owners who have what another one of the file has: `ada@example.org=offices@example.org`.", default=()
    )
    allow_everything: bool = setting(
        'Whether owners may choose "all, also those that I add later".', default=True
    )


@hookimpl
def consentcore_plugin() -> PluginInfo:
    """Say who this is."""
    return PluginInfo(
        name="resources_file",
        kind=PluginKind.EXTENSION,
        summary="Lists the sites, meters and devices of data owners from a TOML file, for pilots and demonstrations.",
        settings=ResourcesFileSettings,
        capabilities=frozenset({"local"}),
    )


@hookimpl
def consentcore_resources(settings: ResourcesFileSettings) -> ResourceDirectory:
    """Read and check the file.

    :raises ConfigurationError: with every problem that it has.
    """
    from consentcore_resources_file.directory import FileDirectory

    return FileDirectory(settings.path, aliases=settings.aliases, allow_everything=settings.allow_everything)
