"""Ending the permissions of an application that was shut out: by whom, since when and why its record says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from consentcore.domain.event import Evidence
from consentcore.domain.grant import standing
from consentcore.domain.grant_states import GrantState
from consentcore.domain.parties import Actor, ActorType

if TYPE_CHECKING:
    from consentcore.consent.service import ConsentService
    from consentcore.consent.transition import GrantChange
    from consentcore.domain.client import Client
    from consentcore.domain.grant import Grant
    from consentcore.ports.storage import Storage
    from consentcore.ports.transactions import UnitOfWork

CLIENT_DISABLED = "client_disabled"
"""Why such a grant ended, in events and webhooks."""
PAGE = 500
WORKER = Actor(ActorType.SYSTEM, "worker")


def end(
    service: ConsentService, uow: UnitOfWork, grant: Grant, client: Client | None, now: int
) -> GrantChange:
    """Revoke a grant of a client that is disabled, or gone, as of the moment at which it was.

    :param now: milliseconds since the epoch.
    :raises NotFound: when there is no such grant.
    :raises InvalidTransition: when it has ended otherwise.
    """
    halt = client.disabled if client is not None else None
    return service.revoke(
        uow,
        grant.grant_id,
        actor=Actor(ActorType.OPERATOR, halt.by) if halt else WORKER,
        evidence=Evidence(
            "system:client_disabled", reason_code=CLIENT_DISABLED, reason_text=halt.reason if halt else ""
        ),
        effective_at=standing(grant, now, client).ended_at if halt else None,
    )


def active_grants(storage: Storage, client_id: str) -> Iterator[Grant]:
    """Grants of a client in state ACTIVE, read page by page.

    :raises StorageError: when the store fails.
    """
    after = ""
    while True:
        with storage.reading() as uow:
            page = uow.grants.all(client_id=client_id, states=[GrantState.ACTIVE], after=after, limit=PAGE)
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].grant_id


def disabled_clients(storage: Storage) -> Iterator[Client]:
    """Clients that are disabled, found among all: for a storage whose ``due`` does not find their grants.

    :raises StorageError: when the store fails.
    """
    after = ""
    while True:
        with storage.reading() as uow:
            page = uow.clients.list(after=after, limit=PAGE)
        yield from (client for client in page if not client.enabled)
        if len(page) < PAGE:
            return
        after = page[-1].client_id
