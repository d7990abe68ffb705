"""The product on a storage that can do as little as a storage may: nobody asks more of it than it declares."""

from __future__ import annotations

import threading

import pytest

from consentcore.api import DAY, DeliveryState, GrantState, StorageConflict, transact
from consentcore.consent.checkpoint import advance
from consentcore.consent.evidence.statements import all_statements
from consentcore.consent.export import export_settled
from consentcore.consent.verify import verify_all
from consentcore.testing import ManualClock, factories
from consentcore.webhooks.service import make_endpoint
from consentcore.worker.unnamed_notifiers import discard_unnamed
from consentcore.worker.worker import Worker
from consentcore_memory.storage import MemoryStorage
from tests.support.patience import eventually
from tests.support.platform import connect, decide, introspect, make_platform, proceed, refresh, sign_in
from tests.support.restricted_storage import RESTRICTED, BatchTooLarge, LateSession, RestrictedStorage
from tests.support.sinks import Answer, http_sink

MANY = 40
"""More of whatever it is than go into one commit."""


@pytest.fixture
def clock():
    return ManualClock(1_800_000_000_000)


@pytest.fixture
def platform(tmp_path, monkeypatch, clock):
    monkeypatch.setattr("consentcore_memory.CAPABILITIES", RESTRICTED)
    monkeypatch.setattr("consentcore_memory.storage.MemoryStorage", RestrictedStorage)
    made = make_platform(tmp_path, clock=clock)
    assert isinstance(made.runtime.storage.bare.bare, RestrictedStorage)
    yield made
    made.runtime.close()


def work(platform) -> None:
    Worker(platform.runtime).run_once()


def read(platform, look):
    with platform.runtime.storage.reading() as uow:
        return look(uow)


def intact(platform) -> bool:
    return not verify_all(platform.runtime.storage, platform.runtime.keys).problems


def test_a_consent_is_given_used_and_withdrawn_and_everybody_is_told(platform, tmp_path):
    runtime = platform.runtime
    with http_sink(contract=False) as sink:
        sink.answer = Answer(200)
        new = make_endpoint(runtime.keys, "coolsite", sink.url(), runtime.clock.now())
        transact(runtime.storage, lambda uow: uow.clients.add_endpoint(new.endpoint))
        tokens = connect(platform)
        assert introspect(platform, tokens["access_token"])["active"] is True
        again = refresh(platform, tokens["refresh_token"]).json
        browser = platform.browser()
        page = sign_in(browser, browser.get("/login"))
        assert "CoolSite" in page
        (grant,) = read(platform, lambda uow: uow.grants.all(client_id="coolsite"))
        proceed(browser.get(f"/consents/{grant.grant_id}/revoke")).submit(status=303)
        assert introspect(platform, again["access_token"]) == {"active": False}
        work(platform)
        assert len(sink.received) == 2
    assert len(list((tmp_path / "mail").iterdir())) == 2
    states = {one.state for one in runtime.storage.delivery_log.deliveries()}
    assert states == {DeliveryState.DELIVERED}
    assert intact(platform)


def test_many_consents_are_told_ended_and_sealed_in_batches_that_fit(platform, clock):
    owners = [platform.add_owner(f"owner{number}@example.org") for number in range(MANY)]
    grants = [decide(platform, owner) for owner in owners]
    work(platform)
    log = platform.runtime.storage.delivery_log
    assert len(log.deliveries(limit=1000)) >= MANY
    clock.advance(max(grant.expires_at for grant in grants) - clock.now() + 1)
    work(platform)
    ended = read(platform, lambda uow: [uow.grants.get(one.grant_id).state for one in grants])
    assert set(ended) == {GrantState.EXPIRED}
    work(platform)
    assert {one.state for one in log.deliveries(limit=1000)} == {DeliveryState.DELIVERED}
    advance(platform.runtime.storage, platform.runtime.keys, clock, {})
    size = read(platform, lambda uow: uow.ledger.checkpoints())[-1].size
    noted = read(platform, lambda uow: list(all_statements(uow, 0, size)))  # beside the events
    assert size == 2 * MANY + len(noted)
    assert intact(platform)


def test_what_a_disabled_application_had_ends_although_the_storage_does_not_look_at_it(platform):
    owner = platform.add_owner("eve@example.org")
    grant, other = decide(platform, owner), decide(platform, owner, client_id="shiftplan")
    platform.runtime.client_access.disable("coolsite", by="ops", reason="sold data")
    work(platform)
    states = read(platform, lambda uow: [uow.grants.get(one.grant_id).state for one in (grant, other)])
    assert states == [GrantState.REVOKED, GrantState.ACTIVE]
    assert intact(platform)


def test_worker_that_has_done_much_at_once_settles_it_in_batches_that_fit(platform):
    owners = [platform.add_owner(f"owner{number}@example.org") for number in range(MANY)]
    for owner in owners:
        decide(platform, owner)
    storage, stop, sizes = platform.runtime.storage, threading.Event(), []
    settle_all = storage.outbox.settle_all
    storage.outbox.settle_all = lambda settled: sizes.append(len(settled)) or settle_all(settled)
    worker = threading.Thread(target=Worker(platform.runtime).run, args=(stop,))
    worker.start()
    try:
        eventually(lambda: len(storage.delivery_log.deliveries(state=DeliveryState.DELIVERED)) == MANY)
    finally:
        stop.set()
        worker.join()
    assert sum(sizes) == MANY


def test_many_deliveries_of_a_notifier_that_went_are_discarded(platform):
    owners = [platform.add_owner(f"owner{number}@example.org") for number in range(MANY)]
    for owner in owners:
        decide(platform, owner)
    storage, now = platform.runtime.storage, platform.runtime.clock.now()
    while Worker(platform.runtime)._expander.expand_all(100):
        pass
    assert discard_unnamed(storage, "devmail", ["webhook"], now) == MANY
    assert {one.state for one in storage.delivery_log.deliveries(limit=1000)} == {DeliveryState.GONE}


class Meanwhile:
    """Does something between two looks of a view, once."""

    def __init__(self, change, after: int):
        self._change, self._left = change, after

    def __call__(self):
        self._left -= 1
        if self._left == 0:
            self._change()


@pytest.mark.parametrize("after", range(1, 16))
def test_what_changes_while_evidence_is_verified_is_no_contradiction(platform, monkeypatch, after):
    """Between any two looks: the row of the grant and its chain are then of two moments."""
    runtime, owner = platform.runtime, platform.add_owner("eve@example.org")
    grant = decide(platform, owner)

    def amend():
        decide(platform, owner, "comfort.read")
        advance(runtime.storage, runtime.keys, runtime.clock, {})

    monkeypatch.setattr(LateSession, "before_look", staticmethod(Meanwhile(amend, after)))
    assert intact(platform)
    monkeypatch.undo()
    assert read(platform, lambda uow: uow.grants.get(grant.grant_id)).sequence in (1, 2)


def test_looking_again_is_what_does_it(platform, monkeypatch):
    """The same change is a contradiction to whoever takes these views for one moment."""
    owner = platform.add_owner("eve@example.org")
    decide(platform, owner)
    change = Meanwhile(lambda: decide(platform, owner, "comfort.read"), 4)
    monkeypatch.setattr(LateSession, "before_look", staticmethod(change))
    monkeypatch.setattr(RestrictedStorage, "capabilities", MemoryStorage.capabilities)
    assert not intact(platform)


@pytest.mark.parametrize("after", range(1, 9))
def test_an_export_is_of_one_moment(platform, monkeypatch, after):
    owner = platform.add_owner("eve@example.org")
    decide(platform, owner)
    change = Meanwhile(lambda: decide(platform, owner, "comfort.read"), after)
    monkeypatch.setattr(LateSession, "before_look", staticmethod(change))
    storage, now = platform.runtime.storage, platform.runtime.clock.now()
    (grant,) = export_settled(storage, owner.owner_id, now)["grants"]
    assert len(grant["scopes"]) == len(grant["events"])


def test_an_export_of_what_changes_all_the_time_is_refused(platform, monkeypatch):
    owner = platform.add_owner("eve@example.org")
    look = iter(("sites.read", "comfort.read", "alarms.read") * 100)
    monkeypatch.setattr(
        "consentcore.consent.export.export_owner", lambda *_: {"scopes": decide(platform, owner, next(look))}
    )
    with pytest.raises(StorageConflict, match="change all the time"):
        export_settled(platform.runtime.storage, owner.owner_id, 0)


def test_tampering_is_still_found(platform):
    owner = platform.add_owner("eve@example.org")
    grant = decide(platform, owner)
    events = platform.runtime.storage._engine.committed.events
    (key,) = (key for key, _ in events.items())
    del events._rows[key]
    assert not intact(platform)
    assert read(platform, lambda uow: uow.grants.get(grant.grant_id)) is not None


def test_the_storage_of_these_tests_refuses_what_it_does_not_declare(platform):
    storage = platform.runtime.storage
    with pytest.raises(BatchTooLarge):
        transact(storage, lambda uow: [uow.owners.add(factories.owner()) for _ in range(100)])
    with pytest.raises(BatchTooLarge):
        storage.outbox.settle_all([None] * 26)


def test_grants_are_found_by_their_date_only(platform, clock):
    owner = platform.add_owner("eve@example.org")
    decide(platform, owner)
    platform.runtime.client_access.disable("coolsite", by="ops", reason="")
    assert read(platform, lambda uow: uow.grants.due(clock.now(), 10)) == []
    clock.advance(400 * DAY)
    assert len(read(platform, lambda uow: uow.grants.due(clock.now(), 10))) == 1
