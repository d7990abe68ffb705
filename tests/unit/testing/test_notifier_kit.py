"""Notifiers that answer or tell what they must not: each is refused by the test of the kit that is about it."""

from __future__ import annotations

import logging

import pytest

from consentcore.api import Delivered, Gone, NoticeKind, Reject, Retry
from consentcore.testing import NotifierConformance
from consentcore.testing.fakes import FakeEnvelope
from consentcore.testing.notifier_answers import PERSON

ROOM_URL = "https://chat.example/hooks/T0/B0/XXXXXXXXXXXX"


class Honest:
    """Keeps what it was told to send."""

    retry_schedule_s = (1.0, 60.0)

    def __init__(self):
        self.sent = []

    def targets(self, envelope):
        return ["room"] if envelope.notice.audiences else []

    def send(self, envelope, target):
        self.sent.append(
            f"{envelope.notice.kind}: {envelope.client and envelope.client.name} ({envelope.notice.notice_id})"
        )
        return Delivered(204)


class TestHonest(NotifierConformance):
    capabilities = frozenset({"messages"})

    @pytest.fixture
    def notifier(self):
        return Honest()

    @pytest.fixture
    def broken_notifier(self):
        return answering(lambda _: Retry("the room cannot be reached", error="connect"))()

    @pytest.fixture
    def messages(self, notifier):
        return lambda: notifier.sent


def answering(answer):
    class Answering(Honest):
        def send(self, envelope, target):
            return answer(envelope)

    return Answering


def telling(text):
    class Telling(Honest):
        def send(self, envelope, target):
            self.sent.append(text(envelope))
            return Delivered()

    return Telling


class LogsUrl(Honest):
    def send(self, envelope, target):
        logging.getLogger("room").warning("posting to %s", ROOM_URL)
        return Delivered()


class LogsAddress(Honest):
    def send(self, envelope, target):
        logging.getLogger("room").info("telling %s", envelope.owner.previous_email)
        return Delivered()


def run(test, notifier, caplog):
    kit, envelope, kind = NotifierConformance(), FakeEnvelope(), NoticeKind.REVOKED
    arguments = {
        "test_schedule_is_made_of_seconds": (notifier,),
        "test_targets_are_a_sequence_of_names": (notifier, envelope, kind),
        "test_outcome_is_what_the_worker_understands": (notifier, envelope, kind),
        "test_outcome_of_a_failure_is_what_the_worker_understands": (notifier, envelope),
        "test_success_tells_the_log_no_address_and_no_url": (notifier, envelope, kind, caplog),
        "test_failure_tells_the_log_no_address_and_no_url": (notifier, envelope, kind, caplog),
        "test_message_holds_no_address_and_no_name_of_the_owner": (
            notifier,
            envelope,
            kind,
            lambda: notifier.sent,
        ),
    }
    getattr(kit, test)(*arguments[test])


TESTS = (
    "test_outcome_is_what_the_worker_understands",
    "test_outcome_of_a_failure_is_what_the_worker_understands",
)
LOGS = (
    "test_success_tells_the_log_no_address_and_no_url",
    "test_failure_tells_the_log_no_address_and_no_url",
)


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize(
    "answer",
    [
        None,
        True,
        "delivered",
        204,
        Delivered,
        {"status": 204},
        (Delivered(),),
        Delivered(status="204"),
        Delivered(answer=None),
        Retry(None),
        Retry("later", after_s="5"),
        Retry("later", error=OSError("x")),
        Gone(ValueError("gone")),
        Reject(None),
    ],
    ids=repr,
)
def test_wrong_return_value_is_refused(test, answer, caplog):
    with pytest.raises(AssertionError):
        run(test, answering(lambda _: answer)(), caplog)


def test_coroutine_is_refused(caplog):
    class Async(Honest):
        async def send(self, envelope, target):
            return Delivered()

    with pytest.raises(AssertionError, match="coroutine"):
        run(TESTS[0], Async(), caplog)


@pytest.mark.parametrize("targets", ["room", None, [None], [""], ["x" * 201], [7]])
def test_wrong_targets_are_refused(targets, caplog):
    class Wrong(Honest):
        def targets(self, _envelope):
            return targets

    with pytest.raises(AssertionError):
        run("test_targets_are_a_sequence_of_names", Wrong(), caplog)


@pytest.mark.parametrize("schedule", [None, 5, ("soon",), (float("nan"),)])
def test_wrong_schedule_is_refused(schedule, caplog):
    class Wrong(Honest):
        retry_schedule_s = schedule

    with pytest.raises(AssertionError):
        run("test_schedule_is_made_of_seconds", Wrong(), caplog)


@pytest.mark.parametrize("test", LOGS)
@pytest.mark.parametrize(
    "notifier",
    [
        answering(lambda _: Retry(f"cannot post to {ROOM_URL}")),
        answering(lambda _: Reject(f"{ROOM_URL} says no", 400)),
        answering(lambda _: Gone(f"there is no {ROOM_URL}")),
        answering(lambda _: Retry("refused", error=ROOM_URL)),
        answering(lambda _: Retry("cannot reach redis://:hunter2@room.example")),
        answering(lambda envelope: Retry(f"{envelope.owner.email} is over quota")),
        answering(lambda envelope: Reject(f"<{envelope.owner.previous_email}>: no such user")),
        answering(lambda _: Retry("ops@example.com is unknown")),
        LogsUrl,
        LogsAddress,
    ],
)
def test_secret_url_or_address_in_what_is_logged_is_refused(test, notifier, caplog):
    with pytest.raises(AssertionError):
        run(test, notifier(), caplog)


@pytest.mark.parametrize("test", LOGS)
def test_answer_of_the_medium_is_not_the_notifiers_own_word(test, caplog):
    said = "550 see https://mail.example/help"
    run(test, answering(lambda _: Retry("the server said no", status=550, answer=said))(), caplog)


@pytest.mark.parametrize(
    "text",
    [
        lambda envelope: f"{envelope.owner.email} allowed it",
        lambda envelope: f"was {envelope.owner.previous_email}".encode(),
        lambda envelope: f"{envelope.owner.name} allowed it",
        lambda envelope: f"Mrs. {envelope.owner.name.split()[1].upper()}",
    ],
)
def test_address_or_name_in_a_message_is_refused(text, caplog):
    with pytest.raises(AssertionError):
        run("test_message_holds_no_address_and_no_name_of_the_owner", telling(text)(), caplog)


def test_messages_that_are_declared_and_not_given_are_a_failure():
    class Boasting(NotifierConformance):
        capabilities = frozenset({"messages"})

    with pytest.raises(pytest.fail.Exception, match="override the fixture 'messages'"):
        Boasting()._not_offered("messages", "messages")


def test_no_random_id_holds_what_the_kit_looks_for():
    """An id is made of hexadecimal digits: a name of them alone would be found in one by chance."""
    for private in (PERSON.email, PERSON.previous_email, *PERSON.name.split()):
        assert set(private.lower()) - set("0123456789abcdef-")
