"""Data owners: created, found, moved, given a password; by the same call from a command and from a page."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from consentcore.domain.errors import InvalidInput, NotFound
from consentcore.domain.event_kinds import NoticeKind
from consentcore.domain.owner import Owner
from consentcore.mailbox import normalise_email
from consentcore.owners.addresses import add_owner, move_owner
from consentcore.owners.links import Purpose
from consentcore.owners.notices import tell_owner
from consentcore.ports.login import Authenticated, LoginAttempt, LoginOutcome, Refused
from consentcore.text_fields import MAX_NAME, line

if TYPE_CHECKING:
    from consentcore.domain.clock import Clock
    from consentcore.i18n import Languages
    from consentcore.ports.login import LoginProvider
    from consentcore.ports.transactions import UnitOfWork

MAX_LOCALE = 35
"""Characters of a language tag (RFC 5646 section 4.4.1)."""


@dataclass(frozen=True)
class NewOwner:
    """A data owner as somebody typed them.

    :ivar timezone: a name such as ``Europe/Paris``.
    """

    email: str
    name: str = ""
    locale: str = "en"
    timezone: str = "UTC"


@dataclass(frozen=True)
class OwnerService:
    """Works on units of work that the caller commits.

    :ivar passwords: the login plugin where it keeps passwords, else None.
    """

    clock: Clock
    passwords: LoginProvider | None

    def prepare(self, typed: NewOwner) -> Owner:
        """Check what somebody typed and make the owner of it; stores nothing.

        :raises InvalidInput: naming the member of :class:`NewOwner` that is wrong.
        """
        return Owner(
            owner_id=str(uuid.uuid4()),
            email=normalise_email(typed.email),
            created_at=self.clock.now(),
            name=line("name", typed.name, MAX_NAME),
            locale=line("locale", typed.locale, MAX_LOCALE, needed=True),
            timezone=_timezone(typed.timezone),
        )

    def add(self, uow: UnitOfWork, owner: Owner, password: str = "") -> None:
        """Store a new owner, with a password where passwords are kept.

        :raises InvalidInput: field ``email``, when the address is another owner's; ``password``, when
            it is poor, or none is kept.
        """
        add_owner(uow, owner)
        if self.passwords is not None or password:
            self.set_password(uow, owner.owner_id, password)

    def move(self, uow: UnitOfWork, owner: Owner, email: str, *, tell_old: bool = True) -> Owner:
        """Give an owner another address, after somebody has made sure who it is; see
        :func:`~consentcore.owners.addresses.move_owner`.

        :raises InvalidInput: field ``email``, when it is no address, or another owner's.
        """
        return move_owner(uow, owner, normalise_email(email), self.clock.now(), tell_old=tell_old)

    def choose_language(self, uow: UnitOfWork, owner_id: str, choice: str, languages: Languages) -> None:
        """Set the language in which an owner is answered and written to. Nobody is told of it.

        :param choice: the tag of a language that is offered, or :data:`~consentcore.i18n.ANY` to let the browser ask.
        :param languages: those that are offered.
        :raises InvalidInput: field ``language``, when it is neither; nothing was written then.
        :raises NotFound: when there is no such owner.
        """
        locale = languages.locale_of(choice)
        owner = uow.owners.lock(owner_id)
        if owner is None:
            raise NotFound("data owner", owner_id)
        uow.owners.update(replace(owner, locale=locale))

    def reauthenticate(self, owner: Owner, password: str, remote_addr: str) -> LoginOutcome:
        """Let somebody who is signed in prove once more who they are. Runs outside any transaction.

        :param remote_addr: the network address that they are at.
        """
        if self.passwords is None:
            return Refused()
        attempt = LoginAttempt(owner.email, password, remote_addr, self.clock.now())
        outcome = self.passwords.authenticate(attempt)
        if isinstance(outcome, Authenticated) and outcome.owner_id != owner.owner_id:
            return Refused()
        return outcome

    def change_password(self, uow: UnitOfWork, owner_id: str, password: str) -> int:
        """Set a password whose owner proved the old one, or asked for it on the telephone; ends every session and
        every link.

        :returns: how many sessions were ended.
        :raises InvalidInput: when the password is poor; nothing was written then.
        """
        self.set_password(uow, owner_id, password)
        return self.password_changed(uow, owner_id)

    def set_password(self, uow: UnitOfWork, owner_id: str, password: str) -> None:
        """Store a password and nothing else; where there was one, :meth:`password_changed` has to follow.

        :raises InvalidInput: field ``password``, when it is poor, or passwords are kept elsewhere; nothing was
            written then.
        """
        if self.passwords is None:
            raise InvalidInput("password", "expected none: the login plugin keeps no passwords")
        self.passwords.set_password(uow, owner_id, password)

    def password_changed(self, uow: UnitOfWork, owner_id: str) -> int:
        """What comes with every change of a password: sessions and links end, and the person is told.

        :returns: how many sessions were ended.
        """
        ended = uow.owners.end_sessions(owner_id)
        uow.tickets.drop(owner_id, tuple(Purpose))
        tell_owner(uow, NoticeKind.PASSWORD_CHANGED, owner_id, self.clock.now())
        return ended


def owner_of_address(uow: UnitOfWork, email: str) -> Owner:
    """The owner of an address, however it was typed. A function of its own, since it asks nothing of the login plugin.

    :raises InvalidInput: field ``email``, when it is none.
    :raises NotFound: when nobody has it.
    """
    address = normalise_email(email)
    owner = uow.owners.by_email(address)
    if owner is None:
        raise NotFound("data owner", address)
    return owner


def _timezone(name: str) -> str:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise InvalidInput("timezone", "expected a name such as Europe/Paris or UTC") from None
    return name
