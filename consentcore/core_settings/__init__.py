"""What can be set in the core: the sections with their names, types and defaults, and what is checked beyond types."""

from __future__ import annotations

from consentcore.core_settings.checks import check, check_keys, parse_listen
from consentcore.core_settings.processes import LogSettings, ServerSettings, WebSettings, WorkerSettings
from consentcore.core_settings.rules import (
    AccountSettings,
    ConsentSettings,
    LimitsSettings,
    OAuthSettings,
    OperatorSettings,
)
from consentcore.core_settings.sections import CoreSettings

__all__ = [
    "AccountSettings",
    "ConsentSettings",
    "CoreSettings",
    "LimitsSettings",
    "LogSettings",
    "OAuthSettings",
    "OperatorSettings",
    "ServerSettings",
    "WebSettings",
    "WorkerSettings",
    "check",
    "check_keys",
    "parse_listen",
]
