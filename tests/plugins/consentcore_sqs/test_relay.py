"""The relay to SQS, on moto."""

from __future__ import annotations

import json

import boto3
import pytest

from consentcore.api import Audience, ConfigurationError, Delivered, NoticeKind, PluginKind, Retry
from consentcore.testing import FakeEnvelope, ManualClock, NotifierConformance, factories
from consentcore_sqs import SqsSettings, consentcore_notifier, consentcore_plugin
from tests.support.sinks import Answer, http_sink

REGION = "eu-west-1"
NOWHERE = "http://127.0.0.1:1"


def create(name: str, **attributes: str) -> str:
    return boto3.client("sqs", REGION).create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]


@pytest.fixture(scope="module")
def kept(aws):
    """A queue and a relay to it: making either costs more than most tests."""
    url = create("consents.fifo", FifoQueue="true")
    return url, make(url)


@pytest.fixture
def queue(kept):
    messages(kept[0])  # and away with them
    return kept[0]


@pytest.fixture
def relay(kept, queue):
    return kept[1]


def make(url: str, **settings):
    return consentcore_notifier(SqsSettings(queue_url=url, region=REGION, **settings), ManualClock())


def messages(url: str) -> list[dict]:
    client, found = boto3.client("sqs", REGION), []
    while True:
        some = client.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"], MessageAttributeNames=["All"]
        ).get("Messages")
        if not some:
            return found
        for one in some:
            client.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
        found += some


class TestConformance(NotifierConformance):
    capabilities = frozenset({"network", "readback"})

    @pytest.fixture
    def notifier(self, relay):
        return relay

    @pytest.fixture
    def broken_notifier(self, aws, monkeypatch):
        return self.outside(monkeypatch, NOWHERE)

    @pytest.fixture
    def hanging_notifier(self, aws, monkeypatch, silent_port):
        return self.outside(monkeypatch, f"http://127.0.0.1:{silent_port}", timeout_s=0.2)

    @pytest.fixture
    def told(self, queue):
        return lambda: [json.loads(one["Body"])["id"] for one in messages(queue)]

    @staticmethod
    def outside(monkeypatch, endpoint: str, **settings):
        """A relay to a real port, where moto does not listen."""
        monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", endpoint)
        return make(f"{endpoint}/1/consents.fifo", **settings)


def envelope(**fields) -> FakeEnvelope:
    body = {"type": "consent.granted", "version": "2026-11-01", "data": {"grant_id": "g", "sequence": 1}}
    return FakeEnvelope(body=json.dumps(body).encode(), **fields)


def test_message_is_the_payload_with_its_id_in_the_group_of_its_grant(queue, relay):
    sent = envelope()
    outcome = relay.send(sent, "queue")
    (message,) = messages(queue)
    assert outcome == Delivered(200, message["MessageId"])
    assert json.loads(message["Body"]) == {"id": sent.notice.notice_id, **json.loads(sent.body)}
    attributes = message["Attributes"]
    assert attributes["MessageGroupId"] == sent.notice.grant_id
    assert attributes["MessageDeduplicationId"] == sent.notice.notice_id
    assert message["MessageAttributes"]["type"]["StringValue"] == "consent.granted"


def test_second_try_within_five_minutes_is_one_message(queue, relay):
    sent = envelope()
    assert [type(relay.send(sent, "queue")) for _ in range(2)] == [Delivered, Delivered]
    assert len(messages(queue)) == 1


def test_plain_queue_has_no_groups(aws):
    url = create("consents")
    relay = make(url)
    for _ in range(2):
        assert isinstance(relay.send(envelope(), "queue"), Delivered)
    assert len(messages(url)) == 2


def test_only_what_applications_are_told_is_relayed(relay):
    grant = factories.grant("owner-1", "client-1")
    for kind, audience in (
        (NoticeKind.SECURITY, Audience.OPERATOR),
        (NoticeKind.PASSWORD_RESET, Audience.OWNER),
        (NoticeKind.TEST, Audience.CLIENT),
    ):
        silent = factories.notice(grant, kind=kind, audiences=(audience,))
        assert relay.targets(envelope(notice=silent)) == []


def test_queue_that_is_gone_is_waited_for(aws):
    outcome = make(f"https://sqs.{REGION}.amazonaws.com/123456789012/gone").send(envelope(), "queue")
    assert (type(outcome), outcome.error) == (Retry, "sqs")
    assert "NonExistentQueue" in outcome.answer


def test_each_try_is_one_request(aws, monkeypatch):
    """The worker's schedule is the one that counts, not the library's."""
    with http_sink(contract=False) as sink:
        sink.answer = Answer(500)
        outcome = TestConformance.outside(monkeypatch, sink.url("")).send(envelope(), "queue")
    assert (type(outcome), outcome.status) == (Retry, 500)
    assert len(sink.received) == 1


def test_missing_boto3_stops_the_start_and_says_what_to_install(monkeypatch):
    monkeypatch.setattr("consentcore_sqs.relay.find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match=r"pip install 'consentcore\[aws\]'"):
        make("https://sqs.eu-west-1.amazonaws.com/1/q")


@pytest.mark.parametrize(
    "url", ["consents", "sqs.eu-west-1.amazonaws.com/1/q", "https://sqs", "https://sqs/a b"]
)
def test_a_queue_and_a_region_that_are_none_stop_the_start_together(url):
    with pytest.raises(ConfigurationError) as caught:
        consentcore_notifier(SqsSettings(queue_url=url, region="eu west"), ManualClock())
    queue, region = caught.value.problems
    assert queue.startswith("consentcore.plugin.sqs.queue_url: expected the queue's URL, such as https://")
    assert region == "consentcore.plugin.sqs.region: expected an AWS region, such as eu-west-1"


def test_plugin_says_who_it_is():
    info = consentcore_plugin()
    assert (info.name, info.kind, info.settings) == ("sqs", PluginKind.NOTIFIER, SqsSettings)
