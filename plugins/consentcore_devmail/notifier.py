"""Writes notices as mail files."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from consentcore.api import (
    Clock,
    ConfigurationError,
    Delivered,
    Envelope,
    InvalidInput,
    MailNotifier,
    Outcome,
    Retry,
    check_sender,
    make_folder,
    private_file,
)
from consentcore_devmail.settings import DevmailSettings

if TYPE_CHECKING:
    from email.message import EmailMessage


class DevmailNotifier(MailNotifier):
    """:class:`consentcore.api.Notifier` into a folder: one ``.eml`` file for each message, whatever happens.

    :raises ConfigurationError: when the sender is no address.
    """

    def __init__(self, settings: DevmailSettings, clock: Clock) -> None:
        super().__init__(sender=settings.sender, retry_schedule_s=settings.retry_schedule_s, clock=clock)
        self._settings = settings
        try:
            check_sender(settings.sender)
        except InvalidInput as error:
            raise ConfigurationError([f"consentcore.plugin.devmail.{error}"]) from error

    def hand_on(self, message: EmailMessage, envelope: Envelope) -> Outcome:
        # The same message gets the same name, so that telling twice is not two mails.
        digest = hashlib.sha256(message["Message-ID"].encode()).hexdigest()[:12]
        name = f"{envelope.notice.occurred_at}-{digest}.eml"
        try:
            _write(self._settings.dir, name, message.as_bytes())
        except OSError:
            return Retry("the folder cannot be written to", error="disk")
        return Delivered()


def _write(folder: Path, name: str, content: bytes) -> None:
    make_folder(folder, 0o700)
    part = folder / f".{name}.{os.getpid()}"
    private_file(part)  # a link that resets a password stands in it
    part.write_bytes(content)
    part.replace(folder / name)
