"""``python -m bench.writing INI``: one writer.

Makes people and their yes through the consent service until it is told to stop, each in a transaction of its own as a
request has it. Its standard input: a line to begin, its end to stop. Its standard output: ``ready``, then how many.
"""

from __future__ import annotations

import secrets
import sys
import threading
import uuid
from typing import TYPE_CHECKING

from consentcore.config import load_ini
from consentcore.consent.decision import Decision
from consentcore.consent.snapshot import make_snapshot
from consentcore.domain.event import Evidence
from consentcore.domain.owner import Owner
from consentcore.ports.storage import transact
from consentcore.runtime import build_runtime
from consentcore.testing import factories

if TYPE_CHECKING:
    from consentcore.domain.client import Client
    from consentcore.ports.transactions import UnitOfWork
    from consentcore.runtime import Runtime


def consent(runtime: Runtime, client: Client) -> None:
    """Somebody new comes, is asked, and presses Approve."""
    now = runtime.clock.now()
    owner = Owner(str(uuid.uuid4()), f"{secrets.token_hex(8)}@example.org", now)
    transact(runtime.storage, lambda uow: uow.owners.add(owner))
    interaction = factories.interaction(
        client.client_id,
        request=factories.request(client.client_id, scopes=client.scopes),
        owner_id=owner.owner_id,
        created_at=now,
        expires_at=now + 600_000,
    )
    runtime.storage.protocol.open_interaction(interaction)

    def approve(uow: UnitOfWork) -> None:
        runtime.service.approve(
            uow,
            interaction=interaction,
            client=client,
            owner=owner,
            decision=Decision(client.scopes),
            evidence=Evidence("button:approve", ip_coarse="192.0.2.0/24"),
            snapshot=make_snapshot({"text": "May this application read what you allow here?"}, now),
        )

    transact(runtime.storage, approve)


def main() -> None:
    """Write until the end of standard input."""
    runtime = build_runtime(load_ini(sys.argv[1]))
    with runtime.storage.reading() as uow:
        client = uow.clients.list(limit=1)[0]
    consent(runtime, client)  # what is done once is done
    over = threading.Event()
    print("ready", flush=True)
    sys.stdin.readline()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    done = 0
    while not over.is_set():
        consent(runtime, client)
        done += 1
    print(done, flush=True)
    runtime.close()


if __name__ == "__main__":
    main()
