"""Settings of the devmail plugin."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from consentcore.api import setting


@dataclass(frozen=True)
class DevmailSettings:
    """``consentcore.plugin.devmail.*``."""

    dir: Path = setting("Folder for the mails; made when it is not there.")
    sender: str = setting("From address.", default="Your Energy Company <consent@example.org>")
    retry_schedule_s: tuple[float, ...] = setting(
        "Waits after the first, second, … failed try (the disk may be full).",
        default=(1.0, 5.0, 30.0, 300.0),
        minimum=0,
        maximum=30 * 86400,
    )
