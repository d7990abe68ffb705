"""Settings of the devmail plugin."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from consentcore.api import no_networks, setting


@dataclass(frozen=True)
class DevmailSettings:
    """``consentcore.plugin.devmail.*``."""

    dir: Path = setting("Folder for the mails; made when it is not there.")
    readers: tuple[str, ...] = setting(
        "Networks (CIDR) whose machines may open /_dev/mail, where every link that resets a password can be read. "
        "Empty: this machine only, and only while issuer and web_url are loopback addresses.",
        default=(),
    )
    sender: str = setting("From address.", default="Your Energy Company <consent@example.org>")
    retry_schedule_s: tuple[float, ...] = setting(
        "Waits after the first, second, … failed try (the disk may be full).",
        default=(1.0, 5.0, 30.0, 300.0),
        minimum=0,
        maximum=30 * 86400,
    )

    def __post_init__(self) -> None:
        wrong = no_networks(self.readers)
        if wrong:
            raise ValueError(f"readers: expected networks such as 10.0.0.0/8, not {', '.join(wrong)}")
