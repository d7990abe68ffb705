"""The same in processes of their own, as web workers and nodes are (test-class capability ``processes``)."""

from __future__ import annotations

from collections import Counter

from consentcore.api import Client, Code, Consumed, Replayed, Storage
from consentcore.testing import factories
from consentcore.testing.factories import NOW
from consentcore.testing.processes import Opener, die, in_processes, killed_in
from consentcore.testing.scenario import Scenario
from consentcore.testing.storage.deliveries import Box
from consentcore.testing.threads import insist

PROCESSES = 3


def consume(storage: Storage, code: Code) -> str:
    """Exchange a code; the word for how it went."""
    return type(insist(lambda: storage.protocol.consume_code(factories.redemption(code)))).__name__


def hit(storage: Storage, times: int) -> list[int]:
    """Count so often."""
    return [insist(lambda: storage.counters.hit("login", NOW, 60_000)) for _ in range(times)]


def claim(storage: Storage, notifier: str) -> list[str]:
    """Claim all that is due, a few at a time."""
    mine: list[str] = []
    while claimed := insist(
        lambda: storage.outbox.claim_deliveries(NOW, limit=2, lease_ms=60_000, notifiers=[notifier])
    ):
        mine += [one.delivery_id for one in claimed]
    return mine


def write_and_die(storage: Storage, client: Client) -> None:
    """Write in a transaction, and be killed before its end."""
    with storage.transaction() as uow:
        uow.clients.add(client)
        die()


def write(storage: Storage, client: Client) -> None:
    """The same to its end."""
    with storage.transaction() as uow:
        uow.clients.add(client)


class SeparateProcessGroup:
    """What must happen once happens once, in whatever process; and a process that is killed leaves nothing."""

    def test_code_is_consumed_by_exactly_one_process(self, world: Scenario, opener: Opener) -> None:
        code = world.issue()
        outcomes = Counter(in_processes(opener, consume, [code] * PROCESSES))
        assert outcomes == {Consumed.__name__: 1, Replayed.__name__: PROCESSES - 1}

    def test_no_hit_of_several_processes_is_missed(self, storage: Storage, opener: Opener) -> None:
        counts = sorted(count for each in in_processes(opener, hit, [10] * PROCESSES) for count in each)
        assert counts == list(range(1, 10 * PROCESSES + 1))
        assert storage.counters.count("login", NOW, 60_000) == 10 * PROCESSES

    def test_no_delivery_is_claimed_by_two_processes(self, world: Scenario, opener: Opener) -> None:
        box = Box(world)
        made = [box.add(target=f"endpoint-{number}") for number in range(12)]
        claimed = in_processes(opener, claim, [made[0].notifier] * PROCESSES)
        assert sorted(one for mine in claimed for one in mine) == sorted(one.delivery_id for one in made)

    def test_process_that_is_killed_in_a_transaction_leaves_nothing(
        self, storage: Storage, opener: Opener
    ) -> None:
        """Nor does it keep others out: what it held is free again."""
        lost, kept = factories.client(), factories.client()
        killed_in(opener, write_and_die, lost)
        with storage.reading() as uow:
            assert uow.clients.get(lost.client_id) is None
        in_processes(opener, write, [lost])
        with storage.transaction() as uow:
            uow.clients.add(kept)
        with storage.reading() as uow:
            assert uow.clients.get(lost.client_id) == lost
            assert uow.clients.get(kept.client_id) == kept
