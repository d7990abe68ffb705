"""How often mails may be asked for, counted by all processes together.

Whoever asks has limits of their own, far below that of the mailbox that they name: a stranger uses up their own, not
the mailbox's. Each kind of mail is counted for itself, so that none stands in the way of another: a change of address
that names somebody costs that somebody no link for a forgotten password.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from consentcore.domain.address import network_of
from consentcore.domain.clock import HOUR, window_left_s
from consentcore.domain.secret import digest

if TYPE_CHECKING:
    from consentcore.ports.counters import CounterStorage
    from consentcore.ports.storage import Storage
    from consentcore.settings import AccountSettings


class MailPurpose(StrEnum):
    """What a mail is asked for."""

    RESET = "reset"
    EMAIL_CHANGE = "email_change"


@dataclass(frozen=True)
class MailThrottle:
    """Limits of one kind of mail for an hour. Keys hold hashes: the counters name neither people nor addresses.

    :param per_asker: mails to one mailbox that one network address, or one signed-in account, may ask for.
    :param per_mailbox: mails to one mailbox, whoever asks.
    :param per_address: requests from one network address.
    """

    counters: CounterStorage
    purpose: MailPurpose
    per_asker: int
    per_mailbox: int
    per_address: int

    @classmethod
    def of(cls, storage: Storage, purpose: MailPurpose, settings: AccountSettings) -> MailThrottle:
        """The pace of one kind of mails about accounts."""
        return cls(
            storage.counters,
            purpose,
            per_asker=settings.mails_per_account,
            per_mailbox=max(settings.mails_per_account, settings.mails_per_mailbox),
            per_address=settings.mails_per_address,
        )

    def account_waits(self, mailbox: str, owner_id: str, remote_addr: str, now: int) -> int:
        """Count a mail to a mailbox that a signed-in account asks for; 0, or the seconds until there may be more."""
        seconds = self.address_waits(remote_addr, now)
        full = self.account_is_full(owner_id, now) or self.is_full(mailbox, owner_id, now)
        return seconds or (window_left_s(now, HOUR) if full else 0)

    def address_waits(self, remote_addr: str, now: int) -> int:
        """Count a request from an address; 0, or the seconds until it may ask again."""
        full = self._hit(now, "from", network_of(remote_addr)) > self.per_address
        return window_left_s(now, HOUR) if full else 0

    def is_full(self, mailbox: str, asker: str, now: int) -> bool:
        """Count a mail to a mailbox; whether it got enough for now. Links that it has stay good.

        What the asker has no right to any more does not count against the mailbox.

        :param asker: the network address, or the account, that asks.
        """
        if self._hit(now, "by", asker, mailbox) > self.per_asker:
            return True
        return self._hit(now, "to", mailbox) > self.per_mailbox

    def account_is_full(self, owner_id: str, now: int) -> bool:
        """Count a mail that a signed-in account asks for, to whatever mailbox; whether it had enough for now."""
        return self._hit(now, "account", owner_id) > self.per_asker

    def _hit(self, now: int, *name: str) -> int:
        hashed = digest("\x1f".join((self.purpose, *name))).hex()[:32]
        return self.counters.hit(f"account-mail:{hashed}", now, HOUR)
