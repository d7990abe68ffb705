"""The key ring that a configuration names: opened, or made where there is none yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from consentcore.domain.errors import ConfigurationError, StorageError
from consentcore.keys import create_key_file, key_file, open_key_ring

if TYPE_CHECKING:
    from pathlib import Path

    from consentcore.config import LoadedConfig
    from consentcore.domain.clock import Clock
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.storage import Storage


def key_ring(config: LoadedConfig, clock: Clock | None = None) -> KeyRing:
    """Open the key ring of a configuration.

    :raises ConfigurationError: when it is not there or not in order, with file and line of the setting.
    """
    source = config.source
    entry = source.entries.get("consentcore.keys")
    folder = entry.folder if entry else source.folder
    with blaming_keys(config):
        return open_key_ring(config.settings.keys, config.registry, folder, source.environ or None, clock)


@contextmanager
def blaming_keys(config: LoadedConfig) -> Iterator[None]:
    """Say of every problem where ``consentcore.keys`` is set."""
    try:
        yield
    except ConfigurationError as error:
        where = config.source.where("consentcore.keys")
        raise ConfigurationError([f"{where}: {line}" for line in error.problems]) from error


def make_missing_keys(config: LoadedConfig, storage: Callable[[], Storage]) -> Path | None:
    """Make the key file that a configuration names, if it names one that does not exist.

    :param storage: opens it, by the keys that were made.
    :returns: the path when one was made, else None.
    :raises ConfigurationError: when the storage holds what only the lost keys can verify; no file was made then.
    """
    setting = config.settings.keys
    if setting.startswith(("env:", "provider:")):
        return None
    entry = config.source.entries["consentcore.keys"]
    path = key_file(setting, entry.folder)
    if path.exists() or not create_key_file(path):
        return None
    if _has_evidence(storage()):
        path.unlink()
        problem = f"there is no file {path}, but the storage holds consents made with it; bring it back from its copy"
        raise ConfigurationError([f"{entry.origin}: consentcore.keys: {problem}"])
    return path


def _has_evidence(storage: Storage) -> bool:
    try:
        with storage.reading() as uow:
            return bool(uow.grants.all(limit=1))
    except StorageError:  # there is none yet, or it has no tables
        return False
