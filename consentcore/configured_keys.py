"""The key ring that a configuration names: opened, or made where there is none yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from consentcore.domain.errors import ConfigurationError, StorageError
from consentcore.domain.files import make_folder
from consentcore.keys import create_key_file, key_file, key_file_turn, open_key_ring

if TYPE_CHECKING:
    from pathlib import Path

    from consentcore.config import LoadedConfig
    from consentcore.domain.clock import Clock
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.storage import Storage
    from consentcore.ports.transactions import UnitOfWork


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


@contextmanager
def missing_keys(config: LoadedConfig, storage: Callable[[], Storage]) -> Iterator[Path | None]:
    """Make the key file that a configuration names, if it names one that does not exist, while the storage is migrated.

    When the block raises, the file goes again: of a storage that does not answer nobody knows what it holds.

    :param storage: opens it, by the keys that were made.
    :returns: the path when one was made, else None.
    :raises ConfigurationError: when the storage holds what the lost keys have sealed; no file was made then.
    """
    path = _file_of(config)
    if path is None:
        yield None
        return
    # Another one that begins meanwhile finds the file of this one when it is there for good, or none.
    with key_file_turn(path):
        if path.exists() or not create_key_file(path):
            yield None
            return
        try:
            _refuse_lost_keys(config, path, storage())
            yield path
            _refuse_lost_keys(config, path, storage())  # one of an older version is readable only now
        except BaseException:
            path.unlink(missing_ok=True)
            raise


def _file_of(config: LoadedConfig) -> Path | None:
    setting = config.settings.keys
    if setting.startswith(("env:", "provider:")):
        return None
    path = key_file(setting, config.source.entries["consentcore.keys"].folder)
    if not path.exists():
        make_folder(path.parent)  # turns are taken by it
    return path


def _refuse_lost_keys(config: LoadedConfig, path: Path, storage: Storage) -> None:
    """Demand a storage in which nobody has sealed anything.

    :raises ConfigurationError: there is something.
    """
    kinds: tuple[Callable[[UnitOfWork], object], ...] = (
        lambda uow: uow.grants.all(limit=1),
        lambda uow: uow.owners.list(limit=1),
        lambda uow: uow.clients.list(limit=1),
    )
    if any(_has_some(storage, of_kind) for of_kind in kinds):
        entry = config.source.entries["consentcore.keys"]
        problem = (
            f"there is no file {path}, but the storage holds what was made with it (consents, people or applications); "
            "bring it back from its copy"
        )
        raise ConfigurationError([f"{entry.origin}: consentcore.keys: {problem}"])


def _has_some(storage: Storage, of_kind: Callable[[UnitOfWork], object]) -> bool:
    """Each kind is asked for by itself: of a storage of an older version some may be readable, and others not."""
    try:
        with storage.reading() as uow:
            return bool(of_kind(uow))
    except StorageError:  # it has no such table yet; one that does not answer is not migrated either
        return False
