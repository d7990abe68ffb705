"""What a plugin says about itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

API_VERSION = "1.0"
"""Version of the plugin API. Major: incompatible. Minor: additions only."""


class PluginKind(StrEnum):
    """Which of five core settings names the plugin: ``consentcore.storage``, ``.login`` and so on."""

    STORAGE = "storage"
    LOGIN = "login"
    SCOPES = "scopes"
    NOTIFIER = "notifiers"
    EXTENSION = "extensions"


@dataclass(frozen=True)
class NoSettings:
    """For plugins that have nothing to set."""


@dataclass(frozen=True)
class PluginInfo:
    """Manifest of a plugin.

    :ivar name: the entry point's name.
    :ivar kind: where it may be named in the INI.
    :ivar api: the :data:`API_VERSION` it was written for.
    :ivar settings: a frozen dataclass whose fields are made
        with :func:`~consentcore.settings.schema.setting`.
    :ivar capabilities: of a notifier: ``account_mail``, it mails the data owner alone and is given links that open an
        account; ``check``, it is a :class:`consentcore.ports.notifier.CheckedNotifier`.
    """

    name: str
    kind: PluginKind
    summary: str
    api: str = API_VERSION
    settings: type = NoSettings
    capabilities: frozenset[str] = frozenset()
