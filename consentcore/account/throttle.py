"""How often mails may be asked for, counted by all processes together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consentcore.domain.address import network_of
from consentcore.domain.clock import HOUR, window_left_s
from consentcore.domain.secret import digest

if TYPE_CHECKING:
    from consentcore.ports.storage import CounterStorage


@dataclass(frozen=True)
class MailThrottle:
    """Limits for an hour. Keys hold hashes: the counters name neither people nor addresses.

    :param per_account: mails to one mailbox. :param per_address: requests from one network address.
    """

    counters: CounterStorage
    per_account: int
    per_address: int

    def address_waits(self, remote_addr: str, now: int) -> int:
        """Count a request from an address; 0, or the seconds until it may ask again."""
        hits = self.counters.hit(_name("from", network_of(remote_addr)), now, HOUR)
        return window_left_s(now, HOUR) if hits > self.per_address else 0

    def mailbox_is_full(self, email: str, now: int) -> bool:
        """Count a mail to a mailbox; whether it got enough for now. Links that it has stay good."""
        return self.counters.hit(_name("to", email), now, HOUR) > self.per_account


def _name(kind: str, text: str) -> str:
    return f"account-mail:{kind}:{digest(text).hex()[:32]}"
