"""Mails notices to data owners and the operator with SES's ``SendEmail`` (API version 2), as raw messages."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

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
    check_sender,
)
from consentcore_ses.settings import SesSettings
from consentcore_ses.verdicts import refusal, unreachable

if TYPE_CHECKING:
    from email.message import EmailMessage

CONNECT_S = 5.0
REGION = r"[a-z0-9]+(-[a-z0-9]+)*"
"""What boto3 takes for one; it would say so with the first mail only."""


class SesNotifier(MailNotifier):
    """:class:`consentcore.api.Notifier` through Amazon SES.

    :raises ConfigurationError: when boto3 is not installed or the sender is no address.
    """

    def __init__(self, settings: SesSettings, clock: Clock) -> None:
        super().__init__(sender=settings.sender, retry_schedule_s=settings.retry_schedule_s, clock=clock)
        self._settings = settings
        self._lock = threading.Lock()
        self._made: Any = None
        _check(settings)

    def hand_on(self, message: EmailMessage, _envelope: Envelope) -> Outcome:
        from botocore.exceptions import BotoCoreError, ClientError

        recipient = message["To"].addresses[0].addr_spec
        if not recipient.isascii():
            return Reject("SES takes no address with letters beyond ASCII before the @", error="message")
        request: dict[str, Any] = {
            "FromEmailAddress": str(message["From"]),
            "Destination": {"ToAddresses": [recipient]},
            "Content": {"Raw": {"Data": message.as_bytes()}},
        }
        if self._settings.configuration_set:
            request["ConfigurationSetName"] = self._settings.configuration_set
        try:
            answer = self._client().send_email(**request)
        except ClientError as error:
            return refusal(error.response, recipient)
        except BotoCoreError as error:
            return unreachable(error)
        return Delivered(200, answer.get("MessageId", ""))

    def check(self) -> Sequence[Retry]:
        """Ask SES about the account and the sender, without sending anything."""
        from botocore.exceptions import BotoCoreError

        from consentcore_ses.account import problems

        try:
            found = problems(
                self._client(), check_sender(self._settings.sender), self._settings.configuration_set
            )
        except BotoCoreError as error:
            return [unreachable(error)]
        return [Retry(one, operator=True) for one in found]

    def _client(self) -> Any:
        """The client, made once: it may be used by any thread, making it may not."""
        with self._lock:
            if self._made is None:
                import boto3
                from botocore.config import Config

                config = Config(
                    connect_timeout=min(CONNECT_S, self._settings.timeout_s),
                    read_timeout=self._settings.timeout_s,
                    retries={"total_max_attempts": 1},  # the worker's schedule is the one that counts
                )
                session = boto3.session.Session(region_name=self._settings.region)
                self._made = session.client("sesv2", config=config)
            return self._made


def _check(settings: SesSettings) -> None:
    problems = []
    if find_spec("boto3") is None:
        problems.append("consentcore.notifiers: ses needs boto3: pip install 'consentcore[aws]'")
    try:
        check_sender(settings.sender)
    except InvalidInput as error:
        problems.append(f"consentcore.plugin.ses.{error}")
    if not re.fullmatch(REGION, settings.region):
        problems.append("consentcore.plugin.ses.region: expected an AWS region, such as eu-west-1")
    if problems:
        raise ConfigurationError(problems)
