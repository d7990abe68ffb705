"""Moving in and out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple

import pytest

from consentcore.api import (
    HOUR,
    Consumed,
    DeliveryState,
    Grace,
    KeptNotice,
    KeptToken,
    Moved,
    Replayed,
    Reused,
    Rotated,
    Storage,
    Unknown,
    transact,
)
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.factories.moving import OVER, House
from consentcore.testing.scenario import populate

LEASE = 60_000


def everything(storage: Storage, limit: int = 1000) -> list[Moved]:
    """All records of a storage, page by page."""
    page = storage.moving.read(limit=limit)
    found = list(page.records)
    while page.following:
        page = storage.moving.read(page.following, limit=limit)
        assert len(page.records) <= limit
        found += page.records
    return found


def in_order(records: Iterable[Moved]) -> list[str]:
    """Records with every field, also those that do not count when two are compared, as texts in an order."""
    return sorted(f"{type(one).__name__} {astuple(one)}" for one in records)


def moved_in(storage: Storage) -> House:
    """A house whose records were written."""
    house = House()
    records = house.records
    for start in range(0, len(records), 7):
        storage.moving.write(records[start : start + 7])
    return house


class MovingGroup:
    """:class:`consentcore.api.MovingStorage`."""

    def test_empty_storage_has_nothing_that_moves(self, storage: Storage) -> None:
        assert everything(storage) == []

    def test_what_moves_in_moves_out_as_it_was(self, storage: Storage) -> None:
        house = House()
        records = house.records
        storage.moving.write(records)
        assert in_order(everything(storage)) == in_order(records)

    @pytest.mark.parametrize("limit", [1, 3])
    def test_pages_of_any_size_have_each_record_once(self, storage: Storage, limit: int) -> None:
        moved_in(storage)
        assert in_order(everything(storage, limit)) == in_order(everything(storage))

    def test_place_in_the_pages_holds_over_a_restart(self, storage: Storage, second_storage: Storage) -> None:
        moved_in(storage)
        first = storage.moving.read(limit=5)
        rest: list[Moved] = []
        following = first.following
        while following:
            page = second_storage.moving.read(following, limit=5)
            rest, following = [*rest, *page.records], page.following
        assert in_order([*first.records, *rest]) == in_order(everything(storage))

    def test_place_that_no_page_said_is_refused(self, storage: Storage) -> None:
        for made_up in ("x", "client", "client nothing", "{}", "client [1,2,3,4]"):
            with pytest.raises(ValueError, match="expected what a page said"):
                storage.moving.read(made_up)

    def test_writing_the_same_again_changes_nothing(self, storage: Storage) -> None:
        house = House()
        records = house.records
        for batch in (records, records[:20], records[10:], records):
            storage.moving.write(batch)
        assert in_order(everything(storage)) == in_order(records)
        self._still_works(storage, house)

    def test_what_was_written_through_the_port_moves(self, storage: Storage) -> None:
        world = populate(storage)
        issued = world.redeem()
        rotation = world.rotate(issued.refresh, sealed_access=b"sealed")
        late = world.rotate(rotation.refresh.token_hash, now=NOW + 3000)
        found = everything(storage)
        assert {type(one).__name__ for one in found} == {"Client", "Owner", "Grant", "KeptCode", "KeptToken"}
        tokens = {one.token.token_hash: one for one in found if isinstance(one, KeptToken)}
        assert len(tokens) == 6
        assert tokens[issued.refresh].rotation is None, "its successor was rotated: nothing is told again"
        told = tokens[rotation.refresh.token_hash].rotation
        assert told is not None
        assert (told.successor_hash, told.access_hash) == (late.refresh.token_hash, late.access.token_hash)
        assert (told.nonce, told.nonce_key_id) == (late.nonce, late.nonce_key_id)
        assert told.grace_until == late.now + late.grace_ms
        assert all(one.token.nonce is None for one in tokens.values())

    def test_people_find_themselves_again(self, storage: Storage) -> None:
        house = moved_in(storage)
        owner_id = house.owner.owner_id
        with storage.reading() as uow:
            assert uow.owners.by_email(house.owner.email) == house.owner
            assert uow.owners.password_hash(owner_id) == "1.test1.seal.$argon2id$v=19$encoded"
            assert uow.owners.signed_in(house.session.session_hash, NOW) == (house.session, house.owner)
            assert list(uow.owners.sessions(owner_id, NOW)) == [house.session]
            assert list(uow.identities.of_owner(owner_id)) == [house.identity]
            assert list(uow.owners.list()) == [house.owner]
            assert list(uow.clients.list()) == [house.client]
            assert len(uow.clients.endpoints(house.client.client_id)) == 1
            assert len(uow.clients.failing_endpoints(NOW, warned=False, limit=5)) == 1
            assert len(uow.interactions.expired(NOW + 10 * HOUR, 5)) == 1
            assert uow.uses.last([house.grant.grant_id]) == {house.grant.grant_id: NOW + 5}
        assert transact(storage, lambda uow: uow.owners.end_sessions(owner_id)) == 1
        assert transact(storage, lambda uow: uow.tickets.drop(owner_id, [house.ticket.purpose])) == 1
        assert storage.protocol.use_once(house.used_once.key_hash, NOW, NOW + HOUR) is False
        taken = storage.protocol.take_pushed(house.pushed.request_hash, house.client.client_id, NOW)
        assert taken == house.pushed

    def test_permissions_stand_and_are_found(self, storage: Storage) -> None:
        house = moved_in(storage)
        owner_id, client_id = house.owner.owner_id, house.client.client_id
        with storage.reading() as uow:
            assert uow.grants.active_of(owner_id, client_id) == house.grant
            states = {house.grant.state, house.ended.state}
            assert list(uow.grants.of_owner(owner_id, states)) == [house.grant, house.ended]
            both = sorted((house.grant, house.ended), key=lambda one: one.grant_id)
            assert list(uow.grants.all()) == both
            assert list(uow.grants.all(client_id=client_id)) == both
            assert list(uow.grants.due(house.grant.expires_at, 5)) == [house.grant]

    def test_evidence_is_as_it_was_and_goes_on(self, storage: Storage) -> None:
        house = moved_in(storage)
        with storage.reading() as uow:
            assert list(uow.ledger.of_grant(house.grant.grant_id)) == list(house.events[:2])
            assert list(uow.ledger.leaves(0, 10)) == list(house.events[:3])
            assert uow.ledger.get(house.events[3].event_id) == house.events[3]
            assert len(uow.ledger.of_owner(house.owner.owner_id)) == 4
            checkpoint = uow.ledger.newest_checkpoint()
            assert checkpoint is not None
            assert (checkpoint.size, checkpoint.seal) == (2, b"s" * 32)
            assert uow.tlog.list("tile")[0].data == bytes(range(256))
            assert uow.ledger.tombstones(["forgotten"])
            assert len(uow.pinned_scopes.all()) == 1
        assert transact(storage, lambda uow: uow.ledger.sequence_leaves(10)) == 1
        with storage.reading() as uow:
            assert [one.leaf_index for one in uow.ledger.leaves(0, 10)] == [0, 1, 2, 3]

    def test_codes_and_tokens_live_on(self, storage: Storage) -> None:
        house = moved_in(storage)
        self._still_works(storage, house)

    def _still_works(self, storage: Storage, house: House) -> None:
        verbs, client_id = storage.protocol, house.client.client_id
        assert verbs.find_token(client_id, house.access.token_hash).is_live(NOW + 3000)
        assert not verbs.find_token(client_id, house.of_dead.token_hash).is_live(NOW + 3000)
        again = factories.rotation(house.rotated.token_hash, client_id, now=NOW + 4000)
        told = house.rotation
        assert verbs.rotate_refresh(again) == Grace(
            told.nonce, told.nonce_key_id, house.access, house.refresh, told.sealed_access
        )
        assert verbs.consume_code(factories.redemption(house.fresh)) == Consumed()
        assert verbs.consume_code(factories.redemption(house.used)) == Replayed(
            house.used.family_id, house.grant.grant_id
        )
        assert verbs.consume_code(factories.redemption(house.dead)) == Unknown()
        renewed = factories.rotation(house.refresh.token_hash, client_id, now=NOW + 5000)
        assert verbs.rotate_refresh(renewed) == Rotated()
        late = factories.rotation(house.rotated.token_hash, client_id, now=NOW + 6000)
        assert isinstance(verbs.rotate_refresh(late), Reused)

    def test_purge_finds_what_is_over_and_leaves_what_tells_of_theft(self, storage: Storage) -> None:
        house = moved_in(storage)
        storage.purge(OVER, 100)
        verbs, client_id = storage.protocol, house.client.client_id
        assert verbs.read_code(client_id, house.fresh.code_hash).code is None
        assert isinstance(verbs.consume_code(factories.redemption(house.used, now=OVER)), Replayed)
        assert verbs.find_token(client_id, house.of_dead.token_hash).is_live(OVER) is False
        late = factories.rotation(house.rotated.token_hash, client_id, now=OVER)
        assert isinstance(verbs.rotate_refresh(late), Reused)
        assert not any(one.rotation for one in everything(storage) if isinstance(one, KeptToken))

    def test_what_was_to_be_told_is_told_once(self, storage: Storage) -> None:
        house = moved_in(storage)
        outbox, client_id = storage.outbox, house.client.client_id
        assert [one.notice_id for one in outbox.unexpanded(10)] == [house.untold.notice_id]
        claimed = outbox.claim_deliveries(NOW, limit=10, lease_ms=LEASE, notifiers=["webhook"])
        assert [one.delivery_id for one in claimed] == [house.waiting.delivery_id]
        assert list(outbox.claim_deliveries(NOW, limit=10, lease_ms=LEASE, notifiers=["webhook"])) == []
        again = factories.delivery(house.told.notice_id, target=house.gone.target)
        assert outbox.expand_all({house.told.notice_id: [again]}, NOW, again=True) == 0
        log = storage.delivery_log
        assert [one.delivery_id for one in log.deliveries(state=DeliveryState.DEAD)] == [
            house.gone.delivery_id
        ]
        assert len(log.deliveries(client_id=client_id)) == 2, "no second one to the same target"
        assert list(log.attempts_of([house.gone.delivery_id])[house.gone.delivery_id]) == list(house.attempts)
        assert transact(storage, lambda uow: uow.feed.enter(client_id, 10)) == 1
        with storage.reading() as uow:
            found = [one.notice_id for one in uow.feed.page(client_id)]
        assert found == [house.told.notice_id, house.untold.notice_id]

    def test_order_of_a_chain_holds_for_what_had_no_place_yet(self, storage: Storage) -> None:
        world = populate(storage, sequence=6)
        chain = [
            # ids that sort against the chain, and a clock that went back
            factories.event(
                world.grant,
                event_id=f"{9 - number:08}-0000-4000-8000-000000000000",
                sequence=number,
                occurred_at=NOW - number,
            )
            for number in range(1, 7)
        ]
        by_id = sorted(chain, key=lambda one: one.event_id)
        notices = [factories.notice(world.grant, notice_id=one.event_id) for one in by_id]
        storage.moving.write([*by_id, *map(KeptNotice, notices)])
        client_id = world.client.client_id
        assert transact(storage, lambda uow: uow.feed.enter(client_id, 10)) == 6
        assert transact(storage, lambda uow: uow.ledger.sequence_leaves(10)) == 6
        with storage.reading() as uow:
            assert [one.notice_id for one in uow.feed.page(client_id)] == [one.event_id for one in chain]
            assert [one.sequence for one in uow.ledger.leaves(0, 10)] == [1, 2, 3, 4, 5, 6]
