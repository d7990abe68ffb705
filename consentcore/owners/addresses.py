"""Data owners and their addresses: an address is one owner's, and with another one every link to the old one ends.

Every way to make or move an owner comes through here: a command, a page, a link, a provider's account.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from consentcore.domain.errors import InvalidInput
from consentcore.domain.event_kinds import NoticeKind
from consentcore.owners.links import Purpose
from consentcore.owners.notices import tell_owner

if TYPE_CHECKING:
    from consentcore.domain.owner import Owner
    from consentcore.ports.transactions import UnitOfWork


class AddressTaken(InvalidInput):
    """An address that is another owner's."""

    def __init__(self, address: str) -> None:
        super().__init__("email", f"expected an address that is not taken; {address} is")


def add_owner(uow: UnitOfWork, owner: Owner) -> None:
    """Store a new owner.

    :param owner: with an address as :func:`consentcore.mailbox.normalise_email` writes it.
    :raises InvalidInput: field ``email``, when the address is another owner's.
    :raises StorageConflict: when it became another owner's at the same moment.
    """
    check_free(uow, owner.email)
    uow.owners.add(owner)


def move_owner(uow: UnitOfWork, owner: Owner, address: str, now: int, *, tell_old: bool = True) -> Owner:
    """Give an owner another address that is certainly theirs, tell them, and end every link that went to the old one.

    :param address: as :func:`consentcore.mailbox.normalise_email` writes it.
    :param now: milliseconds since the epoch.
    :param tell_old: the old address is told too, for a while; not where it never was theirs.
    :returns: the owner as stored.
    :raises InvalidInput: field ``email``, when the address is another owner's; nothing was written then.
    :raises StorageConflict: when it became another owner's at the same moment.
    """
    check_free(uow, address)
    uow.tickets.drop(owner.owner_id, tuple(Purpose))
    previous = owner.email if tell_old else ""
    moved = replace(owner, email=address, previous_email=previous, email_changed_at=now)
    uow.owners.update(moved)
    tell_owner(uow, NoticeKind.EMAIL_CHANGED, owner.owner_id, now)
    return moved


def check_free(uow: UnitOfWork, address: str) -> None:
    """:raises AddressTaken: when somebody has this address."""
    if uow.owners.by_email(address) is not None:
        raise AddressTaken(address)
