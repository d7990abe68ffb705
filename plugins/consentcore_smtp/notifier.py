"""Mails notices to data owners and the operator."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from typing import TYPE_CHECKING

from consentcore.api import (
    Clock,
    ConfigurationError,
    Delivered,
    Envelope,
    InvalidInput,
    MailNotifier,
    Outcome,
    Reject,
    Retry,
    ascii_host,
    check_sender,
)
from consentcore_smtp.connections import Connections
from consentcore_smtp.settings import SmtpSettings
from consentcore_smtp.verdicts import failure

if TYPE_CHECKING:
    from email.message import EmailMessage


class SmtpNotifier(MailNotifier):
    """:class:`consentcore.api.Notifier` through an SMTP server (RFC 5321).

    :raises ConfigurationError: when the sender is no address or the certificates are not there.
    """

    def __init__(self, settings: SmtpSettings, clock: Clock) -> None:
        super().__init__(sender=settings.sender, retry_schedule_s=settings.retry_schedule_s, clock=clock)
        self._settings = settings
        self._connections = Connections(settings)
        _check(settings)

    def hand_on(self, message: EmailMessage, _envelope: Envelope) -> Outcome:
        sender, recipient = message["From"].addresses[0].addr_spec, message["To"].addresses[0].addr_spec
        try:
            self._connections.send(message, sender, recipient)
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            return failure(error, recipient)
        return Delivered(250)

    def check(self) -> Sequence[Retry]:
        """Connect, encrypt, sign in and name the sender, as for a mail, without sending one."""
        try:
            self._connections.try_out(check_sender(self._settings.sender))
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            outcome, where = failure(error, ""), f"{self._settings.host}:{self._settings.port}"
            operator = isinstance(outcome, Reject) or outcome.operator
            said = f"{where}: {outcome.reason}"
            return [Retry(said, status=outcome.status, answer=outcome.answer, operator=operator)]
        return ()


def _check(settings: SmtpSettings) -> None:
    problems = []
    try:
        check_sender(settings.sender)
    except InvalidInput as error:
        problems.append(f"consentcore.plugin.smtp.{error}")
    try:
        ascii_host(settings.host)
    except ValueError as error:
        problems.append(f"consentcore.plugin.smtp.host: expected {error}")
    if settings.ca_file and not settings.ca_file.is_file():
        problems.append(f"consentcore.plugin.smtp.ca_file: expected a file, {settings.ca_file} is none")
    elif settings.ca_file:
        try:
            ssl.create_default_context(cafile=str(settings.ca_file))
        except OSError:
            problems.append(
                f"consentcore.plugin.smtp.ca_file: expected certificates (PEM) in {settings.ca_file}"
            )
    for name, value in (("username", settings.username), ("password", settings.password.reveal())):
        if "\0" in value:  # RFC 4616 section 2
            problems.append(f"consentcore.plugin.smtp.{name}: expected a text without NUL")
    if problems:
        raise ConfigurationError(problems)
