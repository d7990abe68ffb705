"""The storage as a whole: texts, migration, faults, and what a thief of the database would find."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest

from consentcore.api import MINUTE, Sealed, Storage, StorageUnavailable, UnitOfWork
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.scenario import Scenario
from consentcore.testing.storage.notices import find_notice
from consentcore.testing.threads import together


class AbsenceGroup:
    """What is not there."""

    def test_unknown_things_are_none(self, storage: Storage) -> None:
        with storage.reading() as uow:
            assert uow.clients.get("nobody") is None
            assert uow.clients.endpoint("nobody") is None
            assert uow.owners.get("nobody") is None
            assert uow.owners.by_email("nobody@example.org") is None
            assert uow.owners.password_hash("nobody") is None
            assert uow.owners.session(bytes(32), NOW) is None
            assert uow.interactions.get(bytes(32)) is None
            assert uow.grants.get("nobody") is None
            assert uow.ledger.get("nobody") is None
            assert uow.ledger.snapshot("sha256:0") is None
            assert find_notice(uow, "nobody") is None


TEXTS = {
    "accents": "Zoë Łódź ñandú – „Zähler“",
    "scripts": "日本語 العربية עברית हिन्दी",
    "astral": "\U0001f469\u200d\U0001f52c\U00010348",
    "combining": "e\u0301 \u00e9",
    "control": "a\tb\nc\r\nd\x01\x7f\u2028",
    "quotes": "'; DROP TABLE consent_event; -- \"\\ %s %(x)s {} ${x} :name ?",
    "blanks": "  leading and trailing  ",
    "long": "ü" * 100_000,
}


class TextGroup:
    """Strings come back as they went in."""

    @pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
    def test_any_text_is_kept(self, storage: Storage, text: str) -> None:
        client, owner = factories.client(name=text, purpose=text), factories.owner(name=text)
        snapshot = factories.snapshot(content=text)
        grant = factories.grant(owner.owner_id, client.client_id, resources=(text, "b"))
        event, notice = factories.event(grant, body=text), factories.notice(grant, data=text)
        with storage.transaction() as uow:
            uow.clients.add(client)
            uow.owners.add(owner)
            uow.grants.add(grant)
            uow.ledger.put_snapshot(snapshot)
            uow.ledger.append(event)
            uow.notices.add(notice)
        with storage.reading() as uow:
            assert uow.clients.get(client.client_id) == client
            assert uow.owners.get(owner.owner_id) == owner
            assert uow.grants.get(grant.grant_id) == grant
            assert uow.ledger.snapshot(snapshot.snapshot_hash) == snapshot
            assert uow.ledger.get(event.event_id) == event
            assert find_notice(uow, notice.notice_id) == notice

    def test_addresses_and_ids_are_compared_exactly(self, storage: Storage) -> None:
        lower, upper = factories.client(client_id="client-a"), factories.client(client_id="CLIENT-A")
        plain, accented = factories.owner(email="rene@x.example"), factories.owner(email="rené@x.example")
        with storage.transaction() as uow:
            for client in (lower, upper):
                uow.clients.add(client)
            for owner in (plain, accented):
                uow.owners.add(owner)
        with storage.reading() as uow:
            assert uow.clients.get("client-a") == lower
            assert uow.clients.get("CLIENT-A") == upper
            assert uow.clients.get("client-a ") is None
            assert uow.owners.by_email("rené@x.example") == accented
            assert [client.client_id for client in uow.clients.list()] == ["CLIENT-A", "client-a"]


class SealGroup:
    """What a record carries to show who wrote it is no part of the record's value, and is kept all the same."""

    def test_seals_are_kept_with_what_they_seal(self, world: Scenario) -> None:
        owner_id, client_id = world.owner.owner_id, world.client.client_id
        endpoint = factories.endpoint(client_id, seal=b"endpoint\x00\xff" * 6)
        session = factories.session(owner_id, seal=b"session")
        ticket = factories.ticket(owner_id, seal=b"ticket")
        identity = factories.identity(owner_id, seal=b"identity")
        snapshot = factories.snapshot(seal=b"snapshot")
        notice = factories.notice(world.grant, seal=b"notice")
        delivery = factories.delivery(notice.notice_id, seal=b"delivery")
        with world.storage.transaction() as uow:
            uow.clients.update(replace(world.client, seal=b"client"))
            uow.owners.update(replace(world.owner, seal=b"owner"))
            uow.clients.add_endpoint(endpoint)
            uow.owners.add_session(session)
            uow.tickets.add(ticket)
            uow.identities.add(identity)
            uow.ledger.put_snapshot(snapshot)
            uow.notices.add(notice)
        (told,) = world.storage.outbox.unexpanded(10)
        world.storage.outbox.expand_all({notice.notice_id: [delivery]}, NOW)
        (claimed,) = world.storage.outbox.claim_deliveries(
            NOW, limit=1, lease_ms=1000, notifiers=[delivery.notifier]
        )
        with world.storage.reading() as uow:
            kept: list[Sealed | None] = [
                uow.clients.get(client_id),
                uow.owners.get(owner_id),
                uow.clients.endpoint(endpoint.endpoint_id),
                uow.owners.session(session.session_hash, NOW),
                uow.tickets.get(ticket.ticket_hash, NOW),
                uow.identities.get(identity.issuer, identity.subject),
                uow.ledger.snapshot(snapshot.snapshot_hash),
                find_notice(uow, notice.notice_id),
            ]
        seals = [one and one.seal for one in (*kept, told, claimed)]
        names = [b"client", b"owner", endpoint.seal, b"session", b"ticket", b"identity", b"snapshot"]
        assert seals == [*names, b"notice", b"notice", b"delivery"]
        found = world.storage.protocol.read_authorize(client_id, session.session_hash, NOW)
        assert (found.session and found.session.seal) == b"session"


class MigrationGroup:
    """migrate() and check()."""

    def test_migrating_again_changes_nothing(self, storage: Storage, world: Scenario) -> None:
        assert list(storage.migrate()) == []
        assert list(storage.check()) == []
        with storage.reading() as uow:
            assert uow.grants.get(world.grant.grant_id) == world.grant

    def test_migrating_twice_at_once_ends_well(self, storage: Storage, world: Scenario) -> None:
        together(4, lambda _: list(storage.migrate()))
        assert list(storage.check()) == []
        with storage.reading() as uow:
            assert uow.grants.get(world.grant.grant_id) == world.grant


class SecrecyGroup:
    """What is at rest (test-class capability ``dump``)."""

    def test_refresh_nonce_is_gone_after_the_grace(self, world: Scenario, dump: Callable[[], bytes]) -> None:
        nonce = b"nonce-1234567890"
        issued = world.redeem()
        world.rotate(issued.refresh, nonce=nonce)
        spellings: tuple[bytes, ...] = (
            nonce,
            nonce.hex().encode(),
            nonce.hex().upper().encode(),
            b64encode(nonce),
        )
        spellings += (urlsafe_b64encode(nonce).rstrip(b"="), str(list(nonce)).encode())
        before = dump()
        assert world.client.client_id.encode() in before, "the dump shows nothing: it proves nothing"
        assert any(spelling in before for spelling in spellings)
        world.storage.purge(NOW + 2000 + 10_000, 1000)
        assert not any(spelling in dump() for spelling in spellings)


class FaultGroup:
    """A backend that is away (test-class capability ``fault_injection``)."""

    def test_every_verb_says_unavailable(
        self, world: Scenario, break_backend: Callable[[], AbstractContextManager[object]]
    ) -> None:
        issued, client_id = world.redeem(), world.client.client_id
        protocol, outbox, counters = world.storage.protocol, world.storage.outbox, world.storage.counters
        code = factories.code(world.grant)
        verbs: list[Callable[[], object]] = [
            lambda: protocol.read_authorize(client_id, None, NOW),
            lambda: protocol.open_interaction(factories.interaction(client_id)),
            lambda: protocol.issue_code(code),
            lambda: protocol.read_code(client_id, issued.code.code_hash),
            lambda: protocol.consume_code(factories.redemption(issued.code)),
            lambda: protocol.find_token(client_id, issued.access),
            lambda: protocol.rotate_refresh(world.rotation(issued.refresh)),
            lambda: protocol.kill_family(issued.code.family_id, NOW),
            lambda: outbox.unexpanded(1),
            lambda: outbox.claim_deliveries(NOW, limit=1, lease_ms=1, notifiers=("webhook",)),
            lambda: world.storage.delivery_log.stats(NOW, notifiers=()),
            lambda: counters.hit("a", NOW, MINUTE),
            lambda: world.storage.purge(NOW, 1),
            world.end,
        ]
        with break_backend():
            for verb in verbs:
                with pytest.raises(StorageUnavailable):
                    verb()
            assert list(world.storage.check()) != []

    def test_recovers_by_itself_and_nothing_was_written(
        self, world: Scenario, break_backend: Callable[[], AbstractContextManager[object]]
    ) -> None:
        issued = world.redeem()
        rotation = world.rotation(issued.refresh)
        with break_backend():
            with pytest.raises(StorageUnavailable):
                world.storage.protocol.rotate_refresh(rotation)
            with pytest.raises(StorageUnavailable):
                world.end()
        assert world.look_up(rotation.access.token_hash).token is None
        assert world.is_live(issued.access)
        world.rotate(issued.refresh)
        assert list(world.storage.check()) == []

    def test_transaction_that_loses_the_backend_leaves_nothing(
        self, world: Scenario, break_backend: Callable[[], AbstractContextManager[object]]
    ) -> None:
        client = factories.client()

        def work(uow: UnitOfWork) -> None:
            uow.clients.add(client)
            with break_backend():
                uow.grants.get(world.grant.grant_id, lock=True)
                uow.ledger.append(factories.event(world.grant))

        with pytest.raises(StorageUnavailable), world.storage.transaction() as uow:
            work(uow)
        with world.storage.reading() as uow:
            assert uow.clients.get(client.client_id) is None
            assert list(uow.ledger.of_grant(world.grant.grant_id)) == []
