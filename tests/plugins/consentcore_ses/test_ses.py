"""Mail through SES, on moto."""

from __future__ import annotations

import email
import email.policy

import boto3
import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from consentcore.api import Audience, ConfigurationError, Delivered, PluginKind, Reject, Retry
from consentcore.testing import FakeEnvelope, ManualClock, NotifierConformance
from consentcore_ses import SesSettings, consentcore_notifier, consentcore_plugin
from consentcore_ses.verdicts import refusal
from tests.support.sinks import Answer, http_sink

REGION = "eu-west-1"
SENDER = "Lumen Énergie <consent@lumen.example>"


@pytest.fixture(scope="module")
def kept(aws):
    """A notifier: making its client costs more than most tests."""
    return make()


@pytest.fixture
def verified(aws):
    """SES in which our domain is verified and nothing was sent yet."""
    ses_backends[DEFAULT_ACCOUNT_ID][REGION].reset()
    boto3.client("sesv2", REGION).create_email_identity(EmailIdentity="lumen.example")


def make(**settings):
    return consentcore_notifier(
        SesSettings(**{"region": REGION, "sender": SENDER, **settings}), ManualClock()
    )


def sent() -> list:
    """What moto keeps of the raw messages."""
    kept = ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages
    return [
        (one.destinations, email.message_from_string(one.raw_data, policy=email.policy.default))
        for one in kept
    ]


class TestConformance(NotifierConformance):
    capabilities = frozenset({"account_mail", "network", "readback"})

    @pytest.fixture
    def notifier(self, kept, verified):
        return kept

    @pytest.fixture
    def broken_notifier(self, aws, monkeypatch):
        return self.outside(monkeypatch, "http://127.0.0.1:1")

    @pytest.fixture
    def hanging_notifier(self, aws, monkeypatch, silent_port):
        return self.outside(monkeypatch, f"http://127.0.0.1:{silent_port}", timeout_s=0.2)

    @pytest.fixture
    def told(self, verified):
        return lambda: [message["X-Consentcore-Event"] for _, message in sent()]

    @staticmethod
    def outside(monkeypatch, endpoint: str, **settings):
        """A notifier that asks a real port, where moto does not listen."""
        monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", endpoint)
        return make(**settings)


class TestSending:
    def test_mail_arrives_whole(self, verified):
        envelope = FakeEnvelope()
        outcome = make().send(envelope, "owner")
        assert isinstance(outcome, Delivered)
        assert outcome.answer
        ((recipients, message),) = sent()
        assert "ada@example.org" in str(recipients)
        assert message["From"].addresses[0].display_name == "Lumen Énergie"
        assert message["To"] == "ada@example.org"
        assert message["Message-ID"] == f"<{envelope.notice.notice_id}.owner@consent.example>"
        assert message["Auto-Submitted"] == "auto-generated"
        assert "<p>" in message.get_body(("html",)).get_content()
        assert message.get_body(("plain",)).get_content().startswith("consent.granted")

    def test_client_is_made_once(self, verified, monkeypatch):
        made, real = [], boto3.session.Session
        monkeypatch.setattr("boto3.session.Session", lambda **more: made.append(more) or real(**more))
        notifier = make()
        for _ in range(3):
            assert isinstance(notifier.send(FakeEnvelope(), "owner"), Delivered)
        assert made == [{"region_name": REGION}]

    def test_configuration_set_is_named(self, verified, monkeypatch):
        asked = self.asking(monkeypatch, notifier := make(configuration_set="bounces"))
        notifier.send(FakeEnvelope(), "owner")
        assert asked[0]["ConfigurationSetName"] == "bounces"
        assert set(asked[0]) == {"FromEmailAddress", "Destination", "Content", "ConfigurationSetName"}

    def test_without_one_none_is_named(self, verified, monkeypatch):
        asked = self.asking(monkeypatch, notifier := make())
        notifier.send(FakeEnvelope(), "owner")
        assert "ConfigurationSetName" not in asked[0]

    @staticmethod
    def asking(monkeypatch, notifier) -> list[dict]:
        asked: list[dict] = []

        class Client:
            def send_email(self, **request):
                asked.append(request)
                return {"MessageId": "1"}

        monkeypatch.setattr(notifier, "_made", Client())
        return asked

    def test_96_header_cannot_be_smuggled_in(self, verified):
        evil = FakeEnvelope(recipients={Audience.OWNER: "ada@example.org\r\nBcc: eve@example.org"})
        assert isinstance(make().send(evil, "owner"), Reject)
        assert sent() == []

    def test_address_that_ses_cannot_write_is_said_at_once(self, verified):
        outcome = make().send(FakeEnvelope(recipients={Audience.OWNER: "größe@example.org"}), "owner")
        assert (type(outcome), outcome.error) == (Reject, "message")
        assert "größe" not in repr(outcome)


class TestRefusals:
    def test_each_try_is_one_request(self, aws, monkeypatch):
        """The worker's schedule is the one that counts, not the library's."""
        with http_sink(contract=False) as sink:
            sink.answer = Answer(500)
            outcome = TestConformance.outside(monkeypatch, sink.url("")).send(FakeEnvelope(), "owner")
        assert (type(outcome), outcome.status) == (Retry, 500)
        assert len(sink.received) == 1

    def test_sender_that_nobody_verified_is_the_operators_to_mend(self, kept):
        ses_backends[DEFAULT_ACCOUNT_ID][REGION].reset()
        outcome = kept.send(FakeEnvelope(), "owner")
        assert (type(outcome), outcome.error) == (Retry, "ses")
        assert "MessageRejected" in outcome.answer

    @pytest.mark.parametrize(
        ("code", "kind"),
        [
            ("MessageRejected", Reject),
            ("BadRequestException", Reject),
            ("TooManyRequestsException", Retry),
            ("ThrottlingException", Retry),
            ("LimitExceededException", Retry),
            ("SendingPausedException", Retry),
            ("AccountSuspendedException", Retry),
            ("MailFromDomainNotVerifiedException", Retry),
            ("NotFoundException", Retry),
            ("AccessDeniedException", Retry),
            ("ExpiredTokenException", Retry),
            ("InternalServiceErrorException", Retry),
            ("SomethingNew", Retry),
        ],
    )
    def test_only_a_verdict_on_the_message_ends_it(self, code, kind):
        response = {
            "Error": {"Code": code, "Message": "no <ada@example.org>"},
            "ResponseMetadata": {"HTTPStatusCode": 400},
        }
        outcome = refusal(response, "ada@example.org")
        assert (type(outcome), outcome.status, outcome.error) == (kind, 400, "ses")
        assert outcome.answer == f"{code}: no <…>"

    def test_no_credentials_are_the_operators_to_mend(self, monkeypatch, tmp_path):
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            monkeypatch.setenv(name, str(tmp_path / "none"))
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        outcome = make().send(FakeEnvelope(), "owner")
        assert (type(outcome), outcome.reason) == (Retry, "SES could not be asked: NoCredentialsError")


class TestWhoseFault:
    """Only a word against the recipient's address is final; the rest is for the operator, or passes."""

    @pytest.mark.parametrize(
        ("code", "message", "kind", "operators"),
        [
            (
                "MessageRejected",
                "Email address is not verified. The following failed: ada@example.org",
                Retry,
                True,
            ),
            ("MessageRejected", "Transaction failed: virus", Retry, True),
            ("MessageRejected", "Address blacklisted.", Reject, None),
            ("BadRequestException", "Illegal address", Reject, None),
            ("BadRequestException", "Local address contains control or whitespace", Reject, None),
            ("BadRequestException", "Domain contains illegal character", Reject, None),
            ("BadRequestException", "Missing required header 'From'.", Retry, True),
            ("AccountSuspendedException", "x", Retry, True),
            ("SendingPausedException", "x", Retry, True),
            ("MailFromDomainNotVerifiedException", "x", Retry, True),
            ("NotFoundException", "Configuration set is not there", Retry, True),
            ("AccessDeniedException", "x", Retry, True),
            ("UnrecognizedClientException", "x", Retry, True),
            ("SignatureDoesNotMatch", "x", Retry, True),
            ("ExpiredTokenException", "x", Retry, True),
            ("LimitExceededException", "x", Retry, True),
            ("TooManyRequestsException", "Maximum sending rate exceeded.", Retry, False),
            ("TooManyRequestsException", "Daily message quota exceeded.", Retry, True),
            ("ThrottlingException", "Rate exceeded", Retry, False),
            ("InternalServiceErrorException", "x", Retry, False),
        ],
    )
    def test_errors_of_the_service(self, code, message, kind, operators):
        response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": 400}}
        outcome = refusal(response, "ada@example.org")
        assert type(outcome) is kind
        assert getattr(outcome, "operator", None) is operators
        assert "ada@example.org" not in repr(outcome)

    def test_an_answer_that_says_nothing_is_no_verdict_on_anybody(self):
        for response in ({}, {"Error": {}}, {"Error": {"Code": 7, "Message": None}}):
            assert type(refusal(response, "ada@example.org")) is Retry


class TestCheck:
    """What ``plugins check`` asks; nothing is sent."""

    @pytest.fixture
    def answers(self):
        """What SES answers, by operation; moto knows some of them only."""
        return {
            "get_account": {
                "SendingEnabled": True,
                "ProductionAccessEnabled": True,
                "SendQuota": {"Max24HourSend": 50000.0, "SentLast24Hours": 10.0},
            },
            "get_email_identity": {"VerifiedForSendingStatus": True},
            "get_configuration_set": {},
        }

    def check(self, monkeypatch, answers, **settings):
        notifier = make(**settings)

        class Client:
            def __getattr__(self, name):
                def ask(**_about):
                    if isinstance(answers[name], Exception):
                        raise answers[name]
                    return answers[name]

                return ask

        monkeypatch.setattr(notifier, "_made", Client())
        return [one.reason for one in notifier.check()]

    def refused(self, code, message="x"):
        from botocore.exceptions import ClientError

        return ClientError({"Error": {"Code": code, "Message": message}}, "Ask")

    def test_good_account_is_in_order(self, monkeypatch, answers):
        assert self.check(monkeypatch, answers, configuration_set="bounces") == []

    def test_sender_of_a_verified_domain_is_in_order_with_the_real_library(self, verified, monkeypatch):
        notifier = make()
        monkeypatch.setattr(notifier._client(), "get_account", dict)  # moto does not know it
        backend = ses_backends[DEFAULT_ACCOUNT_ID][REGION]
        backend.email_identities["lumen.example"].verified_for_sending_status = True
        assert list(notifier.check()) == []
        ses_backends[DEFAULT_ACCOUNT_ID][REGION].reset()
        (problem,) = notifier.check()
        assert problem.reason == "the sender consent@lumen.example is not verified in SES, nor is its domain"
        assert problem.operator
        assert sent() == []

    def test_what_keeps_mails_back_is_said(self, monkeypatch, answers):
        answers["get_account"] = {
            "SendingEnabled": False,
            "ProductionAccessEnabled": False,
            "SendQuota": {"Max24HourSend": 200.0, "SentLast24Hours": 200.0},
        }
        answers["get_email_identity"] = {"VerifiedForSendingStatus": False}
        answers["get_configuration_set"] = self.refused("NotFoundException", "no such set")
        assert self.check(monkeypatch, answers, configuration_set="bounces") == [
            "sending is paused for this account and region",
            "the account is in the sandbox of SES: only verified addresses can be told",
            "the quota of 200 mails in 24 hours is used up",
            "the sender consent@lumen.example is not verified in SES, nor is its domain",
            "configuration set bounces: NotFoundException: no such set",
        ]

    def test_a_role_that_may_not_look_is_no_problem(self, monkeypatch, answers):
        answers = dict.fromkeys(answers, self.refused("AccessDeniedException"))
        assert self.check(monkeypatch, answers) == []

    def test_wrong_credentials_are_said_once(self, monkeypatch, answers):
        answers = dict.fromkeys(answers, self.refused("UnrecognizedClientException", "bad token"))
        assert self.check(monkeypatch, answers)[0] == "UnrecognizedClientException: bad token"

    def test_nobody_there_may_pass(self, aws, monkeypatch):
        (one,) = TestConformance.outside(monkeypatch, "http://127.0.0.1:1").check()
        assert (one.error, one.operator) == ("connect", False)


class TestSettings:
    def test_missing_boto3_and_a_bad_sender_stop_the_start_together(self, monkeypatch):
        monkeypatch.setattr("consentcore_ses.notifier.find_spec", lambda name: None)
        with pytest.raises(ConfigurationError) as caught:
            make(sender="nobody")
        install, sender = caught.value.problems
        assert "pip install 'consentcore[aws]'" in install
        assert "consentcore.plugin.ses.sender" in sender

    @pytest.mark.parametrize("region", ["eu west 1", "eu_west_1", "EU-WEST-1!", "-1"])
    def test_a_region_that_is_none_stops_the_start(self, region):
        with pytest.raises(ConfigurationError) as caught:
            make(region=region)
        assert list(caught.value.problems) == [
            "consentcore.plugin.ses.region: expected an AWS region, such as eu-west-1"
        ]

    def test_plugin_says_who_it_is(self):
        info = consentcore_plugin()
        assert (info.name, info.kind, info.settings) == ("ses", PluginKind.NOTIFIER, SesSettings)

    def test_naming_it_does_not_load_boto3(self):
        import subprocess
        import sys

        script = (
            "import sys\n"
            "from consentcore_ses import SesSettings, consentcore_notifier\n"
            "consentcore_notifier(SesSettings(region='eu-west-1', sender='a@b.example'), None)\n"
            "print(sorted({'boto3', 'botocore'} & set(sys.modules)))"
        )
        run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        assert run.stdout.strip() == "[]"
