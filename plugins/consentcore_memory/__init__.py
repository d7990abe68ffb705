"""Storage in the memory of one process: for tests, and to look around. Nothing survives the process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentcore.api import Clock, KeyRing, NoSettings, PluginInfo, PluginKind, Storage, hookimpl
from consentcore_memory.capabilities import CAPABILITIES

if TYPE_CHECKING:
    from consentcore_memory.storage import MemoryStorage

__all__ = ["MemoryStorage", "consentcore_plugin", "consentcore_storage"]


@hookimpl
def consentcore_plugin() -> PluginInfo:
    """Say who this is."""
    return PluginInfo(
        name="memory",
        kind=PluginKind.STORAGE,
        summary="Keeps everything in the memory of one process; nothing survives it.",
        api="2.0",
        settings=NoSettings,
        capabilities=CAPABILITIES.words,
    )


@hookimpl
def consentcore_storage(settings: NoSettings, clock: Clock, keys: KeyRing) -> Storage:  # noqa: ARG001
    """Make an empty store."""
    from consentcore_memory.storage import MemoryStorage

    return MemoryStorage()


def __getattr__(name: str) -> object:
    if name == "MemoryStorage":
        from consentcore_memory.storage import MemoryStorage

        return MemoryStorage
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
