"""Links in mails that may be used once, and what is stored of them.

The secret in a link is a keyed hash of a random ticket id. The store has the id (in the notice that the worker
makes the mail from) and the SHA-256 of the secret (the ticket), so neither it nor a copy of it opens anything.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import quote

from consentcore.domain.notice_facts import LinkFacts
from consentcore.domain.secret import TICKET, digest, shape

if TYPE_CHECKING:
    from consentcore.ports.keys import KeyRing
    from consentcore.ports.transactions import UnitOfWork


class Purpose(StrEnum):
    """What a link is good for."""

    PASSWORD_RESET = "password_reset"
    EMAIL_OLD = "email_old"
    EMAIL_NEW = "email_new"


EMAIL_PURPOSES = (Purpose.EMAIL_OLD, Purpose.EMAIL_NEW)

_PAGES = {
    Purpose.PASSWORD_RESET: "/account/reset/new",
    Purpose.EMAIL_OLD: "/account/email/confirm",
    Purpose.EMAIL_NEW: "/account/email/confirm",
}


@dataclass(frozen=True, slots=True)
class Link:
    """What the secret of a link is computed from; no secret itself."""

    purpose: Purpose
    ticket_id: str
    key_id: str

    @classmethod
    def new(cls, purpose: Purpose, keys: KeyRing) -> Link:
        """A link that was not there before."""
        return cls(purpose, secrets.token_hex(16), keys.current_id)

    @classmethod
    def of(cls, facts: LinkFacts) -> Link:
        """Undo :attr:`facts`."""
        return cls(Purpose(facts.purpose), facts.ticket_id, facts.key_id)

    @property
    def facts(self) -> LinkFacts:
        """As a notice's data and a ticket's payload have it."""
        return LinkFacts(self.purpose.value, self.ticket_id, self.key_id)

    def secret(self, keys: KeyRing) -> str:
        """What the link carries.

        :raises KeyUnavailable: when the ring lacks the key.
        """
        data = f"{self.purpose.value}|{self.ticket_id}".encode()
        return shape(TICKET, keys.mac("ticket", data, self.key_id))

    def hash(self, keys: KeyRing) -> bytes:
        """What its ticket is stored under."""
        return digest(self.secret(keys))

    def url(self, keys: KeyRing, web_url: str) -> str:
        """The whole link. In the query, because no log of ours keeps queries."""
        return f"{web_url.rstrip('/')}{_PAGES[self.purpose]}?t={quote(self.secret(keys), safe='')}"


@dataclass(frozen=True, slots=True)
class AccountLinkMail:
    """What the mail with a link needs besides its notice.

    :ivar url: the link, a secret.
    :ivar until: when it runs out, in ms.
    :ivar new_email: the address that an owner
        wants to move to; "" where the link is about something else.
    """

    url: str
    until: int
    new_email: str = ""

    def __repr__(self) -> str:
        return "AccountLinkMail(***)"


def find_link_mail(
    uow: UnitOfWork, keys: KeyRing, web_url: str, facts: LinkFacts, now: int
) -> AccountLinkMail | None:
    """Find what the mail of an account notice needs; None when its link is no longer good."""
    link = Link.of(facts)
    ticket = uow.tickets.get(link.hash(keys), now)
    if ticket is None or ticket.used_at is not None:
        return None
    new_email = json.loads(ticket.payload)["email"] if ticket.payload else ""
    return AccountLinkMail(link.url(keys, web_url), ticket.expires_at, new_email)
