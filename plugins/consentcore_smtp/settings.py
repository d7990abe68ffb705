"""Settings of the smtp plugin."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from consentcore.api import Secret, ascii_host, setting


@dataclass(frozen=True)
class SmtpSettings:
    """``consentcore.plugin.smtp.*``."""

    host: str = setting("The SMTP server.")
    sender: str = setting("From address, such as Your Energy Company <consent@energy.example>.")
    port: int = setting("Its port.", default=587, minimum=1, maximum=65535)
    tls: str = setting(
        "none; starttls: encrypted before anything is said; implicit: encrypted from the start (port 465).",
        default="starttls",
        choices=("none", "starttls", "implicit"),
    )
    username: str = setting("User name; empty: no sign-in.", default="")
    password: Secret = setting("Password of the user.", default=Secret())
    ca_file: Path | None = setting(
        "Certificates (PEM) to trust instead of the system's, for a private authority.", default=None
    )
    timeout_s: float = setting(
        "Longest wait for the server's next word.", default=10.0, minimum=0.1, maximum=30
    )
    retry_schedule_s: tuple[float, ...] = setting(
        "Waits after the first, second, … failed try.",
        default=(60.0, 300.0, 1800.0, 7200.0, 43200.0),
        minimum=0,
        maximum=30 * 86400,
    )

    def __post_init__(self) -> None:
        # Sockets would encode it by IDNA 2003, and may reach somebody else's server. What is no name, the plugin says.
        with contextlib.suppress(ValueError):
            object.__setattr__(self, "host", ascii_host(self.host))
