"""Mail through an SMTP server."""

from __future__ import annotations

from consentcore.api import Clock, Notifier, PluginInfo, PluginKind, hookimpl
from consentcore_smtp.settings import SmtpSettings

__all__ = ["SmtpSettings", "consentcore_notifier", "consentcore_plugin"]


@hookimpl
def consentcore_plugin() -> PluginInfo:
    """Say who this is."""
    return PluginInfo(
        name="smtp",
        kind=PluginKind.NOTIFIER,
        summary="Mails data owners, and the operator, through an SMTP server.",
        settings=SmtpSettings,
        capabilities=frozenset({"account_mail", "check"}),
    )


@hookimpl
def consentcore_notifier(settings: SmtpSettings, clock: Clock) -> Notifier:
    """Make the notifier; it connects with the first mail."""
    from consentcore_smtp.notifier import SmtpNotifier

    return SmtpNotifier(settings, clock)
