"""Tells nobody, for another version of the plugin API."""

from consentcore.api import Delivered, PluginInfo, PluginKind, hookimpl


class Silent:
    retry_schedule_s = (1.0,)

    def targets(self, envelope):
        return []

    def send(self, envelope, target):
        return Delivered()


@hookimpl
def consentcore_plugin():
    return PluginInfo("tomorrow", PluginKind.NOTIFIER, "Tells nobody.", api="2.0")


@hookimpl
def consentcore_notifier(settings, clock):
    return Silent()
