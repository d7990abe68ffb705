"""Settings of the webhook plugin."""

from __future__ import annotations

from dataclasses import dataclass

from consentcore.api import setting

# Standard Webhooks: 10 tries in 75 h 35 min, so that a weekend's outage loses no revocation.
SCHEDULE_S = (5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 50400.0, 72000.0, 86400.0)


@dataclass(frozen=True)
class WebhookSettings:
    """``consentcore.plugin.webhook.*``."""

    timeout_s: float = setting(
        "Time for one try, from resolving the name to the end of the answer.",
        default=15.0,
        minimum=0.1,
        maximum=30,
    )
    retry_schedule_s: tuple[float, ...] = setting(
        "Waits after the first, second, … failed try; the first try is immediate.",
        default=SCHEDULE_S,
        minimum=0,
        maximum=30 * 86400,
    )
    keep_alive_s: float = setting(
        "How long a connection may wait for the next webhook to the same host; 0 keeps none.",
        default=4.0,
        minimum=0,
        maximum=60,
    )
    allow_networks: tuple[str, ...] = setting(
        "Networks (CIDR) where plain http, other ports and addresses that are not public are allowed.",
        default=(),
    )
