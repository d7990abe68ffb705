"""Storage in one file of JSON, for one process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from consentcore.api import Clock, KeyRing, PluginInfo, PluginKind, Storage, hookimpl, setting

if TYPE_CHECKING:
    from consentcore_shelf.storage import ShelfStorage

__all__ = ["ShelfSettings", "ShelfStorage", "consentcore_plugin", "consentcore_storage"]


@dataclass(frozen=True)
class ShelfSettings:
    """``consentcore.plugin.shelf.*``."""

    path: Path = setting("The file.")


@hookimpl
def consentcore_plugin() -> PluginInfo:
    """Say who this is."""
    return PluginInfo(
        name="shelf",
        kind=PluginKind.STORAGE,
        summary="Keeps everything in one file of JSON.",
        api="1.0",
        settings=ShelfSettings,
        capabilities=frozenset({"durable"}),
    )


@hookimpl
def consentcore_storage(settings: ShelfSettings, clock: Clock, keys: KeyRing) -> Storage:  # noqa: ARG001
    """Open the store."""
    from consentcore_shelf.storage import ShelfStorage

    return ShelfStorage(settings.path)


def __getattr__(name: str) -> object:
    if name == "ShelfStorage":
        from consentcore_shelf.storage import ShelfStorage

        return ShelfStorage
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
