"""What can be set in the core: the sections with their names, types and defaults, and what is checked beyond types."""

from __future__ import annotations

from consentcore.core_settings.checks import check, check_keys, parse_listen
from consentcore.core_settings.sections import (
    AccountSettings,
    ConsentSettings,
    CoreSettings,
    LimitsSettings,
    LogSettings,
    OAuthSettings,
    OperatorSettings,
    ServerSettings,
    WebSettings,
    WorkerSettings,
)

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
