"""Writes notices as mail files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from consentcore.api import (
    Clock,
    ConfigurationError,
    Delivered,
    Envelope,
    InvalidInput,
    Outcome,
    Reject,
    Retry,
    check_sender,
    mail_message,
    mail_targets,
    make_folder,
    private_file,
)
from consentcore_devmail.settings import DevmailSettings


class DevmailNotifier:
    """:class:`consentcore.api.Notifier` into a folder: one ``.eml`` file for each message, whatever happens.

    :raises ConfigurationError: when the sender is no address.
    """

    def __init__(self, settings: DevmailSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        try:
            check_sender(settings.sender)
        except InvalidInput as error:
            raise ConfigurationError([f"consentcore.plugin.devmail.{error}"]) from error

    @property
    def retry_schedule_s(self) -> Sequence[float]:
        return self._settings.retry_schedule_s

    def targets(self, envelope: Envelope) -> Sequence[str]:
        return mail_targets(envelope)

    def send(self, envelope: Envelope, target: str) -> Outcome:
        message = mail_message(envelope, target, sender=self._settings.sender, now=self._clock.now())
        if isinstance(message, Reject):
            return message
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
