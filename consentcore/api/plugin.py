"""What every plugin says of itself, and how it declares settings."""

from __future__ import annotations

from consentcore.hooks.info import API_VERSION, NoSettings, PluginInfo, PluginKind
from consentcore.hooks.specs import hookimpl
from consentcore.settings.schema import Secret, setting

__all__ = [
    "API_VERSION",
    "NoSettings",
    "PluginInfo",
    "PluginKind",
    "Secret",
    "hookimpl",
    "setting",
]
