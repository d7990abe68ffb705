"""What is personal in the evidence: kept apart from it, and forgotten with a tombstone."""

from __future__ import annotations

import pytest

from consentcore.api import Storage
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import Scenario


class DisclosureGroup:
    """What :class:`consentcore.api.LedgerRepository` promises of disclosures and tombstones."""

    def test_disclosures_come_back_by_digest(self, storage: Storage) -> None:
        first, second = factories.disclosure(), factories.disclosure(encoded="WyLwn5i6IiwiYSIsIsOpIl0")
        with storage.transaction() as uow:
            uow.ledger.put_disclosures([first, second])
        with storage.reading() as uow:
            found = uow.ledger.disclosures([second.digest, first.digest, "nobody-knows", first.digest])
            assert dict(found) == {first.digest: first, second.digest: second}
            assert dict(uow.ledger.disclosures([])) == {}

    def test_disclosure_is_kept_as_it_was_first_stored(self, storage: Storage) -> None:
        first = factories.disclosure()
        other = factories.disclosure(digest=first.digest)
        with storage.transaction() as uow:
            uow.ledger.put_disclosures([first, other])
        with storage.transaction() as uow:
            uow.ledger.put_disclosures([other])
            uow.ledger.put_disclosures([])
        with storage.reading() as uow:
            assert dict(uow.ledger.disclosures([first.digest])) == {first.digest: first}

    def test_long_disclosures_come_back_equal(self, storage: Storage) -> None:
        long = factories.disclosure(encoded="wOQ-_" * 18_000)
        with storage.transaction() as uow:
            uow.ledger.put_disclosures([long])
        with storage.reading() as uow:
            assert dict(uow.ledger.disclosures([long.digest])) == {long.digest: long}

    def test_event_comes_with_however_many_disclosures(self, storage: Storage, world: Scenario) -> None:
        """Whatever one commit takes: who has a thousand sites was shown a thousand."""
        many = [factories.disclosure() for _ in range(1200)]
        with storage.transaction() as uow:
            uow.ledger.append(factories.event(world.grant, sequence=1))
            uow.ledger.put_disclosures(many)
        with storage.reading() as uow:
            found = uow.ledger.disclosures([one.digest for one in many])
        assert dict(found) == {one.digest: one for one in many}

    @pytest.mark.parametrize("count", [1, 120])
    def test_disclosures_vanish_with_the_transaction(self, storage: Storage, count: int) -> None:
        many = {one.digest: one for one in (factories.disclosure() for _ in range(count))}

        def store_and_fail() -> None:
            with storage.transaction() as uow:
                uow.ledger.put_disclosures(list(many.values()))
                assert dict(uow.ledger.disclosures(list(many))) == many
                raise RuntimeError

        with pytest.raises(RuntimeError):
            store_and_fail()
        with storage.reading() as uow:
            assert dict(uow.ledger.disclosures(list(many))) == {}
        with storage.transaction() as uow:
            uow.ledger.put_disclosures(list(many.values()))
        with storage.reading() as uow:
            assert dict(uow.ledger.disclosures(list(many))) == many

    def test_what_is_forgotten_leaves_a_tombstone(self, storage: Storage) -> None:
        gone, kept, shown = factories.disclosure(), factories.disclosure(), factories.snapshot()
        left = [
            factories.tombstone(gone.digest),
            factories.tombstone(shown.snapshot_hash, forgotten_at=NOW + 1),
        ]
        with storage.transaction() as uow:
            uow.ledger.put_disclosures([gone, kept])
            uow.ledger.put_snapshot(shown)
        with storage.transaction() as uow:
            uow.ledger.forget(left)
        with storage.reading() as uow:
            assert dict(uow.ledger.disclosures([gone.digest, kept.digest])) == {kept.digest: kept}
            assert uow.ledger.snapshot(shown.snapshot_hash) is None
            found = uow.ledger.tombstones([gone.digest, kept.digest, shown.snapshot_hash])
            assert dict(found) == {one.subject: one for one in left}

    def test_first_tombstone_stays(self, storage: Storage) -> None:
        gone = factories.disclosure()
        first = factories.tombstone(gone.digest)
        with storage.transaction() as uow:
            uow.ledger.put_disclosures([gone])
        for tombstone in (first, factories.tombstone(gone.digest, forgotten_at=NOW + 5)):
            with storage.transaction() as uow:
                uow.ledger.forget([tombstone])
        with storage.transaction() as uow:
            uow.ledger.forget([])
        with storage.reading() as uow:
            assert dict(uow.ledger.tombstones([gone.digest])) == {gone.digest: first}

    def test_forgetting_touches_no_event_and_no_checkpoint(self, world: Scenario) -> None:
        event, gone, head = factories.event(world.grant), factories.disclosure(), factories.checkpoint()
        with world.storage.transaction() as uow:
            uow.ledger.append(event)
            uow.ledger.put_disclosures([gone])
            uow.ledger.add_checkpoint(head)
        with world.storage.transaction() as uow:
            uow.ledger.forget([factories.tombstone(name) for name in (gone.digest, event.event_id, "1")])
        with world.storage.reading() as uow:
            assert uow.ledger.get(event.event_id) == event
            assert list(uow.ledger.checkpoints()) == [head]
