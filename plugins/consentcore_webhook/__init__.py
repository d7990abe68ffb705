"""Signed webhooks to the ISV of an application, by the Standard Webhooks specification."""

from __future__ import annotations

from consentcore.api import Clock, Notifier, PluginInfo, PluginKind, hookimpl
from consentcore_webhook.settings import WebhookSettings

__all__ = ["WebhookSettings", "consentcore_notifier", "consentcore_plugin"]


@hookimpl
def consentcore_plugin() -> PluginInfo:
    """Say who this is."""
    return PluginInfo(
        name="webhook",
        kind=PluginKind.NOTIFIER,
        summary="Signed webhooks (Standard Webhooks) to the endpoints of an application.",
        settings=WebhookSettings,
    )


@hookimpl
def consentcore_notifier(settings: WebhookSettings, clock: Clock) -> Notifier:
    """Make the notifier."""
    from consentcore_webhook.notifier import WebhookNotifier

    return WebhookNotifier(settings, clock)
