"""What a notifier answers and tells, held against what the worker understands and what nobody else may read."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

import pytest

from consentcore.api import Audience, Delivered, Notice, NoticeKind, Outcome, OwnerView
from consentcore.testing import factories
from consentcore.worker.plugin_answers import outcome_of, schedule_of, targets_of

if TYPE_CHECKING:
    from consentcore.api import Notifier
    from consentcore.testing.fakes import FakeEnvelope

ADDRESS = re.compile(r"[^\s@<>\"'(),;:]+@[\w-]+(?:\.[\w-]+)+")
URL = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)
PERSON = OwnerView(
    "owner-1",
    "wilhelmina.quist@example.org",
    "Wilhelmina Quist",
    "en",
    "Europe/Paris",
    "quist.before@example.org",
)
"""A data owner whose name and addresses no random id can hold by chance."""


def notice_of(kind: NoticeKind) -> Notice:
    """A notice of a kind, for those that are told of it."""
    grant = factories.grant("owner-1", "client-1")
    return factories.notice(grant, kind=kind, audiences=_audiences(kind))


def _audiences(kind: NoticeKind) -> tuple[Audience, ...]:
    if kind is NoticeKind.SECURITY:
        return (Audience.OPERATOR,)
    if kind.is_account:
        return (Audience.OWNER,)
    return (Audience.CLIENT,) if kind is NoticeKind.TEST else (Audience.OWNER, Audience.CLIENT)


class AnswerGroup:
    """Return values, and what stands in them."""

    capabilities: frozenset[str] = frozenset()

    @pytest.fixture
    def messages(self) -> Callable[[], Sequence[str | bytes]]:
        """Give a function that returns every message that the medium got, whole."""
        self._not_offered("messages", "messages")

    def test_schedule_is_made_of_seconds(self, notifier: Notifier) -> None:
        assert schedule_of(notifier)[1] == ""

    @pytest.mark.parametrize("kind", list(NoticeKind))
    def test_targets_are_a_sequence_of_names(
        self, notifier: Notifier, envelope: FakeEnvelope, kind: NoticeKind
    ) -> None:
        answer = notifier.targets(replace(envelope, notice=notice_of(kind), attempt=0))
        assert targets_of(answer)[1] == ""

    @pytest.mark.parametrize("kind", list(NoticeKind))
    def test_outcome_is_what_the_worker_understands(
        self, notifier: Notifier, envelope: FakeEnvelope, kind: NoticeKind
    ) -> None:
        for outcome in self._outcomes(notifier, replace(envelope, notice=notice_of(kind))):
            assert outcome_of(outcome)[1] == ""

    def test_outcome_of_a_failure_is_what_the_worker_understands(
        self, broken_notifier: Notifier, envelope: FakeEnvelope
    ) -> None:
        for outcome in self._outcomes(broken_notifier, envelope):
            assert outcome_of(outcome)[1] == ""

    @pytest.mark.parametrize("kind", list(NoticeKind))
    def test_success_tells_the_log_no_address_and_no_url(
        self,
        notifier: Notifier,
        envelope: FakeEnvelope,
        kind: NoticeKind,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        asked = replace(envelope, notice=notice_of(kind), owner=PERSON)
        assert self._told_to_logs(notifier, asked, caplog) == []

    @pytest.mark.parametrize("kind", list(NoticeKind))
    def test_failure_tells_the_log_no_address_and_no_url(
        self,
        broken_notifier: Notifier,
        envelope: FakeEnvelope,
        kind: NoticeKind,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """A URL that posts into a room is a secret: name the host, or nothing."""
        asked = replace(envelope, notice=notice_of(kind), owner=PERSON)
        assert self._told_to_logs(broken_notifier, asked, caplog) == []

    @pytest.mark.parametrize("kind", [kind for kind in NoticeKind if not kind.is_account])
    def test_message_holds_no_address_and_no_name_of_the_owner(
        self,
        notifier: Notifier,
        envelope: FakeEnvelope,
        kind: NoticeKind,
        messages: Callable[[], Sequence[str | bytes]],
    ) -> None:
        """Who else reads it is not known. For a medium that only the owner reads, do not declare ``messages``."""
        asked = replace(envelope, notice=notice_of(kind), owner=PERSON)
        self._outcomes(notifier, asked)
        for message in messages():
            text = (message.decode("utf-8", "replace") if isinstance(message, bytes) else message).lower()
            for private in (PERSON.email, PERSON.previous_email, *PERSON.name.split()):
                assert private.lower() not in text

    @staticmethod
    def _outcomes(notifier: Notifier, envelope: FakeEnvelope) -> list[Outcome]:
        return [notifier.send(envelope, target) for target in notifier.targets(envelope)]

    def _told_to_logs(
        self, notifier: Notifier, envelope: FakeEnvelope, caplog: pytest.LogCaptureFixture
    ) -> list[str]:
        """What of outcomes, and of the log of this thread, is an address or a URL."""
        caplog.clear()
        with caplog.at_level(logging.INFO):
            said = [text for outcome in self._outcomes(notifier, envelope) for text in _reasons(outcome)]
        # A server that the test runs in a thread of its own may log what it likes.
        said += [one.getMessage() for one in caplog.records if one.thread == threading.get_ident()]
        return [found.group() for text in said for rule in (ADDRESS, URL) for found in rule.finditer(text)]

    def _not_offered(self, capability: str, fixture: str) -> NoReturn:
        if capability in self.capabilities:
            pytest.fail(f"capability {capability!r} is declared: override the fixture {fixture!r}")
        pytest.skip(f"the test class does not declare {capability!r}")


def _reasons(outcome: Outcome) -> Iterator[str]:
    """What a notifier says itself; ``answer`` is what somebody else said."""
    if not isinstance(outcome, Delivered):
        yield str(outcome.reason)
        yield str(getattr(outcome, "error", ""))
