"""From the setting ``consentcore.keys`` to a key ring."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from consentcore.domain.errors import ConfigurationError
from consentcore.keys.file import parse, read_key_file
from consentcore.keys.ring import Keys, MasterKey
from consentcore.keys.watched import WatchedKeys

if TYPE_CHECKING:
    from consentcore.domain.clock import Clock
    from consentcore.ports.keys import KeyProvider


class KeyProviders(Protocol):
    """What gives key providers by name: the plugin registry."""

    def key_provider(self, name: str) -> KeyProvider: ...


_END_OF_TIMES = 2**53
"""What ends a time in milliseconds that is one."""


def open_key_ring(
    setting: str,
    registry: KeyProviders | None = None,
    base_dir: Path | None = None,
    environ: Mapping[str, str] | None = None,
    clock: Clock | None = None,
) -> Keys:
    """Open what ``consentcore.keys`` names: a file (``PATH`` or ``file:PATH``), ``env:NAME``, ``provider:NAME``.

    A file is read again when it changes; the others are asked once.

    :param base_dir: where relative paths start.
    :raises ConfigurationError: when there is none, or it is not in order; keys are never shown.
    """
    try:
        if not setting.startswith(("env:", "provider:")):
            return WatchedKeys(key_file(setting, base_dir), clock)
        return Keys(read_master_keys(setting, registry, base_dir, environ), clock)
    except ValueError as error:
        raise ConfigurationError([f"consentcore.keys: {error}"]) from None


def read_master_keys(
    setting: str,
    registry: KeyProviders | None = None,
    base_dir: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Sequence[MasterKey]:
    """The master keys that a setting of that kind names, newest first.

    :raises ConfigurationError: see above.
    """
    if setting.startswith("provider:"):
        if registry is None:
            raise ConfigurationError([f"consentcore.keys: {setting} needs the plugins to be loaded"])
        given = registry.key_provider(setting.removeprefix("provider:")).master_keys()
        return [_given(key) for key in given]
    if setting.startswith("env:"):
        name = setting[4:]
        text = (os.environ if environ is None else environ).get(name, "")
        if not text.strip():
            raise ConfigurationError(
                [f"consentcore.keys: expected the environment variable {name} to be set"]
            )
        return parse(text, f"environment variable {name}")
    return read_key_file(key_file(setting, base_dir))


def _given(key: object) -> MasterKey:
    """A key as a provider gives it.

    :raises ValueError: when it is none, without a word of what it is.
    """
    parts = key if isinstance(key, tuple | list) else ()
    if (
        not 2 <= len(parts) <= 4
        or not isinstance(parts[0], str)
        or not isinstance(parts[1], bytes | bytearray)
    ):
        raise ValueError("expected of its provider an id, 32 bytes and perhaps two times for each key")
    times = [*parts[2:], 0, 0]
    if not all(isinstance(time, int | float) and 0 <= time < _END_OF_TIMES for time in times):
        raise ValueError(f"expected of its provider milliseconds since 1970 as times of key {parts[0]!r}")
    return MasterKey(parts[0], bytes(parts[1]), used_from=int(times[0]), revoked_at=int(times[1]))


def key_file(setting: str, base_dir: Path | None = None) -> Path:
    """The file that a setting of that kind names.

    :raises ConfigurationError: when it names none.
    """
    if setting.startswith(("env:", "provider:")):
        instead = "name the one that it is made from: CONSENTCORE_KEYS=FILE consentcore -c INI keys rotate"
        raise ConfigurationError([f"consentcore.keys: expected a file, {setting} is none; {instead}"])
    return (base_dir or Path.cwd()) / Path(setting.removeprefix("file:")).expanduser()
