"""What a storage declares, as values and as words."""

from __future__ import annotations

import pytest

from consentcore.ports.capabilities import LEAST_BATCH, StorageCapabilities, known_words


def test_without_a_word_the_least_is_promised():
    assert StorageCapabilities().words == {f"atomic_batches={LEAST_BATCH}"}


def test_what_is_declared_has_a_word():
    declared = StorageCapabilities(snapshot_reads=True, atomic_batches=None, multi_process=True)
    assert declared.words == {"snapshot_reads", "atomic_batches", "multi_process"}


def test_words_of_others_are_nobodys_business():
    assert known_words({"sql", "durable", "snapshot_reads", "atomic_batches=40"}) == {
        "snapshot_reads",
        "atomic_batches=40",
    }


@pytest.mark.parametrize(("size", "count", "fits"), [(None, 900, 900), (40, 900, 40), (40, 7, 7)])
def test_what_fits_into_one_commit(size, count, fits):
    assert StorageCapabilities(atomic_batches=size).fits(count) == fits


def test_batches_are_large_enough_to_work_with():
    with pytest.raises(ValueError, match=f"atomic_batches: expected {LEAST_BATCH} or more, or None; not 24"):
        StorageCapabilities(atomic_batches=24)
