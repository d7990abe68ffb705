"""Relays what applications are told to an Amazon SQS queue of the enterprise."""

from __future__ import annotations

from dataclasses import dataclass

from consentcore.api import Clock, Notifier, PluginInfo, PluginKind, hookimpl, setting

__all__ = ["SqsSettings", "consentcore_notifier", "consentcore_plugin"]


@dataclass(frozen=True)
class SqsSettings:
    """``consentcore.plugin.sqs.*``. Credentials come from where boto3 looks: environment, profile, role."""

    queue_url: str = setting("URL of the queue; in one that ends in .fifo each grant is a message group.")
    region: str = setting("AWS region, such as eu-west-1.")
    timeout_s: float = setting(
        "Longest wait for the service's next word.", default=10.0, minimum=0.1, maximum=20
    )
    retry_schedule_s: tuple[float, ...] = setting(
        "Waits after the first, second, … failed try.",
        default=(5.0, 60.0, 300.0, 1800.0, 7200.0, 43200.0, 86400.0),
        minimum=0,
        maximum=30 * 86400,
    )


@hookimpl
def consentcore_plugin() -> PluginInfo:
    """Say who this is."""
    return PluginInfo(
        name="sqs",
        kind=PluginKind.NOTIFIER,
        summary="Relays what applications are told to an Amazon SQS queue.",
        settings=SqsSettings,
    )


@hookimpl
def consentcore_notifier(settings: SqsSettings, clock: Clock) -> Notifier:  # noqa: ARG001 - the hook's signature
    """Make the notifier; it connects with the first message."""
    from consentcore_sqs.relay import SqsRelay

    return SqsRelay(settings)
