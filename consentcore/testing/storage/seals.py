"""The seals of records as such."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from consentcore.api import Disclosure, SealedKind, SealedRow, Storage, UnitOfWork, transact
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import Scenario

ANOTHER = b"k2:" + bytes(range(32))
"""A seal with every sort of byte."""


def rows(storage: Storage, kind: SealedKind, limit: int = 2) -> list[SealedRow]:
    """Every record of a kind, in pages."""
    found: list[SealedRow] = []
    after = ""
    while True:
        with storage.reading() as uow:
            page, after = uow.seals.page(kind, after=after, limit=limit)
        assert len(page) <= limit
        found += page
        if not after:
            return found


class SealsGroup:
    """:class:`consentcore.api.SealRepository`."""

    @pytest.fixture
    def kept(self, world: Scenario) -> dict[SealedKind, list[Any]]:
        """Three records of each kind."""
        values = [factories.disclosure() for _ in range(3)]
        found: dict[SealedKind, list[Any]] = {
            SealedKind.APPLICATION: [factories.client(seal=b"k1:a") for _ in range(3)],
            SealedKind.OWNER: [factories.owner(seal=b"k1:o") for _ in range(3)],
            SealedKind.NOTICE: [factories.notice(world.grant, seal=b"k1:n") for _ in range(3)],
            SealedKind.PAGE: [factories.snapshot(seal=b"k1:p") for _ in range(3)],
            SealedKind.WORDS: [
                factories.pinned_scope("sites.read", revision=n, seal=b"k1:w") for n in (1, 2, 3)
            ],
            SealedKind.TOMBSTONE: [
                factories.tombstone(one.digest, key_id="k1", seal=b"k1:t") for one in values
            ],
        }
        found[SealedKind.ENDPOINT] = [
            factories.endpoint(found[SealedKind.APPLICATION][0].client_id, seal=b"k1:e") for _ in range(3)
        ]
        found[SealedKind.IDENTITY] = [
            factories.identity(one.owner_id, seal=b"k1:i") for one in found[SealedKind.OWNER]
        ]
        for kind, records in found.items():
            for at, record in enumerate(records):
                _store(world.storage, kind, record, values[at])
        made = [factories.delivery(one.notice_id, seal=b"k1:d") for one in found[SealedKind.NOTICE]]
        world.storage.outbox.expand_all({one.notice_id: [one] for one in made}, NOW)
        return {**found, SealedKind.DELIVERY: made}

    @pytest.mark.parametrize("kind", [one for one in SealedKind if one is not SealedKind.TOKEN])
    def test_every_record_of_a_kind_comes_once_with_its_seal(
        self, storage: Storage, kept: dict[SealedKind, list[Any]], kind: SealedKind
    ) -> None:
        wanted = {repr(one): one.seal for one in kept[kind]}
        found = {repr(one.record): one.record.seal for one in rows(storage, kind)}
        assert {key: seal for key, seal in found.items() if key in wanted} == wanted
        assert len(rows(storage, kind)) == len(found)

    @pytest.mark.parametrize("kind", [one for one in SealedKind if one is not SealedKind.TOKEN])
    def test_a_record_gets_another_seal_and_nothing_else_changes(
        self, storage: Storage, kept: dict[SealedKind, list[Any]], kind: SealedKind
    ) -> None:
        first, second, third = kept[kind]
        with storage.transaction() as uow:
            uow.seals.put(kind, [(first, ANOTHER), (replace(second, seal=b"k1:x"), ANOTHER)], "k2")
        new = {"key_id": "k2"} if kind is SealedKind.TOMBSTONE else {}
        seals = {repr(one.record): one.record.seal for one in rows(storage, kind)}
        assert seals[repr(replace(first, seal=ANOTHER, **new))] == ANOTHER
        assert (seals[repr(second)], seals[repr(third)]) == (second.seal, third.seal)

    def test_tokens_that_can_be_used_come_with_the_proof_of_their_family(self, world: Scenario) -> None:
        issued, rotated, killed = world.redeem(), world.redeem(), world.redeem()
        world.storage.protocol.rotate_refresh(factories.rotation(rotated.refresh, world.client.client_id))
        world.storage.protocol.kill_family(killed.code.family_id, NOW + 3000)
        found = {one.record.token_hash: one for one in rows(world.storage, SealedKind.TOKEN)}
        assert {issued.access, issued.refresh, rotated.access} <= set(found)
        assert not {rotated.refresh, killed.access, killed.refresh} & set(found)
        one = found[issued.refresh]
        assert one.proof == issued.code.family_proof
        token = world.storage.protocol.find_token(world.client.client_id, issued.refresh).token
        assert one.record == token

    def test_a_token_that_was_rotated_meanwhile_gets_no_seal_back(self, world: Scenario) -> None:
        issued = world.redeem()
        (before,) = [
            one.record
            for one in rows(world.storage, SealedKind.TOKEN)
            if one.record.token_hash == issued.refresh
        ]
        world.storage.protocol.rotate_refresh(factories.rotation(issued.refresh, world.client.client_id))
        transact(world.storage, lambda uow: uow.seals.put(SealedKind.TOKEN, [(before, ANOTHER)], "k2"))
        token = world.storage.protocol.find_token(world.client.client_id, issued.refresh).token
        assert token is not None
        assert token.seal == b""


_ADD: Mapping[SealedKind, Callable[[UnitOfWork, Any], None]] = {
    SealedKind.APPLICATION: lambda uow, one: uow.clients.add(one),
    SealedKind.ENDPOINT: lambda uow, one: uow.clients.add_endpoint(one),
    SealedKind.OWNER: lambda uow, one: uow.owners.add(one),
    SealedKind.IDENTITY: lambda uow, one: uow.identities.add(one),
    SealedKind.NOTICE: lambda uow, one: uow.notices.add(one),
    SealedKind.PAGE: lambda uow, one: uow.ledger.put_snapshot(one),
    SealedKind.WORDS: lambda uow, one: uow.pinned_scopes.add(one),
}


def _store(storage: Storage, kind: SealedKind, record: Any, value: Disclosure) -> None:
    if kind is not SealedKind.TOMBSTONE:
        transact(storage, lambda uow: _ADD[kind](uow, record))
        return
    transact(storage, lambda uow: uow.ledger.put_disclosures([value]))
    transact(storage, lambda uow: uow.ledger.forget([record]))
