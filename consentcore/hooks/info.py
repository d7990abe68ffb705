"""What a plugin says about itself, and how it declares its settings."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

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

    :ivar name: the entry point's name. :ivar kind: where it may be named in the INI.
    :ivar api: the :data:`API_VERSION` it was written for. :ivar settings: a frozen dataclass whose fields are made
        with :func:`setting`.
    :ivar capabilities: of a notifier: ``account_mail``, it mails the data owner alone and is given links that open an
        account; ``check``, it is a :class:`consentcore.ports.notifier.CheckedNotifier`.
    """

    name: str
    kind: PluginKind
    summary: str
    api: str = API_VERSION
    settings: type = NoSettings
    capabilities: frozenset[str] = frozenset()


class Secret(str):
    """A setting that prints as ``***``. ``env:NAME`` and ``file:PATH`` are resolved before it is made."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def reveal(self) -> str:
        """Return the text itself."""
        return str.__str__(self)


def setting(
    help: str,  # noqa: A002 - reads as the declaration it is
    *,
    default: Any = dataclasses.MISSING,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[str, ...] = (),
) -> Any:
    """Declare one setting of a plugin or of the core; the annotation gives the type.

    Types: ``str int float bool pathlib.Path Secret tuple[str, ...] tuple[float, ...]`` and ``X | None``.
    Lists are blank- or comma-separated. Names end in their unit: ``_s``, ``_bytes``.

    :param help: one sentence for ``plugins show`` and the documentation.
    :param default: without one the setting is required.
    :param minimum: smallest number; :param maximum: largest; :param choices: the only texts allowed.
    """
    meta = {"help": help, "minimum": minimum, "maximum": maximum, "choices": choices}
    if default is dataclasses.MISSING:
        return field(metadata=meta)
    return field(default=default, metadata=meta)
