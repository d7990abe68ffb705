"""Storage in PostgreSQL or SQLite through SQLAlchemy."""

from __future__ import annotations

from consentcore.api import Clock, KeyRing, PluginInfo, PluginKind, Storage, hookimpl
from consentcore_sqlalchemy.capabilities import CAPABILITIES
from consentcore_sqlalchemy.settings import SqlSettings

__all__ = ["SqlSettings", "consentcore_plugin", "consentcore_storage"]


@hookimpl
def consentcore_plugin() -> PluginInfo:
    """Say who this is."""
    return PluginInfo(
        name="sqlalchemy",
        kind=PluginKind.STORAGE,
        summary="Keeps everything in PostgreSQL (production, any number of nodes) or SQLite (one machine).",
        api="2.0",
        settings=SqlSettings,
        capabilities=CAPABILITIES.words,
    )


@hookimpl
def consentcore_storage(settings: SqlSettings, clock: Clock, keys: KeyRing) -> Storage:  # noqa: ARG001 - the clock
    """Make the storage; it connects at first use."""
    from consentcore_sqlalchemy.storage import SqlStorage

    return SqlStorage(settings, keys)
