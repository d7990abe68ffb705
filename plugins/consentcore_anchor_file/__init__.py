"""Keeps signed checkpoints of the ledger in a file, on a disk that whoever writes the database cannot write."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from consentcore.api import Anchor, PluginInfo, PluginKind, hookimpl, setting

__all__ = ["AnchorFileSettings", "consentcore_anchor", "consentcore_plugin"]


@dataclass(frozen=True)
class AnchorFileSettings:
    """``consentcore.plugin.anchor_file.*``."""

    file: Path = setting(
        "File to append to; on a disk that nobody who can write the database can write, but for this service."
    )


@hookimpl
def consentcore_plugin() -> PluginInfo:
    """Say who this is."""
    return PluginInfo(
        name="anchor_file",
        kind=PluginKind.EXTENSION,
        summary="Keeps checkpoints of the ledger in a file that is only appended to.",
        settings=AnchorFileSettings,
    )


@hookimpl
def consentcore_anchor(settings: AnchorFileSettings) -> Anchor:
    """Make the anchor."""
    from consentcore_anchor_file.anchor import FileAnchor

    return FileAnchor(settings.file)
