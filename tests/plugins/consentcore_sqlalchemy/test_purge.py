"""The purge takes what it takes in small bites, whatever waits beside it."""

from __future__ import annotations

from consentcore.api import DAY
from consentcore.testing.factories import NOW
from consentcore_sqlalchemy import purge as purging
from consentcore_sqlalchemy.work import Mode

LIMIT = 5


def test_codes_are_looked_at_a_few_in_one_commit_whatever_becomes_of_them(world, storage, monkeypatch):
    """23 that live on are put off, 12 that ran out go; never more than five are locked at once."""
    living = [world.redeem().code for _ in range(23)]
    for _ in range(12):
        world.issue()
    sizes = []
    to_look_at = purging._to_look_at
    monkeypatch.setattr(
        purging, "_to_look_at", lambda work, now, most: sizes.append(most) or to_look_at(work, now, most)
    )
    counts = []
    while not counts or counts[-1]:
        counts.append(storage.purge(NOW + 120_000, LIMIT).counts["codes"])
    assert sum(counts) == 12
    assert max(counts) <= LIMIT
    assert max(sizes) <= LIMIT
    found = [storage.protocol.read_code(world.client.client_id, one.code_hash).code for one in living]
    assert all(found)
    del sizes[:]
    assert storage.purge(NOW + 120_001, LIMIT).counts["codes"] == 0
    assert sizes == [LIMIT], "those that live on are looked at once, not every minute"
    over = NOW + 2 * DAY
    gone = 0
    while done := storage.purge(over, LIMIT).counts["codes"]:
        gone += done
    assert gone == 23


def test_no_exchange_waits_for_a_purge(world, storage, monkeypatch):
    """Each bite is a commit of its own."""
    for _ in range(12):
        world.redeem()
    opened = []
    transaction = purging.transaction

    def counting(database, mode):
        opened.append(mode)
        return transaction(database, mode)

    monkeypatch.setattr(purging, "transaction", counting)
    storage.purge(NOW + 120_000, LIMIT)
    kinds = 9
    assert opened == [Mode.WRITE] * (kinds + 3), "five, five and two families are put off"
