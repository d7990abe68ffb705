"""Webhooks against a real HTTP server, checked with the library that receivers use."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from base64 import b64decode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from consentcore.api import (
    Audience,
    ConfigurationError,
    Delivered,
    EgressPolicy,
    EndpointView,
    Gone,
    NoticeKind,
    PluginKind,
    Retry,
    SystemClock,
)
from consentcore.testing import FakeEnvelope, ManualClock, NotifierConformance, factories
from consentcore_webhook import WebhookSettings, consentcore_notifier, consentcore_plugin
from consentcore_webhook.notifier import WebhookNotifier, retry_after_s
from tests.support.certificates import make_certificate
from tests.support.sinks import Answer, http_sink

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLD = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
BODY = '{"type":"consent.granted","name":"Käse"}'.encode()


@pytest.fixture
def sink():
    with http_sink(contract=False) as made:
        yield made


def make(**settings):
    options = {"allow_networks": ("127.0.0.0/8",), "timeout_s": 5.0, **settings}
    return consentcore_notifier(WebhookSettings(**options), SystemClock())


def envelope(sink, *secrets: str, events: tuple[str, ...] = (), **changes) -> FakeEnvelope:
    endpoint = EndpointView("ep_1", sink.url(), events, secrets or (SECRET,))
    return FakeEnvelope(endpoints=(endpoint,), **{"body": BODY, "delivery_id": "dlv_1", **changes})


class TestConformance(NotifierConformance):
    capabilities = frozenset({"network", "readback"})

    @pytest.fixture
    def notifier(self):
        return make()

    @pytest.fixture
    def broken_notifier(self, sink):
        return make(timeout_s=0.2)

    @pytest.fixture
    def hanging_notifier(self, silent_port):
        return make(timeout_s=0.2)

    @pytest.fixture
    def told(self, sink):
        return lambda: [got.headers["webhook-id"] for got in sink.received]

    @pytest.fixture
    def envelope(self, sink, request):
        made, url = envelope(sink), sink.url()
        if "broken_notifier" in request.fixturenames:
            url = "http://127.0.0.1:1/hook"
        elif "silent_port" in request.fixturenames:
            url = f"http://127.0.0.1:{request.getfixturevalue('silent_port')}/hook"
        return replace(made, endpoints=(replace(made.endpoints[0], url=url),))


class TestRequest:
    def test_92_receivers_library_believes_it(self, sink):
        assert make().send(envelope(sink, attempt=3), "ep_1") == Delivered(204)
        (got,) = sink.received
        assert Webhook(SECRET).verify(got.body, got.headers) == json.loads(BODY)
        assert got.body == BODY
        with pytest.raises(WebhookVerificationError):
            Webhook(OLD).verify(got.body, got.headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(got.body + b" ", got.headers)

    def test_headers(self, sink):
        sent, before = envelope(sink, attempt=3), int(time.time())
        make().send(sent, "ep_1")
        headers = sink.received[0].headers
        assert headers["webhook-id"] == sent.notice.notice_id
        assert before <= int(headers["webhook-timestamp"]) <= time.time()
        assert headers["content-type"] == "application/json"
        assert headers["user-agent"].startswith("consentcore-webhooks/")
        assert (headers["consentcore-delivery"], headers["consentcore-attempt"]) == ("dlv_1", "3")

    def test_92_signature_is_that_of_the_specification(self, sink):
        make().send(envelope(sink), "ep_1")
        headers = sink.received[0].headers
        text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + BODY
        expected = hmac.new(b64decode(SECRET.removeprefix("whsec_")), text, hashlib.sha256).digest()
        version, _, signature = headers["webhook-signature"].partition(",")
        assert (version, b64decode(signature)) == ("v1", expected)

    def test_92_every_live_secret_signs(self, sink):
        make().send(envelope(sink, SECRET, OLD), "ep_1")
        (got,) = sink.received
        assert len(got.headers["webhook-signature"].split(" ")) == 2
        for secret in (SECRET, OLD):
            Webhook(secret).verify(got.body, got.headers)

    def test_92_each_try_has_the_same_id_and_its_own_time(self, sink):
        clock = ManualClock()
        notifier = consentcore_notifier(WebhookSettings(allow_networks=("127.0.0.0/8",)), clock)
        notifier.send(envelope(sink), "ep_1")
        clock.advance(5_000)
        notifier.send(envelope(sink), "ep_1")
        first, second = (got.headers for got in sink.received)
        assert int(second["webhook-timestamp"]) == int(first["webhook-timestamp"]) + 5
        assert first["webhook-timestamp"] == str(factories.NOW // 1000)
        assert first["webhook-signature"] != second["webhook-signature"]

    @pytest.mark.parametrize("secrets", [(), ("whsec_",), ("whsec_a",)])
    def test_unusable_secret_waits_for_a_better_one(self, sink, secrets):
        sent = replace(envelope(sink), endpoints=(EndpointView("ep_1", sink.url(), (), secrets),))
        outcome = make().send(sent, "ep_1")
        assert isinstance(outcome, Retry)
        assert outcome.error == "key"
        assert sink.received == []


class TestOutcome:
    @pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
    def test_93_a_2xx_is_delivered(self, sink, status):
        sink.answer = Answer(status, body=b"" if status == 204 else b"thanks")
        assert isinstance(make().send(envelope(sink), "ep_1"), Delivered)

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_93_redirect_is_a_failure_and_not_followed(self, sink, status):
        sink.answers["/hook"] = Answer(status, {"Location": sink.url("/other")})
        outcome = make().send(envelope(sink), "ep_1")
        assert isinstance(outcome, Retry)
        assert outcome.status == status
        assert [got.path for got in sink.received] == ["/hook"]

    @pytest.mark.parametrize("status", [400, 401, 404, 409, 500, 502])
    def test_93_other_answers_are_failures(self, sink, status):
        sink.answer = Answer(status, body=b"sorry")
        outcome = make().send(envelope(sink), "ep_1")
        assert outcome == Retry(
            f"the endpoint answered {status}", status=status, error="http", answer="sorry"
        )

    def test_93_a_410_is_gone(self, sink):
        sink.answer = Answer(410)
        assert make().send(envelope(sink), "ep_1") == Gone("the endpoint answered 410", 410)

    @pytest.mark.parametrize("status", [429, 503])
    def test_93_wish_of_the_endpoint_is_handed_on(self, sink, status):
        sink.answer = Answer(status, {"Retry-After": "120"})
        assert make().send(envelope(sink), "ep_1").after_s == 120

    def test_93_silence_is_a_timeout(self, sink):
        sink.answer = Answer(delay_s=20)
        outcome = make(timeout_s=0.2).send(envelope(sink), "ep_1")
        assert (type(outcome), outcome.error, outcome.status) == (Retry, "timeout", None)

    def test_nobody_there(self, sink):
        dead = EndpointView("ep_1", "http://127.0.0.1:1/", (), (SECRET,))
        outcome = make().send(replace(envelope(sink), endpoints=(dead,)), "ep_1")
        assert (type(outcome), outcome.error) == (Retry, "connect")

    def test_95_inner_address_is_blocked_unless_allowed(self, sink):
        outcome = make(allow_networks=()).send(envelope(sink), "ep_1")
        assert (type(outcome), outcome.error) == (Retry, "blocked_address")
        assert sink.received == []

    def test_endpoint_that_was_taken_away_is_gone(self, sink):
        outcome = make().send(replace(envelope(sink), endpoints=()), "ep_1")
        assert isinstance(outcome, Gone)

    def test_answer_is_cut(self, sink):
        sink.answer = Answer(500, body=b"\xff" * 5000)
        assert make().send(envelope(sink), "ep_1").answer == "�" * 1024


class TestTargets:
    @pytest.mark.parametrize(
        ("events", "kind", "told"),
        [
            ((), NoticeKind.GRANTED, True),
            (("consent.granted",), NoticeKind.GRANTED, True),
            (("consent.revoked", "consent.expired"), NoticeKind.GRANTED, False),
            (("consent.revoked", "consent.expired"), NoticeKind.EXPIRED, True),
            (("consent.revoked",), NoticeKind.TEST, True),
        ],
    )
    def test_endpoint_gets_what_it_asked_for(self, sink, events, kind, told):
        made = envelope(sink, events=events)
        made = replace(made, notice=replace(made.notice, kind=kind))
        assert list(make().targets(made)) == (["ep_1"] if told else [])

    def test_every_endpoint_is_a_target(self, sink):
        made = envelope(sink)
        second = replace(made.endpoints[0], endpoint_id="ep_2")
        assert list(make().targets(replace(made, endpoints=(*made.endpoints, second)))) == ["ep_1", "ep_2"]

    def test_notice_for_the_operator_is_none_of_the_clients_business(self, sink):
        made = envelope(sink)
        made = replace(made, notice=replace(made.notice, audiences=(Audience.OPERATOR,)))
        assert list(make().targets(made)) == []


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("0", 0), (" 90 ", 90), ("", None), ("soon", None), ("-5", None), ("1.5", None), ("９", None)],
)
def test_retry_after_in_seconds(value, seconds):
    assert retry_after_s(value, factories.NOW) == seconds


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("9" * 20, 999_999_999),
        ("9" * 6000, 999_999_999),
        ("-" + "9" * 20, None),
        ("1e400", None),
        ("inf", None),
        ("nan", None),
        ("\xb2", None),
        ("5\x00", None),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("Mon, 99999999999999999999 Jan 2026 00:00:00 GMT", None),
        ("Mon, 01 Jan 2026 99999999999999999999:00:00 GMT", None),
        ("Mon, 01 Jan 2026 00:00:00 +99999999999999999999", None),
        ("Mon, 30 Feb 2026 00:00:00 GMT", None),
        ("Mon, 01 Jan 0001 00:00:00 +2359", 0),
    ],
)
def test_retry_after_without_bounds_is_no_error(value, seconds):
    """RFC 9110 section 10.2.3: delay-seconds is digits only; what names no time is ignored."""
    assert retry_after_s(value, factories.NOW) == seconds


@pytest.mark.parametrize("value", ["9" * 6000, "Mon, 01 Jan 99999999999999999999 00:00:00 GMT", "\xb2"])
def test_an_endpoint_that_asks_for_eternity_is_tried_again_on_schedule(sink, value):
    sink.answer = Answer(503, {"Retry-After": value})
    outcome = make().send(envelope(sink), "ep_1")
    assert (type(outcome), outcome.status) == (Retry, 503)


def test_retry_after_as_a_date():
    now = datetime(2026, 11, 18, 10, 0, tzinfo=UTC)
    ms = round(now.timestamp() * 1000)
    later = format_datetime(now + timedelta(minutes=2), usegmt=True)
    assert retry_after_s(later, ms) == pytest.approx(120)
    assert retry_after_s(format_datetime(now - timedelta(days=1), usegmt=True), ms) == 0


def test_plugin_says_who_it_is():
    info = consentcore_plugin()
    assert (info.name, info.kind, info.settings) == ("webhook", PluginKind.NOTIFIER, WebhookSettings)


def test_default_schedule_is_ten_tries_in_three_days():
    schedule = make().retry_schedule_s
    assert len(schedule) == 9
    assert sum(schedule) == 75 * 3600 + 35 * 60 + 5


def test_bad_network_stops_the_start():
    with pytest.raises(ConfigurationError) as caught:
        make(allow_networks=("10.0.0.1/8",))
    assert caught.value.problems[0].startswith("consentcore.plugin.webhook.allow_networks: expected networks")


class TestEncrypted:
    """The whole way over https, with the certificate checked by name."""

    @pytest.fixture
    def certificate(self, tmp_path):
        return make_certificate(tmp_path, "localhost", "127.0.0.1")

    def notifier(self, trusted=None):
        settings = WebhookSettings(allow_networks=("127.0.0.0/8", "::1/128"), timeout_s=5.0)
        egress = EgressPolicy(allow_networks=settings.allow_networks, timeout_s=5.0, tls=trusted)
        return WebhookNotifier(settings, SystemClock(), egress)

    def deliver(self, sink, notifier):
        sent = envelope(sink)
        endpoint = replace(sent.endpoints[0], url=sink.url(scheme="https"))
        return notifier.send(replace(sent, endpoints=(endpoint,)), "ep_1")

    def test_92_trusted_receiver_gets_it(self, certificate):
        with http_sink(certificate.server, contract=False) as sink:
            assert self.deliver(sink, self.notifier(certificate.client)) == Delivered(204)
            (got,) = sink.received
        assert Webhook(SECRET).verify(got.body, got.headers) == json.loads(BODY)

    def test_95_receiver_that_nobody_vouches_for_gets_nothing(self, certificate):
        with http_sink(certificate.server, contract=False) as sink:
            outcome = self.deliver(sink, self.notifier())
            assert sink.received == []
        assert (type(outcome), outcome.error) == (Retry, "tls")
