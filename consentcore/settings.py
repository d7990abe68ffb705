"""Reads a configuration: INI files and the environment, the core's settings and the plugins'."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from consentcore.core_settings import (
    ConsentSettings,
    CoreSettings,
    OAuthSettings,
    OperatorSettings,
    ServerSettings,
    WebSettings,
    WorkerSettings,
    check,
    check_keys,
)
from consentcore.domain.errors import ConfigurationError
from consentcore.hooks.ini import inherited
from consentcore.hooks.registry import Registry
from consentcore.hooks.settings import (
    PLUGIN_PREFIX,
    PREFIX,
    Source,
    bind,
    from_texts,
    keys_of,
    override,
    unknown_keys,
)

if TYPE_CHECKING:
    from consentcore.hooks.ini import Entry

__all__ = [
    "ConsentSettings",
    "CoreSettings",
    "LoadedConfig",
    "OAuthSettings",
    "OperatorSettings",
    "ServerSettings",
    "WebSettings",
    "WorkerSettings",
    "load_ini",
    "load_mapping",
]

log = logging.getLogger("consentcore.settings")

DEFAULT_LISTEN = "127.0.0.1:6543"


@dataclass(frozen=True)
class LoadedConfig:
    """A configuration that was read and found in order, with its plugins imported.

    :ivar listen: ``host:port`` of ``[server:main]``. :ivar warnings: one line each, already logged.
    """

    settings: CoreSettings
    registry: Registry
    source: Source = field(default_factory=lambda: Source({}))
    listen: str = DEFAULT_LISTEN
    warnings: tuple[str, ...] = ()


def load_ini(path: str | Path, *, environ: Mapping[str, str] | None = None) -> LoadedConfig:
    """Read an INI file (``FILE`` or ``FILE#section``) and load the plugins that it names.

    Inheritance (``use = config:other.ini``), ``[DEFAULT]``, ``%(here)s``, ``env:``, ``file:`` and environment
    overrides are honoured.

    :param environ: instead of the environment of the process, for tests.
    :raises ConfigurationError: with every problem that was found.
    """
    file, _, section = str(path).partition("#")
    problems: list[str] = []
    found = inherited(Path(file), "app", section or "main", problems)
    server = inherited(Path(file), "server", "main", [])
    entries = {key: entry for key, entry in found.items() if key.startswith(PREFIX)}
    source = Source(entries, file, Path(file).parent.absolute(), problems=problems)
    if not found:
        raise ConfigurationError(problems)
    listen = server["listen"].value if "listen" in server else _listen_of(server)
    return _load(source, os.environ if environ is None else environ, listen)


def load_mapping(
    global_conf: Mapping[str, str],
    app_settings: Mapping[str, str],
    *,
    environ: Mapping[str, str] | None = None,
) -> LoadedConfig:
    """Take what paste read of an INI; the file, where there is one, is looked at again for line numbers.

    :raises ConfigurationError: with every problem that was found.
    """
    file = global_conf.get("__file__", "")
    source = from_texts(
        {**global_conf, **app_settings}, file or "settings", Path(file).parent.absolute() if file else None
    )
    if file:
        written = inherited(Path(file), "app", "main", [])
        for key, entry in source.entries.items():
            if key in written:
                source.entries[key] = replace(entry, origin=written[key].origin, folder=written[key].folder)
    return _load(source, os.environ if environ is None else environ, DEFAULT_LISTEN)


def _listen_of(server: Mapping[str, Entry]) -> str:
    host, port = server.get("host"), server.get("port")
    if host is None and port is None:
        return DEFAULT_LISTEN
    return f"{host.value if host else '127.0.0.1'}:{port.value if port else 6543}"


def _load(source: Source, environ: Mapping[str, str], listen: str) -> LoadedConfig:
    override(source, environ)
    known = keys_of(CoreSettings, PREFIX)
    core_keys = [key for key in source.entries if not key.startswith(PLUGIN_PREFIX)]
    unknown_keys(source, core_keys, known)
    check_keys(source)
    settings = bind(CoreSettings, PREFIX, source)
    if settings is not None:
        check(settings, source)
    registry = Registry.load(source)
    if source.problems or settings is None or registry is None:
        raise ConfigurationError(source.problems)
    for warning in source.warnings:
        log.warning("%s", warning)
    return LoadedConfig(settings, registry, source, listen, tuple(source.warnings))
