"""Opening an interaction, and the several openings of one pushed request (RFC 9126).

What all openings share stands under a name of its own, belongs to no browser and is used up with the answer; each
browser has an opening besides, which is found again when it comes back with the same ``request_uri``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from consentcore.domain.errors import StorageError
from consentcore.domain.secret import INTERACTION, digest, mint, shape

if TYPE_CHECKING:
    from consentcore.domain.interaction import Interaction
    from consentcore.oauth.messages import Pending
    from consentcore.ports.storage import Storage
    from consentcore.web.session import Browser

SHARED = digest("shared by all openings")
"""Stands where an interaction has the mark of its browser."""


def open_interaction(storage: Storage, interaction: Interaction, pending: Pending, browser: Browser) -> str:
    """Store it; what it is called in addresses.

    :param interaction: all but its hash.
    :raises StorageError: nothing was stored.
    """
    if not pending.shared:
        return _store(storage, interaction, mint(INTERACTION))
    if pending.opened:
        interaction = replace(interaction, expires_at=pending.opened.expires_at)
    else:
        _store(storage, replace(interaction, session_hash=SHARED, owner_id=""), pending.shared)
    mine = shape(INTERACTION, digest(f"{pending.shared}|{browser.mark.hex()}"))
    return _store_once(storage, interaction, f"{mine}.{pending.shared}")


def take_standing(storage: Storage, pending: Pending) -> bool:
    """Use a pushed request up that is to be answered at once, if it was opened before; False when somebody else
    was faster. One that was not is used up by having been taken."""
    if not pending.opened:
        return True
    with storage.transaction() as uow:
        return uow.interactions.consume(digest(pending.shared))


def _store(storage: Storage, interaction: Interaction, name: str) -> str:
    storage.protocol.open_interaction(replace(interaction, interaction_hash=digest(name)))
    return name


def _store_once(storage: Storage, interaction: Interaction, name: str) -> str:
    """The same browser may open it in two tabs at once."""
    if _stands(storage, name):
        return name
    try:
        return _store(storage, interaction, name)
    except StorageError:
        if _stands(storage, name):
            return name
        raise


def _stands(storage: Storage, name: str) -> bool:
    with storage.reading() as uow:
        return uow.interactions.get(digest(name)) is not None
