"""What a plugin says about itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

API_VERSION = "1.0"
"""The first version of the plugin API, when all kinds had the same: what a plugin that names none was written for.

What this consentcore speaks stands in :data:`consentcore.hooks.versions.API_VERSIONS`. A plugin of a kind that has a
newer one writes it out, ``api="2.0"``: a name that is looked up when the plugin starts says nothing of its author."""


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
    :ivar api: the version it was written for, of the API of its kind.
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

    def __post_init__(self) -> None:
        """Take a text for the words in it: ``"account_mail"`` holds ``"mail"`` too, as texts go."""
        given: object = self.capabilities  # whatever a plugin says
        if isinstance(given, str):
            words = frozenset(given.replace(",", " ").split())
            object.__setattr__(self, "capabilities", words)
