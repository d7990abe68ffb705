"""Mail through Amazon SES."""

from __future__ import annotations

from consentcore.api import Clock, Notifier, PluginInfo, PluginKind, hookimpl
from consentcore_ses.settings import SesSettings

__all__ = ["SesSettings", "consentcore_notifier", "consentcore_plugin"]


@hookimpl
def consentcore_plugin() -> PluginInfo:
    """Say who this is."""
    return PluginInfo(
        name="ses",
        kind=PluginKind.NOTIFIER,
        summary="Mails data owners, and the operator, through Amazon SES.",
        settings=SesSettings,
        capabilities=frozenset({"account_mail", "check"}),
    )


@hookimpl
def consentcore_notifier(settings: SesSettings, clock: Clock) -> Notifier:
    """Make the notifier; it connects with the first mail."""
    from consentcore_ses.notifier import SesNotifier

    return SesNotifier(settings, clock)
