"""What a key ring is used for."""

from __future__ import annotations

from consentcore.ports.keys import pairwise_subject
from consentcore.testing.fakes import fixed_keys


def test_a_subject_tells_clients_nothing_about_each_other_and_survives_rotation():
    old, rotated = fixed_keys("k1"), fixed_keys("k2", "k1")
    subject = pairwise_subject(old, "client", "owner")
    assert len(subject) == 43
    assert pairwise_subject(rotated, "client", "owner") == subject
    assert pairwise_subject(old, "other", "owner") != subject
    assert pairwise_subject(old, "client", "another") != subject
    assert pairwise_subject(fixed_keys("k2"), "client", "owner") != subject
