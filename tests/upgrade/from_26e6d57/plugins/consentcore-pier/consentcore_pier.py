"""Scopes of a harbour."""

from dataclasses import dataclass

from consentcore.api import PluginInfo, PluginKind, Scope, ScopeType, hookimpl, setting


@dataclass(frozen=True)
class PierSettings:
    """``consentcore.plugin.pier.*``."""

    harbour: str = setting("What the harbour is called.", default="the harbour")


class Pier:
    def __init__(self, settings):
        self._harbour = settings.harbour

    def scopes(self):
        return [
            Scope("berths.read", "See your berths", f"The names and lengths of your berths in {self._harbour}."),
            Scope("berths.lights", "Switch your lights", "Switches the lights of your berths.", version="2", type=ScopeType.ACT, level=3, access_max_days=30),
        ]


@hookimpl
def consentcore_plugin():
    return PluginInfo("pier", PluginKind.SCOPES, "Scopes of a harbour.", api="1.0", settings=PierSettings)


@hookimpl
def consentcore_scope_catalog(settings):
    return Pier(settings)
