"""Keeping an application out: for a while (suspend, resume) or for good (disable)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from consentcore.clients.service import find_client
from consentcore.consent import shut_out
from consentcore.consent.reason import check_reason
from consentcore.domain.client import Client, ClientKind, Halt
from consentcore.domain.errors import InvalidInput, InvalidTransition, NotFound
from consentcore.domain.grant import Grant, standing
from consentcore.domain.grant_states import GrantState
from consentcore.ports.storage import transact

if TYPE_CHECKING:
    from consentcore.consent.service import ConsentService
    from consentcore.domain.clock import Clock
    from consentcore.ports.storage import Storage
    from consentcore.ports.transactions import UnitOfWork

CAPABILITY = "client_suspension"
"""Of a storage plugin that keeps who kept a client out, and refuses the tokens of one that is suspended."""
PAGE = 500
_ACTIVE = frozenset({GrantState.ACTIVE})


@dataclass(frozen=True)
class AccessChange:
    """A client after the call, and whether it made a difference."""

    client: Client
    changed: bool


@dataclass(frozen=True)
class ClientAccess:
    """Whether a client is let in. Every call is a transaction of its own, or several: an application may have many
    permissions that end with it.

    :ivar consents: ends them.
    :ivar can_suspend: the storage declares :data:`CAPABILITY`.
    :ivar storage_name: of that plugin.
    """

    storage: Storage
    clock: Clock
    consents: ConsentService
    can_suspend: bool
    storage_name: str

    def standing_consents(self, client_id: str) -> int:
        """How many permissions of a client stand now.

        :raises NotFound: when there is no such client.
        """
        with self.storage.reading() as uow:
            client = find_client(uow, client_id)
        now = self.clock.now()
        return sum(standing(grant, now, client).active for grant in self._active(client_id))

    def disable(self, client_id: str, *, by: str, reason: str) -> AccessChange:
        """Shut a client out: its tokens are dead at once, and each of its permissions ends for good, now and by
        ``by``.

        The worker writes the events. Where the storage does not keep who it was and why, they are written here.

        :raises NotFound: when there is no such client.
        :raises InvalidInput: field ``reason``, see :func:`~consentcore.consent.reason.check_reason`.
        """
        halt = Halt(self.clock.now(), by, check_reason(reason))

        def disabled(client: Client) -> Client:
            if not client.enabled:
                return client
            return replace(client, enabled=False, disabled=halt, suspended=None)

        done = self._change(client_id, disabled)
        if done.changed and done.client.disabled != halt:
            self._end_all(replace(done.client, disabled=halt))
        return done

    def enable(self, client_id: str) -> AccessChange:
        """Let a disabled client in again, once the permissions that ended with it are all recorded as ended.

        :raises NotFound: when there is no such client.
        """
        with self.storage.reading() as uow:
            client = find_client(uow, client_id)
        if not client.enabled:
            self._end_all(client)
        return self._change(client_id, lambda one: replace(one, enabled=True, disabled=None))

    def suspend(self, client_id: str, *, by: str, reason: str) -> AccessChange:
        """Keep an application out for a while: its tokens are refused, its permissions stand.

        :raises NotFound: when there is no such client.
        :raises InvalidInput: field ``client_id``, when it is an API or is disabled; ``reason``; or
            ``consentcore.storage``, when the storage cannot do it. Nothing was changed then.
        """
        checked_reason = check_reason(reason)
        if not self.can_suspend:
            raise self._cannot_suspend
        halt = Halt(self.clock.now(), by, checked_reason)

        def suspended(client: Client) -> Client:
            if client.kind is not ClientKind.APPLICATION:
                raise InvalidInput(
                    "client_id", "expected an application; this is an API, which gets no data of anybody"
                )
            if not client.enabled:
                raise InvalidInput(
                    "client_id", "expected an application that is enabled; this one is disabled"
                )
            return client if client.suspended is not None else replace(client, suspended=halt)

        def check(client: Client) -> None:
            if client.suspended is None:
                raise self._cannot_suspend

        return self._change(client_id, suspended, check)

    def resume(self, client_id: str) -> AccessChange:
        """Let a suspended application go on as if nothing had been.

        :raises NotFound: when there is no such client.
        """
        return self._change(client_id, lambda client: replace(client, suspended=None))

    def _change(
        self,
        client_id: str,
        change: Callable[[Client], Client],
        check: Callable[[Client], None] = lambda _client: None,
    ) -> AccessChange:
        """Change a client in a transaction of its own.

        :param check: is given the client as the storage has kept it; what it raises undoes the change.
        """

        def store(uow: UnitOfWork) -> AccessChange:
            before = find_client(uow, client_id)
            after = change(before)
            if after == before:
                return AccessChange(before, changed=False)
            uow.clients.update(after)
            kept = find_client(uow, client_id)
            check(kept)
            return AccessChange(kept, changed=True)

        return transact(self.storage, store)

    def _end_all(self, client: Client) -> None:
        for grant in self._active(client.client_id):
            # Over by its date: the worker's; ended by somebody meanwhile: nobody's.
            with suppress(InvalidTransition, NotFound):
                transact(self.storage, partial(self._end, grant, client))

    def _end(self, grant: Grant, client: Client, uow: UnitOfWork) -> None:
        shut_out.end(self.consents, uow, grant, client, self.clock.now())

    def _active(self, client_id: str) -> Iterator[Grant]:
        after = ""
        while True:
            with self.storage.reading() as uow:
                page = uow.grants.of_client(client_id, _ACTIVE, after=after, limit=PAGE)
            yield from page
            if len(page) < PAGE:
                return
            after = page[-1].grant_id

    @property
    def _cannot_suspend(self) -> InvalidInput:
        return InvalidInput(
            "consentcore.storage",
            f"expected a plugin with the capability {CAPABILITY}, which {self.storage_name} has not: the tokens of "
            "a suspended application would go on working. Nothing was changed; `client disable` shuts it out, for good",
        )
