"""Settings of the ses plugin."""

from __future__ import annotations

from dataclasses import dataclass

from consentcore.api import setting


@dataclass(frozen=True)
class SesSettings:
    """``consentcore.plugin.ses.*``. Credentials come from where boto3 looks: environment, profile, role."""

    region: str = setting("AWS region, such as eu-west-1.")
    sender: str = setting(
        "From address, such as Your Energy Company <consent@energy.example>; verified in SES."
    )
    configuration_set: str = setting("Configuration set for bounces and metrics; empty: none.", default="")
    timeout_s: float = setting(
        "Longest wait for the service's next word.", default=10.0, minimum=0.1, maximum=20
    )
    retry_schedule_s: tuple[float, ...] = setting(
        "Waits after the first, second, … failed try.",
        default=(60.0, 300.0, 1800.0, 7200.0, 43200.0),
        minimum=0,
        maximum=30 * 86400,
    )
