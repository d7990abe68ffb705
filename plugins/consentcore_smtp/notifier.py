"""Mails notices to data owners and the operator."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence

from consentcore.api import (
    Clock,
    ConfigurationError,
    Delivered,
    Envelope,
    InvalidInput,
    Outcome,
    Reject,
    Retry,
    ascii_host,
    check_sender,
    mail_message,
    mail_targets,
)
from consentcore_smtp.connections import Connections
from consentcore_smtp.settings import SmtpSettings


class SmtpNotifier:
    """:class:`consentcore.api.Notifier` through an SMTP server (RFC 5321).

    :raises ConfigurationError: when the sender is no address or the certificates are not there.
    """

    def __init__(self, settings: SmtpSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._connections = Connections(settings)
        _check(settings)

    @property
    def retry_schedule_s(self) -> Sequence[float]:
        return self._settings.retry_schedule_s

    def targets(self, envelope: Envelope) -> Sequence[str]:
        return mail_targets(envelope)

    def send(self, envelope: Envelope, target: str) -> Outcome:
        message = mail_message(envelope, target, sender=self._settings.sender, now=self._clock.now())
        if isinstance(message, Reject):
            return message
        sender, recipient = message["From"].addresses[0].addr_spec, message["To"].addresses[0].addr_spec
        try:
            self._connections.send(message, sender, recipient)
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            return failure(error, recipient)
        return Delivered(250)


def failure(error: Exception, recipient: str) -> Outcome:
    """What an error means for the message: only the server's final no to this mail ends it."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, text = next(iter(error.recipients.values()))
        return _refused("recipient", code, text, recipient)
    if isinstance(error, smtplib.SMTPDataError):
        return _refused("message", error.smtp_code, error.smtp_error, recipient)
    if isinstance(error, smtplib.SMTPResponseException):
        answer = _clean(error.smtp_error, recipient)
        return Retry(
            "the server refused us, not the message", status=error.smtp_code, error="smtp", answer=answer
        )
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Retry(f"the server lacks something: {error}", error="smtp")
    if isinstance(error, ssl.SSLError):
        return Retry("no trusted encrypted connection to the mail server", error="tls")
    # smtplib turns a wait that was too long into a lost connection.
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return Retry("the mail server did not answer in time", error="timeout")
    if isinstance(error, UnicodeError):
        return Reject("the address cannot be written in mail", error="message")
    return Retry("the mail server could not be reached", error="connect")


def _refused(what: str, code: int, text: bytes | str, recipient: str) -> Outcome:
    answer = _clean(text, recipient)
    if 500 <= code < 600:
        return Reject(f"the server refused the {what} for good", status=code, error="smtp", answer=answer)
    return Retry(f"the server refused the {what} for now", status=code, error="smtp", answer=answer)


def _clean(text: bytes | str, recipient: str) -> str:
    """The server's words without the address, which has no place in a delivery log."""
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return words.replace(recipient, "…")


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
    if problems:
        raise ConfigurationError(problems)
