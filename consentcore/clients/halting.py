"""Keeping an application out: for a while (suspend, resume) or for good (disable)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from consentcore.consent import shut_out
from consentcore.domain.client import Client, ClientKind, Halt
from consentcore.domain.errors import InvalidInput, InvalidTransition, NotFound
from consentcore.domain.grant import Grant, standing
from consentcore.domain.grant_states import GrantState
from consentcore.ports.storage import transact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from consentcore.ports.transactions import UnitOfWork
    from consentcore.runtime import Runtime

CAPABILITY = "client_suspension"
"""Of a storage plugin that keeps who kept a client out, and refuses the tokens of one that is suspended."""
PAGE = 500
_ACTIVE = frozenset({GrantState.ACTIVE})


@dataclass(frozen=True)
class Halted:
    """A client after the call, and whether it made a difference."""

    client: Client
    changed: bool


def standing_consents(runtime: Runtime, client_id: str) -> int:
    """How many permissions of a client stand now.

    :raises NotFound: when there is no such client.
    """
    with runtime.storage.reading() as uow:
        client = _found(uow, client_id)
    now = runtime.clock.now()
    return sum(standing(grant, now, client).active for grant in _active(runtime, client_id))


def disable(runtime: Runtime, client_id: str, *, by: str, reason: str) -> Halted:
    """Shut a client out: its tokens are dead at once, and each of its permissions ends for good, now and by ``by``.

    The worker writes the events. Where the storage does not keep who it was and why, they are written here.

    :raises NotFound: when there is no such client.
    """
    halt = Halt(runtime.clock.now(), by, reason)
    halted = _change(
        runtime,
        client_id,
        lambda client: (
            replace(client, enabled=False, disabled=halt, suspended=None) if client.enabled else client
        ),
    )
    if halted.changed and halted.client.disabled != halt:
        _end_all(runtime, replace(halted.client, disabled=halt))
    return halted


def enable(runtime: Runtime, client_id: str) -> Halted:
    """Let a disabled client in again, once the permissions that ended with it are all recorded as ended.

    :raises NotFound: when there is no such client.
    """
    with runtime.storage.reading() as uow:
        client = _found(uow, client_id)
    if not client.enabled:
        _end_all(runtime, client)
    return _change(runtime, client_id, lambda one: replace(one, enabled=True, disabled=None))


def suspend(runtime: Runtime, client_id: str, *, by: str, reason: str) -> Halted:
    """Keep an application out for a while: its tokens are refused, its permissions stand.

    :raises NotFound: when there is no such client.
    :raises InvalidInput: when it is an API or is disabled, or when
        the storage cannot do it; nothing was changed then.
    """
    if not runtime.registry.storage_declares(CAPABILITY):
        raise _cannot_suspend(runtime)
    halt = Halt(runtime.clock.now(), by, reason)

    def suspended(client: Client) -> Client:
        if client.kind is not ClientKind.APPLICATION:
            raise InvalidInput(
                "CLIENT_ID", "expected an application; this is an API, which gets no data of anybody"
            )
        if not client.enabled:
            raise InvalidInput("CLIENT_ID", "expected an application that is enabled; this one is disabled")
        return client if client.suspended is not None else replace(client, suspended=halt)

    def checked(client: Client) -> None:
        if client.suspended is None:
            raise _cannot_suspend(runtime)

    return _change(runtime, client_id, suspended, checked)


def resume(runtime: Runtime, client_id: str) -> Halted:
    """Let a suspended application go on as if nothing had been.

    :raises NotFound: when there is no such client.
    """
    return _change(runtime, client_id, lambda client: replace(client, suspended=None))


def _change(
    runtime: Runtime,
    client_id: str,
    change: Callable[[Client], Client],
    check: Callable[[Client], None] = lambda _client: None,
) -> Halted:
    """Change a client in a transaction of its own.

    :param check: is given the client as the storage has kept it; what it raises undoes the change.
    """

    def store(uow: UnitOfWork) -> Halted:
        before = _found(uow, client_id)
        after = change(before)
        if after == before:
            return Halted(before, changed=False)
        uow.clients.update(after)
        kept = _found(uow, client_id)
        check(kept)
        return Halted(kept, changed=True)

    return transact(runtime.storage, store)


def _end_all(runtime: Runtime, client: Client) -> None:
    for grant in _active(runtime, client.client_id):
        # Over by its date: the worker's; ended by somebody meanwhile: nobody's.
        with suppress(InvalidTransition, NotFound):
            transact(runtime.storage, partial(_end, runtime, grant, client))


def _end(runtime: Runtime, grant: Grant, client: Client, uow: UnitOfWork) -> None:
    shut_out.end(runtime.service, uow, grant, client, runtime.clock.now())


def _active(runtime: Runtime, client_id: str) -> Iterator[Grant]:
    after = ""
    while True:
        with runtime.storage.reading() as uow:
            page = uow.grants.of_client(client_id, _ACTIVE, after=after, limit=PAGE)
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].grant_id


def _found(uow: UnitOfWork, client_id: str) -> Client:
    client = uow.clients.get(client_id)
    if client is None:
        raise NotFound("client", client_id)
    return client


def _cannot_suspend(runtime: Runtime) -> InvalidInput:
    return InvalidInput(
        "consentcore.storage",
        f"expected a plugin with the capability {CAPABILITY}, which {runtime.settings.storage} has not: the tokens of "
        "a suspended application would go on working. Nothing was changed; `client disable` shuts it out, for good",
    )
