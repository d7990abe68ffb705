"""Faults in what is rare: an id that is taken, a thing that is not there, the last millisecond of a bound."""

from __future__ import annotations

from dataclasses import replace

from consentcore.api import StorageError
from consentcore_memory.clients import MemoryClients
from consentcore_memory.counters import MemoryCounters
from consentcore_memory.deliveries import MemoryOutbox
from consentcore_memory.delivery_log import MemoryDeliveryLog
from consentcore_memory.feed import MemoryFeed
from consentcore_memory.grants import MemoryGrants
from consentcore_memory.interactions import MemoryInteractions
from consentcore_memory.ledger import MemoryLedger
from consentcore_memory.notices import MemoryNotices
from consentcore_memory.owners import MemoryOwners
from consentcore_memory.storage import MemoryStorage
from consentcore_memory.tickets import MemoryTickets
from consentcore_memory.tokens import MemoryTokens
from tests.contract.broken.parts import Broken, repository


class StoresGrantsOverOthers(MemoryGrants):
    """Writes without a look at what is there, as an upsert does."""

    def add(self, grant):
        self._session.draft.grants.drop([grant.grant_id])
        super().add(grant)


class TestStoresGrantsOverOthers(Broken):
    make = staticmethod(repository("grants", StoresGrantsOverOthers))


class StoresEndpointsOverOthers(MemoryClients):
    def add_endpoint(self, endpoint):
        self._session.draft.endpoints.put(endpoint.endpoint_id, endpoint)


class TestStoresEndpointsOverOthers(Broken):
    make = staticmethod(repository("clients", StoresEndpointsOverOthers))


class StoresNoticesOverOthers(MemoryNotices):
    def add(self, notice):
        self._session.draft.notices.drop([notice.notice_id])
        super().add(notice)


class TestStoresNoticesOverOthers(Broken):
    make = staticmethod(repository("notices", StoresNoticesOverOthers))


class TakesEventIdsTwice(MemoryLedger):
    """Looks at the place in the chain only."""

    def append(self, event):
        known = self._session.draft.events.get(event.event_id)
        self._session.draft.events.drop([event.event_id])
        super().append(event)
        if known is not None:
            self._session.draft.events.put(event.event_id, known)


class TestTakesEventIdsTwice(Broken):
    make = staticmethod(repository("ledger", TakesEventIdsTwice))


class StoresCheckpointsOverOthers(MemoryLedger):
    def add_checkpoint(self, checkpoint):
        self._session.draft.checkpoints.drop([checkpoint.size])
        super().add_checkpoint(checkpoint)


class TestStoresCheckpointsOverOthers(Broken):
    make = staticmethod(repository("ledger", StoresCheckpointsOverOthers))


class StoresCodesOverOthers(MemoryTokens):
    def add_code(self, code):
        self._session.draft.add_code(code)


class TestStoresCodesOverOthers(Broken):
    make = staticmethod(repository("tokens", StoresCodesOverOthers))


class MakesClientsByUpdate(MemoryClients):
    def update(self, client):
        self._session.draft.clients.put(client.client_id, client)


class TestMakesClientsByUpdate(Broken):
    make = staticmethod(repository("clients", MakesClientsByUpdate))


class MakesOwnersByUpdate(MemoryOwners):
    def update(self, owner):
        if self.get(owner.owner_id) is None:
            self.add(owner)
        super().update(owner)


class TestMakesOwnersByUpdate(Broken):
    make = staticmethod(repository("owners", MakesOwnersByUpdate))


class MakesEndpointsByUpdate(MemoryClients):
    def update_endpoint(self, endpoint):
        if self.endpoint(endpoint.endpoint_id) is None:
            self.add_endpoint(endpoint)
        super().update_endpoint(endpoint)


class TestMakesEndpointsByUpdate(Broken):
    make = staticmethod(repository("clients", MakesEndpointsByUpdate))


class LosesThePassword(MemoryOwners):
    """Keeps the hash in the row of the owner, and replaces the row."""

    def update(self, owner):
        super().update(owner)
        self._session.draft.passwords.drop([owner.owner_id])


class TestLosesThePassword(Broken):
    make = staticmethod(repository("owners", LosesThePassword))


class FindsFailingEndpointsLate(MemoryClients):
    def failing_endpoints(self, since, *, warned, limit):
        return super().failing_endpoints(since - 1, warned=warned, limit=limit)


class TestFindsFailingEndpointsLate(Broken):
    make = staticmethod(repository("clients", FindsFailingEndpointsLate))


class GivesTheWholeFeed(MemoryFeed):
    def page(self, client_id, *, after="", limit=100):
        return super().page(client_id, after=after, limit=max(limit, 1000))


class TestGivesTheWholeFeed(Broken):
    make = staticmethod(repository("feed", GivesTheWholeFeed))


class GivesAllLeaves(MemoryLedger):
    def leaves(self, start, limit):
        return super().leaves(start, max(limit, 1000))


class TestGivesAllLeaves(Broken):
    make = staticmethod(repository("ledger", GivesAllLeaves))


class GivesAllOrphans(MemoryLedger):
    def orphans(self, limit):
        return super().orphans(max(limit, 1000))


class TestGivesAllOrphans(Broken):
    make = staticmethod(repository("ledger", GivesAllOrphans))


class ExpiresInteractionsLate(MemoryInteractions):
    def expired(self, now, limit):
        return super().expired(now - 1, limit)


class TestExpiresInteractionsLate(Broken):
    make = staticmethod(repository("interactions", ExpiresInteractionsLate))


class HidesUsedTickets(MemoryTickets):
    def get(self, ticket_hash, now):
        found = super().get(ticket_hash, now)
        return found if found is not None and found.used_at is None else None


class TestHidesUsedTickets(Broken):
    make = staticmethod(repository("tickets", HidesUsedTickets))


class CountsWindowsTogether(MemoryCounters):
    """Has one count for a key, whatever window it is asked for."""

    def hit(self, key, now, window_ms):
        for length in {known for name, known in self._windows if name == key and known != window_ms}:
            super().hit(key, now, length)
        return super().hit(key, now, window_ms)


class TestCountsWindowsTogether(Broken):
    counters = CountsWindowsTogether


class ResetsOneWindow(MemoryCounters):
    def reset(self, key):
        known = [name for name in self._windows if name[0] == key]
        for name in known[:1]:
            del self._windows[name]


class TestResetsOneWindow(Broken):
    counters = ResetsOneWindow


class CountsFromTheFirstHit(MemoryCounters):
    """Begins a window with its first hit, not at a multiple of its length."""

    def __init__(self):
        super().__init__()
        self._began = {}

    def _moved(self, key, now, window_ms):
        began = self._began.setdefault((key, window_ms), now)
        if not began <= now < began + window_ms:
            began = self._began[key, window_ms] = now
        return began - began % window_ms

    def hit(self, key, now, window_ms):
        return super().hit(key, self._moved(key, now, window_ms), window_ms)

    def count(self, key, now, window_ms):
        began = self._began.get((key, window_ms), now)
        return super().count(key, began if began <= now < began + window_ms else now, window_ms)


class TestCountsFromTheFirstHit(Broken):
    counters = CountsFromTheFirstHit


class PurgesWindowsThatGoOn(MemoryStorage):
    """Takes counts for rubbish."""

    def purge(self, now, limit):
        report = super().purge(now, limit)
        self.counters.reset("b")
        return report


class TestPurgesWindowsThatGoOn(Broken):
    make = PurgesWindowsThatGoOn


class TellsEachTargetTwice(MemoryOutbox):
    """Looks at what is stored, not at what it is about to store."""

    def expand_all(self, deliveries, now, *, again=False):
        done = super().expand_all(deliveries, now, again=again)
        with self._engine.writing() as state:
            for theirs in deliveries.values():
                for one in theirs[1:]:
                    state.deliveries.put(one.delivery_id, one)
        return done


class TestTellsEachTargetTwice(Broken):
    outbox = TellsEachTargetTwice


class TakesLeasedForDue(MemoryDeliveryLog):
    def stats(self, now, *, notifiers):
        found = super().stats(now, notifiers=notifiers)
        rows = [row for row in self._engine.committed.deliveries.values() if row.finished_at is None]
        return replace(found, oldest_due_at=min((row.next_at for row in rows), default=None))


class TestTakesLeasedForDue(Broken):
    delivery_log = TakesLeasedForDue


class LeavesTheOldLease(MemoryDeliveryLog):
    def requeue(self, delivery_ids, now):
        before = {row: self._engine.committed.deliveries.get(row) for row in delivery_ids}
        made = super().requeue(delivery_ids, now)
        with self._engine.writing() as state:
            for row in made:
                waiting = state.deliveries.get(row)
                state.deliveries.put(row, replace(waiting, lease_token=before[row].lease_token))
        return made


class TestLeavesTheOldLease(Broken):
    delivery_log = LeavesTheOldLease


class ClosesOnce(MemoryStorage):
    closed = False

    def close(self):
        if self.closed:
            raise StorageError("closed already")
        self.closed = True


class TestClosesOnce(Broken):
    make = ClosesOnce
