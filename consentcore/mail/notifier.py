"""What every notifier that sends mail does alike."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

from consentcore.domain.clock import Clock
from consentcore.domain.notice import Outcome, Reject
from consentcore.mail.mime import mail_message, mail_targets

if TYPE_CHECKING:
    from email.message import EmailMessage

    from consentcore.ports.notifier import Envelope


class MailNotifier(ABC):
    """A :class:`~consentcore.ports.notifier.Notifier` for mail: whom to tell and how the message is made is known here,
    what is left is to hand it on.

    :param sender: for the From header, see :func:`~consentcore.mail.mime.check_sender`.
    :param retry_schedule_s: waits after the first, second, … failed try, in seconds.
    :param clock: for the Date header.
    """

    def __init__(self, *, sender: str, retry_schedule_s: Sequence[float], clock: Clock) -> None:
        self.sender = sender
        self.retry_schedule_s = retry_schedule_s
        self._clock = clock

    def targets(self, envelope: Envelope) -> Sequence[str]:
        """See :func:`~consentcore.mail.mime.mail_targets`."""
        return mail_targets(envelope)

    def send(self, envelope: Envelope, target: str) -> Outcome:
        """Make the message and hand it on; a ``Reject`` where there can be none."""
        message = mail_message(envelope, target, sender=self.sender, now=self._clock.now())
        return message if isinstance(message, Reject) else self.hand_on(message, envelope)

    @abstractmethod
    def hand_on(self, message: EmailMessage, envelope: Envelope) -> Outcome:
        """Try once to bring a message on its way, bounded to 30 s.

        :param message: complete; ``From`` and ``To`` have one address each.
        :param envelope: what it was made of.
        """
