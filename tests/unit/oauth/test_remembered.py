"""Conclusions that are kept for the very same thing."""

from __future__ import annotations

from consentcore.oauth.remembered import Remembered


class Equal:
    """Equal to every other one."""

    def __eq__(self, other):
        return isinstance(other, Equal)

    def __hash__(self):
        return 1


def test_a_conclusion_is_for_the_very_same_thing():
    kept, thing = Remembered(10), Equal()
    assert kept.of(thing) is None
    kept.keep(thing, "known")
    assert kept.of(thing) == "known"
    assert kept.of(Equal()) is None


def test_an_id_that_is_used_again_means_nothing():
    kept = Remembered(10)
    for _ in range(5):  # each would get the place, and so the id, of the one before, were that not kept
        thing = Equal()
        assert kept.of(thing) is None
        kept.keep(thing, "known")


def test_there_is_a_bound():
    kept = Remembered(3)
    things = [Equal() for _ in range(10)]
    for number, thing in enumerate(things):
        kept.keep(thing, number)
        assert len(kept._kept) <= 3
    assert kept.of(things[-1]) == 9
