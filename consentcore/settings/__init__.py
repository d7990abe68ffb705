"""What can be set in the core: the sections with their names, types and defaults, and what is checked beyond types."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from consentcore.settings.checks import check, check_keys, parse_listen
from consentcore.settings.controller import controller_of
from consentcore.settings.core import CoreSettings
from consentcore.settings.mtls import MtlsSettings
from consentcore.settings.processes import LogSettings, ServerSettings, WebSettings, WorkerSettings
from consentcore.settings.protocol import (
    AccountSettings,
    ConsentSettings,
    LimitsSettings,
    OAuthSettings,
    OperatorSettings,
)
from consentcore.settings.registration import RegistrationSettings
from consentcore.settings.theme import ThemeSettings

__all__ = [
    "AccountSettings",
    "ConsentSettings",
    "CoreSettings",
    "LimitsSettings",
    "LogSettings",
    "MtlsSettings",
    "OAuthSettings",
    "OperatorSettings",
    "RegistrationSettings",
    "ServerSettings",
    "ThemeSettings",
    "WebSettings",
    "WorkerSettings",
    "check",
    "check_keys",
    "controller_of",
    "parse_listen",
]


def __getattr__(name: str) -> Any:
    """What programs that put data into an installation have always found here: ``load_ini``, which reads an INI."""
    if name != "load_ini":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module("consentcore.config").load_ini
