"""What an account's owner does by mailed links: a new password, another address. Each change is told in the same
transaction."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from consentcore.domain.clock import SECOND
from consentcore.domain.errors import InvalidInput, LinkGone, NotFound
from consentcore.domain.event_kinds import NoticeKind
from consentcore.domain.notice_facts import AccountFacts, LinkFacts
from consentcore.domain.owner import Owner, OwnerTicket
from consentcore.domain.parties import Audience
from consentcore.domain.secret import TICKET, digest, looks_like
from consentcore.mailbox import normalise_email
from consentcore.owners.addresses import AddressTaken, move_owner
from consentcore.owners.links import EMAIL_PURPOSES, Link, Purpose
from consentcore.owners.notices import tell_owner

if TYPE_CHECKING:
    from consentcore.domain.clock import Clock
    from consentcore.owners.service import OwnerService
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.transactions import UnitOfWork
    from consentcore.settings import AccountSettings


class Confirmed(Enum):
    """What a confirmed link has led to: the other address has to confirm too, the address has changed, or it
    belongs to another account by now."""

    WAITING = "waiting"
    CHANGED = "changed"
    TAKEN = "taken"


@dataclass(frozen=True)
class AccountLinks:
    """Works on units of work that the caller commits; :class:`LinkGone` must end in a rollback.

    :ivar owners: has to keep passwords.
    """

    keys: KeyRing
    clock: Clock
    owners: OwnerService
    settings: AccountSettings

    def ask_reset(self, uow: UnitOfWork, email: str, *, silent: bool = False) -> None:
        """Send a link to whoever has this address; the same work is done when nobody has.

        :param silent: the mailbox got enough mails for now.
        """
        owner = None if silent else _find(uow, email)
        link = Link.new(Purpose.PASSWORD_RESET, self.keys)
        owner_id = owner.owner_id if owner else ""
        self._issue(uow, link, owner_id, self.settings.reset_link_ttl_s)
        if owner is None:
            # A statement for a statement: how long the answer takes must not tell whether there is an account.
            uow.owners.end_session(secrets.token_bytes(32))
            return
        self._tell(uow, NoticeKind.PASSWORD_RESET, owner_id, link)

    def find_reset(self, uow: UnitOfWork, secret: str) -> OwnerTicket:
        """The unused ticket of a reset link.

        :raises LinkGone: when it is no longer good.
        """
        return self._unused(uow, secret, (Purpose.PASSWORD_RESET,))

    def reset(self, uow: UnitOfWork, secret: str, password: str) -> None:
        """Set a password by a reset link, and end every session and every other link.

        :raises LinkGone: when it is no longer good.
        :raises InvalidInput: when the password is poor; nothing was
            written then.
        """
        ticket = self.find_reset(uow, secret)
        self.owners.set_password(uow, ticket.owner_id, password)
        if uow.tickets.use(ticket.ticket_hash, ticket.purpose, self.clock.now()) is None:
            raise LinkGone
        self.owners.password_changed(uow, ticket.owner_id)

    def ask_email_change(self, uow: UnitOfWork, owner: Owner, email: str) -> None:
        """Ask both addresses; a change asked for before is forgotten.

        Whether the new address belongs to another account is not said: it then just gets no mail.

        :raises InvalidInput: when it is no address, or the present one.
        """
        address = normalise_email(email)
        if address == owner.email:
            raise InvalidInput("email", "expected another address than the present one")
        uow.tickets.drop(owner.owner_id, EMAIL_PURPOSES)
        old = Link.new(Purpose.EMAIL_OLD, self.keys)
        new = replace(old, purpose=Purpose.EMAIL_NEW)
        for link, other in ((old, new), (new, old)):
            payload = json.dumps({"email": address, "other": asdict(other.facts)})
            self._issue(uow, link, owner.owner_id, self.settings.email_link_ttl_s, payload)
        self._tell(uow, NoticeKind.EMAIL_CHANGE, owner.owner_id, old)
        if uow.owners.by_email(address) is None:
            self._tell(uow, NoticeKind.EMAIL_CHANGE, owner.owner_id, new, Audience.OWNER_NEW)

    def find_confirmation(self, uow: UnitOfWork, secret: str) -> tuple[OwnerTicket, str]:
        """The unused ticket of a link to confirm, and the new address.

        :raises LinkGone: when it is not good.
        """
        ticket = self._unused(uow, secret, EMAIL_PURPOSES)
        return ticket, json.loads(ticket.payload)["email"]

    def confirm_email(self, uow: UnitOfWork, secret: str) -> Confirmed:
        """Note that one of the two addresses agrees; with the second the change takes effect.

        :raises LinkGone: when the link is no longer good.
        """
        ticket, address = self.find_confirmation(uow, secret)
        owner, now = uow.owners.lock(ticket.owner_id), self.clock.now()
        if owner is None or uow.tickets.use(ticket.ticket_hash, ticket.purpose, now) is None:
            raise LinkGone
        other = uow.tickets.get(
            Link.of(LinkFacts(**json.loads(ticket.payload)["other"])).hash(self.keys), now
        )
        if other is None or other.used_at is None:
            return Confirmed.WAITING
        try:
            move_owner(uow, owner, address, now)
        except AddressTaken:
            uow.tickets.drop(owner.owner_id, EMAIL_PURPOSES)
            return Confirmed.TAKEN
        return Confirmed.CHANGED

    def _issue(self, uow: UnitOfWork, link: Link, owner_id: str, ttl_s: int, payload: str = "") -> None:
        now = self.clock.now()
        ticket = OwnerTicket(
            link.hash(self.keys), link.purpose.value, owner_id, now, now + ttl_s * SECOND, payload
        )
        uow.tickets.add(ticket)

    def _unused(self, uow: UnitOfWork, secret: str, purposes: tuple[Purpose, ...]) -> OwnerTicket:
        if not looks_like(TICKET, secret):
            raise LinkGone
        found = uow.tickets.get(digest(secret), self.clock.now())
        if found is None or found.purpose not in purposes or found.used_at is not None or not found.owner_id:
            raise LinkGone
        return found

    def _tell(
        self,
        uow: UnitOfWork,
        kind: NoticeKind,
        owner_id: str,
        link: Link,
        audience: Audience = Audience.OWNER,
    ) -> None:
        facts = AccountFacts(link.facts)
        tell_owner(uow, kind, owner_id, self.clock.now(), facts=facts, audience=audience)


def _find(uow: UnitOfWork, email: str) -> Owner | None:
    try:
        return uow.owners.by_email(normalise_email(email))
    except (InvalidInput, NotFound):
        return None
