"""One message for each consent event: the payload of the webhook, and as ``id`` what stands in its header."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from consentcore.api import Audience, ConfigurationError, Delivered, Envelope, NoticeKind, Outcome, Retry

if TYPE_CHECKING:
    from consentcore_sqs import SqsSettings

TARGET = "queue"
REGION = r"[a-z0-9]+(-[a-z0-9]+)*"
"""What boto3 takes for one; it would say so with the first message only."""


class SqsRelay:
    """:class:`consentcore.api.Notifier` into a queue. Nothing personal is in the messages.

    :raises ConfigurationError: when boto3 is not installed, or the settings name no queue.
    """

    def __init__(self, settings: SqsSettings) -> None:
        _check(settings)
        self._settings = settings
        self._lock = threading.Lock()
        self._made: Any = None

    @property
    def retry_schedule_s(self) -> Sequence[float]:
        return self._settings.retry_schedule_s

    def targets(self, envelope: Envelope) -> Sequence[str]:
        told = Audience.CLIENT in envelope.notice.audiences and envelope.notice.kind is not NoticeKind.TEST
        return [TARGET] if told and envelope.body else []

    def send(self, envelope: Envelope, target: str) -> Outcome:  # noqa: ARG002 - there is only one target
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = self._client().send_message(**self._message(envelope))
        except ClientError as error:
            # Whatever it is, the message is sound: a queue that is gone or full, or a role, has to be mended.
            code = error.response.get("Error", {}).get("Code", "")
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            return Retry("SQS refused the message", status=status, error="sqs", answer=code)
        except BotoCoreError as error:
            return Retry(f"SQS could not be asked: {type(error).__name__}", error="connect")
        return Delivered(200, answer.get("MessageId", ""))

    def _message(self, envelope: Envelope) -> dict[str, Any]:
        notice = envelope.notice
        body = {"id": notice.notice_id, **json.loads(envelope.body)}
        message: dict[str, Any] = {
            "QueueUrl": self._settings.queue_url,
            "MessageBody": json.dumps(body, separators=(",", ":"), ensure_ascii=False),
            "MessageAttributes": {
                "id": {"DataType": "String", "StringValue": notice.notice_id},
                "type": {"DataType": "String", "StringValue": notice.kind.value},
            },
        }
        if self._settings.queue_url.endswith(".fifo"):
            message["MessageGroupId"] = notice.grant_id or notice.client_id
            message["MessageDeduplicationId"] = notice.notice_id
        return message

    def _client(self) -> Any:
        """The client, made once: it may be used by any thread, making it may not."""
        with self._lock:
            if self._made is None:
                import boto3
                from botocore.config import Config

                timeout_s = self._settings.timeout_s
                once = {"total_max_attempts": 1}  # the worker's schedule is the one that counts
                config = Config(connect_timeout=min(5.0, timeout_s), read_timeout=timeout_s, retries=once)
                session = boto3.session.Session(region_name=self._settings.region)
                self._made = session.client("sqs", config=config)
            return self._made


def _check(settings: SqsSettings) -> None:
    problems = []
    if find_spec("boto3") is None:
        problems.append("consentcore.notifiers: sqs needs boto3: pip install 'consentcore[aws]'")
    if not re.fullmatch(r"https?://[^/\s]+/\S+", settings.queue_url):
        expected = (
            "expected the queue's URL, such as https://sqs.eu-west-1.amazonaws.com/123456789012/consents.fifo"
        )
        problems.append(f"consentcore.plugin.sqs.queue_url: {expected}")
    if not re.fullmatch(REGION, settings.region):
        problems.append("consentcore.plugin.sqs.region: expected an AWS region, such as eu-west-1")
    if problems:
        raise ConfigurationError(problems)
