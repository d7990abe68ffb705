"""Writes one line of JSON for each notice, for a log collector or an audit trail."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from consentcore.api import Clock, Notifier, PluginInfo, PluginKind, hookimpl, setting

__all__ = ["LogSettings", "consentcore_notifier", "consentcore_plugin"]


@dataclass(frozen=True)
class LogSettings:
    """``consentcore.plugin.log.*``."""

    file: Path | None = setting(
        "File to append to, may be rotated by renaming; empty: the logger consentcore.notices.", default=None
    )
    owner_ids: bool = setting("Name the data owner too, by our own id.", default=False)
    retry_schedule_s: tuple[float, ...] = setting(
        "Waits after the first, second, … failed try (the disk may be full).",
        default=(5.0, 60.0, 300.0, 1800.0),
        minimum=0,
        maximum=30 * 86400,
    )


@hookimpl
def consentcore_plugin() -> PluginInfo:
    """Say who this is."""
    return PluginInfo(
        name="log",
        kind=PluginKind.NOTIFIER,
        summary="Writes a line of JSON for each notice to a file or the log.",
        settings=LogSettings,
    )


@hookimpl
def consentcore_notifier(settings: LogSettings, clock: Clock) -> Notifier:
    """Make the notifier."""
    from consentcore_log.notifier import LogNotifier

    return LogNotifier(settings, clock)
