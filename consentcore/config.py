"""Reads a configuration: INI files and the environment, the core's settings and the plugins'."""

from __future__ import annotations

import contextlib
import difflib
import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from consentcore.domain.errors import ConfigurationError
from consentcore.hooks.registry import Registry
from consentcore.settings import CoreSettings, LogSettings, check, check_keys, parse_listen
from consentcore.settings.binding import (
    PLUGIN_PREFIX,
    PREFIX,
    Source,
    bind,
    from_texts,
    keys_of,
    override,
    unknown_keys,
)
from consentcore.settings.ini import BrokenInheritance, inherited, nearest, with_section

if TYPE_CHECKING:
    from consentcore.settings.ini import Entry

log = logging.getLogger("consentcore.settings")

DEFAULT_LISTEN = "127.0.0.1:6543"
LISTEN = ("listen", "host", "port")
"""What ``[server:main]`` says of where to listen."""


@dataclass(frozen=True)
class LoadedConfig:
    """A configuration that was read and found in order, with its plugins imported.

    :ivar listen: ``host:port`` of ``[server:main]``.
    :ivar warnings: one line each, already logged.
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
    file, section = with_section(str(path))
    problems: list[str] = []
    try:
        found = inherited(Path(file), "app", section or "main", problems)
        server = inherited(Path(file), "server", "main", problems)
    except BrokenInheritance as error:
        raise ConfigurationError([*problems, str(error)]) from error
    entries = {key: entry for key, entry in found.items() if key.startswith(PREFIX)}
    source = Source(entries, file, Path(file).parent.absolute(), problems=problems)
    _blame_near_misses(source, found)
    return _load(source, os.environ if environ is None else environ, _listen_of(server, source))


def log_settings(path: str | Path) -> LogSettings:
    """Read how log lines have to look, however wrong everything else is; by default where that is wrong itself.

    :param path: as for :func:`load_ini`.
    """
    file, section = with_section(str(path))
    found: Mapping[str, Entry] = {}
    with contextlib.suppress(BrokenInheritance):
        found = inherited(Path(file), "app", section or "main", [])
    source = Source(dict(found), file, Path(file).parent.absolute())
    override(source, os.environ)
    return bind(LogSettings, f"{PREFIX}log.", source) or LogSettings()


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
        written: dict[str, Entry] = {}
        with contextlib.suppress(BrokenInheritance):
            written = inherited(Path(file), "app", "main", [])
        for key, entry in source.entries.items():
            if key in written:
                source.entries[key] = replace(entry, origin=written[key].origin, folder=written[key].folder)
    return _load(source, os.environ if environ is None else environ, DEFAULT_LISTEN)


def _listen_of(server: Mapping[str, Entry], source: Source) -> str:
    """Where to listen by ``[server:main]``; what is wrong with it goes to the problems of ``source``."""
    host, port = server.get("host"), server.get("port")
    listen = server.get("listen")
    if listen is None:
        source.problems += _near_misses_of_listen(server)
    if listen is not None:
        text = listen.value
    elif host is None and port is None:
        text = DEFAULT_LISTEN
    else:
        name = host.value if host else "127.0.0.1"
        text = f"{f'[{name}]' if ':' in name else name}:{port.value if port else 6543}"
    try:
        parse_listen(text)
    except ValueError as error:
        written = listen or port or host
        source.problems.append(f"{written.origin if written else source.name}: [server:main] listen: {error}")
    return text


def _near_misses_of_listen(server: Mapping[str, Entry]) -> Iterator[str]:
    """Keys that were meant to say where to listen; others are those of other servers."""
    missing = [name for name in LISTEN if name not in server]
    for key, entry in server.items():
        for meant in () if key in LISTEN else difflib.get_close_matches(key.lower(), missing, 1, 0.75):
            yield f"{entry.origin}: {key}: unknown setting; did you mean {meant}?"


def _blame_near_misses(source: Source, entries: Mapping[str, Entry]) -> None:
    """Blame keys that are not ours, but were meant to be: ``consentcor.issuer``."""
    for key, entry in entries.items():
        first, dot, _ = key.partition(".")
        if dot and first != PREFIX[:-1] and nearest(first.lower(), [PREFIX[:-1]]):
            known = nearest(key, keys_of(CoreSettings, PREFIX))
            source.problems.append(f"{entry.origin}: {key}: unknown setting{known}")


def _plugins(source: Source) -> tuple[Registry | None, list[str]]:
    """Load the plugins first, since their keys may be what an unknown one was meant to be; and their problems, which
    are told last."""
    before, source.problems = source.problems, []
    registry = Registry.load(source)
    found, source.problems = source.problems, before
    return registry, found


def _load(source: Source, environ: Mapping[str, str], listen: str) -> LoadedConfig:
    override(source, environ)
    registry, of_plugins = _plugins(source)
    core_keys = [key for key in source.entries if not key.startswith(PLUGIN_PREFIX)]
    unknown_keys(source, core_keys, keys_of(CoreSettings, PREFIX), source.plugin_keys)
    check_keys(source)
    settings = bind(CoreSettings, PREFIX, source)
    if settings is not None:
        check(settings, source)
    source.problems += of_plugins
    if source.problems or settings is None or registry is None:
        raise ConfigurationError(source.problems)
    for warning in source.warnings:
        log.warning("%s", warning)
    return LoadedConfig(settings, registry, source, listen, tuple(source.warnings))
