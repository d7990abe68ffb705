"""What a notifier must do: inherit :class:`NotifierConformance` and override its fixture ``notifier``."""

from __future__ import annotations

from dataclasses import replace

import pytest

from consentcore.api import (
    Audience,
    Delivered,
    EndpointView,
    Gone,
    Notice,
    NoticeKind,
    Notifier,
    Reject,
    Retry,
)
from consentcore.testing import factories
from consentcore.testing.fakes import FakeEnvelope

OUTCOMES = (Delivered, Retry, Gone, Reject)

MONTH_S = 31 * 24 * 3600


def _audiences(kind: NoticeKind) -> tuple[Audience, ...]:
    if kind is NoticeKind.SECURITY:
        return (Audience.OPERATOR,)
    if kind.is_account:
        return (Audience.OWNER,)
    return (Audience.CLIENT,) if kind is NoticeKind.TEST else (Audience.OWNER, Audience.CLIENT)


def _notice(kind: NoticeKind) -> Notice:
    grant = factories.grant("owner-1", "client-1")
    return factories.notice(grant, kind=kind, audiences=_audiences(kind))


class NotifierConformance:
    """Every promise of :mod:`consentcore.ports.notifier` that can be tested without knowing the medium."""

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
        secret = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        endpoint = EndpointView("endpoint-1", "https://app.example/hooks", (), (secret,))
        return FakeEnvelope(endpoints=(endpoint,))

    def test_schedule_is_finite_positive_and_never_goes_down(self, notifier: Notifier) -> None:
        waits = list(notifier.retry_schedule_s)
        assert all(wait >= 0 for wait in waits)
        assert waits == sorted(waits)
        assert sum(waits) < MONTH_S, "a notice that is a month late helps nobody"

    @pytest.mark.parametrize("kind", list(NoticeKind))
    def test_targets_are_short_distinct_and_the_same_every_time(
        self, notifier: Notifier, envelope: FakeEnvelope, kind: NoticeKind
    ) -> None:
        asked = replace(envelope, notice=_notice(kind), attempt=0)
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
        targets = notifier.targets(replace(envelope, notice=_notice(kind), attempt=0))
        assert endpoints.isdisjoint(targets)

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
