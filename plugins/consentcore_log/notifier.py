"""Lines of JSON about notices: identifiers and state, no names, no addresses, no free text."""

from __future__ import annotations

import errno
import fcntl
import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from consentcore.api import Clock, ConfigurationError, Delivered, Envelope, Outcome, Retry, iso, members_of

if TYPE_CHECKING:
    from consentcore_log import LogSettings

log = logging.getLogger("consentcore.notices")

TARGET = "log"
# Named one by one: what a later version adds to a notice does not get into logs by itself.
FACTS = (
    "event_type",
    "sequence",
    "state",
    "change",
    "scopes",
    "previous_scopes",
    "initiator",
    "reason",
    "expires_at",
)


class LogNotifier:
    """:class:`consentcore.api.Notifier` into a file or a logger. ``notice_id`` tells what came twice.

    :raises ConfigurationError: when the folder of the file is not there.
    """

    def __init__(self, settings: LogSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        if settings.file is not None and (settings.file.is_dir() or not settings.file.parent.is_dir()):
            problem = f"expected a file in a folder that is there, not {settings.file}"
            raise ConfigurationError([f"consentcore.plugin.log.file: {problem}"])
        if log.level == logging.NOTSET:
            log.setLevel(logging.INFO)

    @property
    def retry_schedule_s(self) -> Sequence[float]:
        return self._settings.retry_schedule_s

    def targets(self, envelope: Envelope) -> Sequence[str]:
        return [TARGET] if envelope.notice.audiences else []

    def send(self, envelope: Envelope, target: str) -> Outcome:  # noqa: ARG002 - there is only one target
        line = json.dumps(self._entry(envelope), separators=(",", ":"))
        if self._settings.file is None:
            log.info("%s", line)
            return Delivered()
        try:
            _append(self._settings.file, line)
        except OSError as error:
            return Retry(f"the file cannot be written to: {error.strerror}", error="disk")
        return Delivered()

    def _entry(self, envelope: Envelope) -> dict[str, object]:
        notice = envelope.notice
        facts = members_of(notice)
        entry: dict[str, object] = {
            "notice_id": notice.notice_id,
            "type": notice.kind.value,
            "occurred_at": iso(notice.occurred_at),
            "logged_at": iso(self._clock.now()),
            "attempt": envelope.attempt,
            "grant_id": notice.grant_id,
            "client_id": notice.client_id,
            "audiences": [audience.value for audience in notice.audiences],
            **{name: facts[name] for name in FACTS if name in facts},
        }
        if self._settings.owner_ids:
            entry["owner_id"] = notice.owner_id
        return entry


def _append(path: Path, line: str) -> None:
    """Append a whole line or nothing, whoever else writes.

    :raises OSError: when it was nothing.
    """
    data = f"{line}\n".encode()
    opened = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        before = os.fstat(opened).st_size
        if os.write(opened, data) != len(data):
            os.ftruncate(opened, before)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        os.close(opened)
