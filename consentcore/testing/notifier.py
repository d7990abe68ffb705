"""What a notifier must do: inherit :class:`NotifierConformance` and override its fixture ``notifier``."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from consentcore.api import (
    Delivered,
    EndpointView,
    Envelope,
    Gone,
    NoticeKind,
    Notifier,
    Outcome,
    OwnerView,
    Reject,
    Retry,
)
from consentcore.hooks.discretion import Discreet
from consentcore.testing.fakes import FakeEnvelope
from consentcore.testing.notifier_answers import AnswerGroup, notice_of
from consentcore.testing.silence import SilentPort
from consentcore.testing.threads import together

OUTCOMES = (Delivered, Retry, Gone, Reject)

MONTH_S = 31 * 24 * 3600
LONGEST_S = 30.0
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ODD = "Zoë\r\nBcc: eve@example.org\r\n\r\n\x00\x1b[31m \u202e<script>{{7*7}} 💡 " + "x" * 300
"""A name as somebody may have registered it who means no good."""


class _Watched:
    """A notifier, and what it is shown."""

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier
        self.seen: list[Envelope] = []

    @property
    def retry_schedule_s(self) -> Sequence[float]:
        return self._notifier.retry_schedule_s

    def targets(self, envelope: Envelope) -> Sequence[str]:
        self.seen.append(envelope)
        return self._notifier.targets(envelope)

    def send(self, envelope: Envelope, target: str) -> Outcome:
        self.seen.append(envelope)
        return self._notifier.send(envelope, target)


class NotifierConformance(AnswerGroup, SilentPort):
    """Every promise of :mod:`consentcore.ports.notifier` that can be tested without knowing the medium.

    :cvar capabilities: of the test class. ``network``: :meth:`hanging_notifier` is overridden. ``readback``:
        :meth:`told` is overridden. ``messages``: :meth:`messages` is overridden. ``account_mail``: the ``PluginInfo``
        declares it.
    """

    @pytest.fixture
    def notifier(self) -> Notifier:
        """Give a notifier that reaches something in this test: a server on loopback, a folder."""
        raise NotImplementedError(f"{type(self).__name__} must override the fixture 'notifier'")

    @pytest.fixture
    def broken_notifier(self) -> Notifier:
        """Give a notifier whose medium cannot be reached, such as a port where nobody listens."""
        raise NotImplementedError(f"{type(self).__name__} must override the fixture 'broken_notifier'")

    @pytest.fixture
    def envelope(self) -> FakeEnvelope:
        """Give an envelope that the notifier has somebody to tell of; override it to name real endpoints."""
        endpoint = EndpointView("endpoint-1", "https://app.example/hooks", (), (SECRET,))
        return FakeEnvelope(endpoints=(endpoint,))

    @pytest.fixture
    def hanging_notifier(self, silent_port: int) -> Notifier:  # noqa: ARG002 - for those who override it
        """Give a notifier whose medium takes the connection at ``silent_port`` of 127.0.0.1 and never says a word; with
        short timeouts, where it has any."""
        self._not_offered("network", "hanging_notifier")

    @pytest.fixture
    def told(self) -> Callable[[], Sequence[str]]:
        """Give a function that returns the ``notice_id`` of every message that the medium got, in any order."""
        self._not_offered("readback", "told")

    @pytest.fixture
    def private(self) -> Sequence[str]:
        """Give what must be in no log; override it to add what your notifier signs in with."""
        return [SECRET, SECRET.removeprefix("whsec_"), "ada@example.org", "ops@example.com", "Ada"]

    def test_schedule_is_finite_positive_and_never_goes_down(self, notifier: Notifier) -> None:
        waits = list(notifier.retry_schedule_s)
        assert all(wait >= 0 for wait in waits)
        assert waits == sorted(waits)
        assert sum(waits) < MONTH_S, "a notice that is a month late helps nobody"

    @pytest.mark.parametrize("kind", list(NoticeKind))
    def test_targets_are_short_distinct_and_the_same_every_time(
        self, notifier: Notifier, envelope: FakeEnvelope, kind: NoticeKind
    ) -> None:
        asked = replace(envelope, notice=notice_of(kind), attempt=0)
        targets = list(notifier.targets(asked))
        assert all(isinstance(target, str) and 1 <= len(target) <= 200 for target in targets)
        assert len(set(targets)) == len(targets)
        assert list(notifier.targets(asked)) == targets

    def test_somebody_is_told_of_the_envelope(self, notifier: Notifier, envelope: FakeEnvelope) -> None:
        assert list(notifier.targets(envelope)) != []

    def test_notice_for_nobody_has_no_target(self, notifier: Notifier, envelope: FakeEnvelope) -> None:
        silent = replace(envelope, notice=replace(envelope.notice, audiences=()))
        assert list(notifier.targets(silent)) == []

    def test_envelope_without_owner_client_and_endpoints_is_survived(
        self, notifier: Notifier, envelope: FakeEnvelope
    ) -> None:
        bare = replace(envelope, owner=None, client=None, endpoints=(), recipients={})
        for target in notifier.targets(bare):
            assert isinstance(notifier.send(bare, target), OUTCOMES)

    @pytest.mark.parametrize("kind", [kind for kind in NoticeKind if kind.is_account])
    def test_no_client_is_told_of_an_account(
        self, notifier: Notifier, envelope: FakeEnvelope, kind: NoticeKind
    ) -> None:
        endpoints = {endpoint.endpoint_id for endpoint in envelope.endpoints}
        targets = notifier.targets(replace(envelope, notice=notice_of(kind), attempt=0))
        assert endpoints.isdisjoint(targets)

    @pytest.mark.parametrize("kind", [kind for kind in NoticeKind if kind.is_account])
    def test_nothing_of_an_account_reaches_who_has_not_declared_it(
        self, notifier: Notifier, envelope: FakeEnvelope, kind: NoticeKind
    ) -> None:
        """The worker asks a notifier only where its plugin declares ``account_mail``."""
        asked = replace(envelope, notice=notice_of(kind))
        if "account_mail" in self.capabilities:
            targets = list(notifier.targets(asked))
            assert targets, "who declares account_mail mails the data owner"
            assert all(isinstance(notifier.send(asked, target), Delivered) for target in targets)
            return
        watched = _Watched(notifier)
        kept = Discreet(watched)
        assert list(kept.targets(asked)) == []
        for target in ("owner", "owner_new", *kept.targets(envelope)):
            assert isinstance(kept.send(asked, target), Reject)
        assert {one.notice.kind for one in watched.seen} <= {envelope.notice.kind}

    def test_medium_gets_nothing_of_an_account(
        self, notifier: Notifier, envelope: FakeEnvelope, told: Callable[[], Sequence[str]]
    ) -> None:
        if "account_mail" in self.capabilities:
            pytest.skip("the test class declares 'account_mail'")
        kept, private = Discreet(notifier), [notice_of(kind) for kind in NoticeKind if kind.is_account]
        for target in list(kept.targets(envelope)):
            kept.send(envelope, target)
            for notice in private:
                kept.send(replace(envelope, notice=notice), target)
        assert set(told()) == {envelope.notice.notice_id}

    def test_disabled_endpoint_is_a_target_like_any_other(
        self, notifier: Notifier, envelope: FakeEnvelope
    ) -> None:
        off = tuple(replace(endpoint, enabled=False) for endpoint in envelope.endpoints)
        assert list(notifier.targets(replace(envelope, endpoints=off))) == list(notifier.targets(envelope)), (
            "the worker keeps what is for a disabled endpoint; the notifier only names it"
        )

    def test_sending_says_delivered(self, notifier: Notifier, envelope: FakeEnvelope) -> None:
        for target in notifier.targets(envelope):
            assert isinstance(notifier.send(envelope, target), Delivered)

    def test_same_notice_may_be_sent_again(self, notifier: Notifier, envelope: FakeEnvelope) -> None:
        for target in notifier.targets(envelope):
            for attempt in (1, 2):
                outcome = notifier.send(replace(envelope, attempt=attempt), target)
                assert isinstance(outcome, Delivered)

    def test_target_that_is_gone_meanwhile_is_no_error(
        self, notifier: Notifier, envelope: FakeEnvelope
    ) -> None:
        for target in notifier.targets(envelope):
            later = replace(envelope, endpoints=(), recipients={}, owner=None)
            assert isinstance(notifier.send(later, target), OUTCOMES)

    def test_unreachable_medium_asks_for_another_try(
        self, broken_notifier: Notifier, envelope: FakeEnvelope
    ) -> None:
        targets = list(broken_notifier.targets(envelope))
        assert targets != []
        for target in targets:
            outcome = broken_notifier.send(envelope, target)
            assert isinstance(outcome, Retry)
            assert outcome.reason
            assert outcome.after_s is None or outcome.after_s >= 0

    @pytest.mark.parametrize("kind", list(NoticeKind))
    def test_every_kind_of_notice_has_an_outcome(
        self, notifier: Notifier, envelope: FakeEnvelope, kind: NoticeKind
    ) -> None:
        asked = replace(envelope, notice=notice_of(kind))
        for target in notifier.targets(asked):
            assert isinstance(notifier.send(asked, target), OUTCOMES)

    def test_odd_names_are_survived(self, notifier: Notifier, envelope: FakeEnvelope) -> None:
        odd = replace(
            envelope,
            owner=OwnerView("owner-1", "ada@example.org", ODD, "xx-unknown", "Nowhere/Land"),
            client=replace(envelope.client, name=ODD, publisher=ODD) if envelope.client else None,
        )
        for target in notifier.targets(odd):
            assert isinstance(notifier.send(odd, target), OUTCOMES)

    def test_several_threads_may_send_at_a_time(self, notifier: Notifier, envelope: FakeEnvelope) -> None:
        (target, *_) = notifier.targets(envelope)
        envelopes = [replace(envelope, notice=notice_of(NoticeKind.GRANTED)) for _ in range(8)]
        outcomes = together(8, lambda number: notifier.send(envelopes[number], target))
        assert all(isinstance(outcome, Delivered) for outcome in outcomes)

    def test_silent_medium_is_given_up_in_time(
        self, hanging_notifier: Notifier, envelope: FakeEnvelope
    ) -> None:
        (target, *_) = hanging_notifier.targets(envelope)
        began = time.monotonic()
        assert isinstance(hanging_notifier.send(envelope, target), Retry)
        assert time.monotonic() - began < LONGEST_S, "the worker expects an answer within 30 seconds"

    def test_receiver_can_tell_what_came_twice(
        self, notifier: Notifier, envelope: FakeEnvelope, told: Callable[[], Sequence[str]]
    ) -> None:
        (target, *_) = notifier.targets(envelope)
        for attempt in (1, 2):
            notifier.send(replace(envelope, attempt=attempt), target)
        assert set(told()) == {envelope.notice.notice_id}

    def test_success_puts_nothing_private_into_logs(
        self,
        notifier: Notifier,
        envelope: FakeEnvelope,
        private: Sequence[str],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        assert _leaks(notifier, envelope, private, caplog) == []

    def test_failure_puts_nothing_private_into_logs(
        self,
        broken_notifier: Notifier,
        envelope: FakeEnvelope,
        private: Sequence[str],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        assert _leaks(broken_notifier, envelope, private, caplog) == []


def _leaks(
    notifier: Notifier, envelope: FakeEnvelope, private: Sequence[str], caplog: pytest.LogCaptureFixture
) -> list[str]:
    """What of the private is in outcomes, which go into the delivery log, or in the log of this thread."""
    with caplog.at_level(logging.INFO):
        said = [repr(notifier.send(envelope, target)) for target in notifier.targets(envelope)]
    # A server that the test runs in a thread of its own may log what it likes.
    mine = [record for record in caplog.records if record.thread == threading.get_ident()]
    said += [record.getMessage() for record in mine]
    return [secret for secret in private for line in said if secret in line]
