"""What an anchor must do: inherit :class:`AnchorConformance`, override ``anchor`` and ``kept``."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NoReturn

import pytest

from consentcore.api import Anchor, Checkpoint, ReadableAnchor
from consentcore.testing import factories
from consentcore.testing.silence import SilentPort
from consentcore.testing.threads import together

LONGEST_S = 30.0

Kept = Callable[[], Sequence[tuple[int, bytes, bytes]]]
"""What an anchor keeps: of every checkpoint its size, its root and its signature; one that came twice may be there
twice."""


def _facts(checkpoint: Checkpoint) -> tuple[int, bytes, bytes]:
    return checkpoint.size, checkpoint.root, checkpoint.signature


class AnchorConformance(SilentPort):
    """Every promise of :class:`consentcore.api.Anchor` that can be tested without knowing where it keeps things.

    :cvar capabilities: of the test class. ``network``: :meth:`hanging_anchor` is overridden.
    """

    capabilities: frozenset[str] = frozenset()

    @pytest.fixture
    def anchor(self) -> Anchor:
        """Give an anchor that keeps nothing yet."""
        raise NotImplementedError(f"{type(self).__name__} must override the fixture 'anchor'")

    @pytest.fixture
    def kept(self) -> Kept:
        """Give a function that reads what the anchor keeps, from where it is kept: (size, root, signature)."""
        raise NotImplementedError(f"{type(self).__name__} must override the fixture 'kept'")

    @pytest.fixture
    def broken_anchor(self) -> Anchor:
        """Give an anchor that cannot keep anything: a folder that is not there, a port where nobody listens."""
        raise NotImplementedError(f"{type(self).__name__} must override the fixture 'broken_anchor'")

    @pytest.fixture
    def hanging_anchor(self, silent_port: int) -> Anchor:  # noqa: ARG002 - for those who override it
        """Give an anchor that publishes at ``silent_port`` of 127.0.0.1, where nobody ever answers; with short
        timeouts, where it has any."""
        if "network" in self.capabilities:
            pytest.fail("capability 'network' is declared: override the fixture 'hanging_anchor'")
        self._skip()

    def test_checkpoint_is_kept_whole(self, anchor: Anchor, kept: Kept) -> None:
        checkpoint = factories.checkpoint(size=7)
        anchor.publish(checkpoint)
        assert list(kept()) == [_facts(checkpoint)]

    def test_later_ones_do_not_take_the_place_of_earlier_ones(self, anchor: Anchor, kept: Kept) -> None:
        published = [factories.checkpoint(size=size) for size in (1, 2, 50_000_000)]
        for checkpoint in published:
            anchor.publish(checkpoint)
        assert set(kept()) == set(map(_facts, published))

    def test_same_checkpoint_may_come_again(self, anchor: Anchor, kept: Kept) -> None:
        checkpoint = factories.checkpoint(size=7)
        for _ in range(3):
            anchor.publish(checkpoint)
        assert set(kept()) == {_facts(checkpoint)}

    def test_two_that_contradict_each_other_are_both_kept(self, anchor: Anchor, kept: Kept) -> None:
        """Same size, another root: that is the proof of a ledger that was rewritten, and must not vanish."""
        both = [factories.checkpoint(size=7), factories.checkpoint(size=7)]
        for checkpoint in both:
            anchor.publish(checkpoint)
        assert set(kept()) == set(map(_facts, both))

    def test_smaller_one_is_kept_too(self, anchor: Anchor, kept: Kept) -> None:
        """What an older backup goes on with is told from what was there before."""
        both = [factories.checkpoint(size=9), factories.checkpoint(size=4)]
        for checkpoint in both:
            anchor.publish(checkpoint)
        assert set(kept()) == set(map(_facts, both))

    def test_several_workers_may_publish_at_a_time(self, anchor: Anchor, kept: Kept) -> None:
        published = [factories.checkpoint(size=number + 1) for number in range(8)]
        together(8, lambda number: anchor.publish(published[number]))
        assert set(kept()) == set(map(_facts, published))

    def test_what_cannot_be_kept_is_said(self, broken_anchor: Anchor) -> None:
        """An exception means: again later. Nothing but having kept it is a success."""
        with pytest.raises(Exception):  # noqa: B017, PT011 - whichever it is
            broken_anchor.publish(factories.checkpoint())

    def test_silence_is_given_up_in_time(self, hanging_anchor: Anchor) -> None:
        began = time.monotonic()
        with pytest.raises(Exception):  # noqa: B017, PT011 - see above
            hanging_anchor.publish(factories.checkpoint())
        assert time.monotonic() - began < LONGEST_S, "the worker expects it back within 30 seconds"

    def test_what_is_kept_is_told(self, anchor: Anchor) -> None:
        """The greatest of the log that is asked for, whatever came last, and nothing of other logs."""
        readable = self._readable(anchor)
        assert readable.newest("log.example") == ""
        published = [factories.signed_checkpoint(size) for size in (4, 7, 5)]
        others = [
            factories.signed_checkpoint(size, origin) for size, origin in ((9, "log.example/2"), (8, "log"))
        ]
        for checkpoint in (*published, *others):
            anchor.publish(checkpoint)
        assert readable.newest("log.example") == published[1].note
        assert readable.newest("log.example/2") == others[0].note
        assert readable.newest("example") == ""

    def test_what_has_no_note_is_none_of_a_log(self, anchor: Anchor) -> None:
        """Checkpoints of older releases are kept as they are, and are of no log that is asked for."""
        readable, checkpoint = self._readable(anchor), factories.signed_checkpoint(3)
        for one in (factories.checkpoint(size=9), checkpoint):
            anchor.publish(one)
        assert readable.newest("log.example") == checkpoint.note

    def test_what_cannot_be_read_is_said(self, broken_anchor: Anchor) -> None:
        """That there is nothing may be said only when that is certain."""
        readable = self._readable(broken_anchor)
        with pytest.raises(Exception):  # noqa: B017, PT011 - whichever it is
            readable.newest("log.example")

    @staticmethod
    def _readable(anchor: Anchor) -> ReadableAnchor:
        if not isinstance(anchor, ReadableAnchor):
            pytest.skip("the anchor cannot be read")
        return anchor

    @staticmethod
    def _skip() -> NoReturn:
        pytest.skip("the test class does not declare 'network'")
