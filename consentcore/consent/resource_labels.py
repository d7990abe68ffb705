"""What an owner calls the sites, meters and devices that they have chosen: grants and events know only their ids."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from consentcore.domain.resource import split
from consentcore.domain.text import one_line
from consentcore.hooks.calling import call
from consentcore.hooks.errors import describe_exception

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from consentcore.domain.owner import Owner
    from consentcore.ports.extension import ResourceDirectory
    from consentcore.ports.storage import Storage

log = logging.getLogger("consentcore.resources")


def labels_of(
    directories: Sequence[ResourceDirectory], owner: Owner, references: Collection[str]
) -> dict[str, str]:
    """Names by reference (:mod:`consentcore.domain.resource`), on one line each, of those that the directories know
    today.

    One that cannot be asked is left out: whoever shows the rest gives a number instead of names.
    """
    wanted, found = {split(one): one for one in references}, dict[str, str]()
    for directory in directories if wanted else ():
        read = call(lambda asked=directory: list(asked.resources(owner)))  # type: ignore[misc]
        if read.error is not None:
            log.error(
                "%s was not told what things are called: %s", owner.owner_id, describe_exception(read.error)
            )
            continue
        for one in read.answer:
            # What an older release has stored says no kind.
            pairs = ((one.kind, one.resource_id), ("", one.resource_id))
            found |= {wanted[pair]: one_line(one.label) for pair in pairs if pair in wanted}
    return found


def labels_for(
    storage: Storage, directories: Sequence[ResourceDirectory], owner_id: str, references: Collection[str]
) -> dict[str, str]:
    """The same for who knows the owner's id only. Outside any transaction while the directories are asked.

    :raises StorageError: when the owner cannot be read.
    """
    if not references or not directories:
        return {}
    with storage.reading() as uow:
        owner = uow.owners.get(owner_id)
    return labels_of(directories, owner, references) if owner else {}
