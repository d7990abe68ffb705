"""Mail for development: files in a folder, shown at ``/_dev/mail``. Nothing leaves the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consentcore.api import Clock, Notifier, PluginInfo, PluginKind, hookimpl
from consentcore_devmail.settings import DevmailSettings

if TYPE_CHECKING:
    from consentcore_devmail.pages import Config

__all__ = ["DevmailSettings", "consentcore_configure", "consentcore_notifier", "consentcore_plugin"]


@hookimpl
def consentcore_plugin() -> PluginInfo:
    """Say who this is."""
    return PluginInfo(
        name="devmail",
        kind=PluginKind.NOTIFIER,
        summary="Development only: writes mails as files and shows them at /_dev/mail.",
        settings=DevmailSettings,
        capabilities=frozenset({"account_mail"}),
    )


@hookimpl
def consentcore_notifier(settings: DevmailSettings, clock: Clock) -> Notifier:
    """Make the notifier."""
    from consentcore_devmail.notifier import DevmailNotifier

    return DevmailNotifier(settings, clock)


@hookimpl
def consentcore_configure(config: Config, settings: DevmailSettings) -> None:
    """Add the pages.

    :raises ConfigurationError: when anybody could read them.
    """
    from consentcore_devmail.access import check_addresses
    from consentcore_devmail.pages import add_pages

    runtime = config.registry.get("consentcore.runtime")
    if runtime is not None:
        check_addresses(
            {"consentcore.issuer": runtime.settings.issuer, "consentcore.web_url": runtime.settings.web_url},
            settings,
        )
    add_pages(config, settings)
