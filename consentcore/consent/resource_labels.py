"""What an owner calls the sites, meters and devices that they have chosen: grants and events know only their ids."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from consentcore.domain.errors import DirectoryUnavailable
from consentcore.domain.text import one_line

if TYPE_CHECKING:
    from collections.abc import Collection

    from consentcore.domain.owner import Owner
    from consentcore.hooks.resource_directories import Directories
    from consentcore.ports.storage import Storage

log = logging.getLogger("consentcore.resources")


def labels_of(directories: Directories, owner: Owner, references: Collection[str]) -> dict[str, str]:
    """Names by reference, on one line each, of those that the directories know today as this owner's; none of what
    stands for everything.

    Where one cannot be asked there are none: whoever shows them gives a number instead of names.
    """
    if not references or not directories:
        return {}
    try:
        found = directories.describe(owner, references)
    except DirectoryUnavailable as error:
        log.error("%s was not told what things are called: %s", owner.owner_id, error)
        return {}
    return {one: one_line(said.label) for one, said in found.items()}


def labels_for(
    storage: Storage, directories: Directories, owner_id: str, references: Collection[str]
) -> dict[str, str]:
    """The same for who knows the owner's id only. Outside any transaction while the directories are asked.

    :raises StorageError: when the owner cannot be read.
    """
    if not references or not directories:
        return {}
    with storage.reading() as uow:
        owner = uow.owners.get(owner_id)
    return labels_of(directories, owner, references) if owner else {}
