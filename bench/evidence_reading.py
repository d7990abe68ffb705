"""``python -m bench.evidence_reading INI``: read every row that ``audit verify`` judges, once, and judge nothing.

Through the port in pages, with the text of each event parsed: what verification is compared with.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from consentcore.config import load_ini
from consentcore.consent.personal import digests_in
from consentcore.runtime import build_runtime

if TYPE_CHECKING:
    from consentcore.ports.storage import Storage
    from consentcore.ports.transactions import UnitOfWork

PAGE = 200


def read_all(storage: Storage) -> int:
    """Read it all; how many events there were."""
    events = 0
    for uow, grants in _pages(
        storage, lambda uow, after: uow.grants.all(after=after, limit=PAGE), "grant_id"
    ):
        chains = uow.ledger.of_grants([one.grant_id for one in grants])
        bodies = [json.loads(one.body) for one in chains]
        digests = [digest for body in bodies for digest in digests_in(body)]
        uow.ledger.disclosures(digests)
        for hashed in {body["evidence"]["snapshot_hash"] for body in bodies} - {""}:
            uow.ledger.snapshot(hashed)
        uow.notices.several([one.event_id for one in chains])
        events += len(chains)
    for uow, owners in _pages(
        storage, lambda uow, after: uow.owners.list(after=after, limit=PAGE), "owner_id"
    ):
        ids = [one.owner_id for one in owners]
        uow.owners.passwords(ids)
        uow.identities.of_owners(ids)
    for uow, clients in _pages(
        storage, lambda uow, after: uow.clients.list(after=after, limit=PAGE), "client_id"
    ):
        for client in clients:
            uow.clients.endpoints(client.client_id)
    for _ in _pages(storage, lambda uow, after: uow.ledger.checkpoints(after=after or 0, limit=PAGE), "size"):
        pass
    for _ in _pages(storage, lambda uow, after: uow.tlog.list("tile", after=after, limit=PAGE), "path"):
        pass
    return events


def _pages(
    storage: Storage, read: Callable[[UnitOfWork, Any], Sequence[Any]], key: str
) -> Iterator[tuple[UnitOfWork, Sequence[Any]]]:
    """Pages, each in a view of its own, until one is not full."""
    after: Any = ""
    full = True
    while full:
        with storage.reading() as uow:
            page = read(uow, after)
            yield uow, page
        full = len(page) == PAGE
        after = getattr(page[-1], key) if page else after


if __name__ == "__main__":
    runtime = build_runtime(load_ini(sys.argv[1]))
    print(read_all(getattr(runtime.storage, "bare", runtime.storage)))
    runtime.close()
