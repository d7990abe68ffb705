"""What every notifier that sends mail does alike."""

from __future__ import annotations

from dataclasses import replace

from consentcore.api import Delivered, Mail, MailNotifier, Reject
from consentcore.testing import ManualClock
from consentcore.testing.fakes import FakeEnvelope

SENDER = "Lumen <consent@lumen.example>"


class Kept(MailNotifier):
    """Keeps what it is to hand on."""

    def __init__(self) -> None:
        super().__init__(sender=SENDER, retry_schedule_s=(1.0, 5.0), clock=ManualClock())
        self.messages = []

    def hand_on(self, message, envelope):
        self.messages.append((message, envelope))
        return Delivered(250)


def test_a_message_is_made_and_handed_on():
    notifier, envelope = Kept(), FakeEnvelope()
    (target,) = notifier.targets(envelope)
    assert notifier.send(envelope, target) == Delivered(250)
    ((message, of),) = notifier.messages
    assert of is envelope
    assert message["From"] == SENDER
    assert message["To"] == envelope.mail(envelope.notice.audiences[0]).to
    assert message["X-Consentcore-Event"] == envelope.notice.notice_id
    assert list(notifier.retry_schedule_s) == [1.0, 5.0]


def test_whoever_has_no_address_any_more_gets_a_reject_and_no_message():
    notifier, envelope = Kept(), replace(FakeEnvelope(), owner=None, recipients={})
    assert notifier.targets(envelope) == []
    assert notifier.send(envelope, "owner") == Reject("there is no address any more")
    assert notifier.messages == []


def test_a_message_that_cannot_be_made_is_rejected(monkeypatch):
    bad = Mail("ada@example.org\r\nBcc: eve@example.org", "Hello", "Text", "<p>Text</p>", "<n@x.example>")
    monkeypatch.setattr(FakeEnvelope, "mail", lambda *_: bad)
    notifier = Kept()
    outcome = notifier.send(FakeEnvelope(), "owner")
    assert isinstance(outcome, Reject)
    assert "the message cannot be made: To" in outcome.reason
    assert notifier.messages == []
