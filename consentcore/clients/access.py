"""Keeping an application out: for a while (suspend, resume) or for good (disable)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from consentcore.clients.service import find_client
from consentcore.consent import shut_out
from consentcore.consent.reason import check_reason
from consentcore.domain.client import Client, ClientKind, Halt, Suspension
from consentcore.domain.errors import InvalidInput, InvalidTransition, NotFound
from consentcore.domain.grant import Grant, standing
from consentcore.ports.storage import transact

if TYPE_CHECKING:
    from consentcore.consent.service import ConsentService
    from consentcore.domain.clock import Clock
    from consentcore.ports.storage import Storage
    from consentcore.ports.transactions import UnitOfWork


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
    """

    storage: Storage
    clock: Clock
    consents: ConsentService

    def standing_consents(self, client_id: str) -> int:
        """How many permissions of a client stand now.

        :raises NotFound: when there is no such client.
        """
        with self.storage.reading() as uow:
            client = find_client(uow, client_id)
        now = self.clock.now()
        return sum(
            standing(grant, now, client).active for grant in shut_out.active_grants(self.storage, client_id)
        )

    def disable(self, client_id: str, *, by: str, reason: str) -> AccessChange:
        """Shut a client out: its tokens are dead at once, and each of its permissions ends for good, now and by
        ``by``.

        The worker writes the events.

        :raises NotFound: when there is no such client.
        :raises InvalidInput: field ``reason``, see :func:`~consentcore.consent.reason.check_reason`.
        """
        halt = Halt(self.clock.now(), by, check_reason(reason))

        def disabled(client: Client) -> Client:
            if not client.enabled:
                return client
            return replace(self._let_go(client), enabled=False, disabled=halt)

        return self._change(client_id, disabled)

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
        :raises InvalidInput: field ``client_id``, when it is an API or is disabled; or ``reason``. Nothing was changed
            then.
        """
        halt = Halt(self.clock.now(), by, check_reason(reason))

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

        return self._change(client_id, suspended)

    def resume(self, client_id: str) -> AccessChange:
        """Let a suspended application go on as if nothing had been.

        :raises NotFound: when there is no such client.
        """
        return self._change(client_id, self._let_go)

    def _let_go(self, client: Client) -> Client:
        """A client that is suspended no longer; that it was is kept."""
        if client.suspended is None:
            return client
        past = Suspension(client.suspended.at, self.clock.now())
        kept = (*client.suspensions, past) if past.since < past.until else client.suspensions
        return replace(client, suspended=None, suspensions=kept)

    def _change(self, client_id: str, change: Callable[[Client], Client]) -> AccessChange:
        """Change a client in a transaction of its own."""

        def store(uow: UnitOfWork) -> AccessChange:
            before = find_client(uow, client_id)
            after = change(before)
            if after == before:
                return AccessChange(before, changed=False)
            uow.clients.update(after)
            return AccessChange(after, changed=True)

        return transact(self.storage, store)

    def _end_all(self, client: Client) -> None:
        for grant in shut_out.active_grants(self.storage, client.client_id):
            # Over by its date: the worker's; ended by somebody meanwhile: nobody's.
            with suppress(InvalidTransition, NotFound):
                transact(self.storage, partial(self._end, grant, client))

    def _end(self, grant: Grant, client: Client, uow: UnitOfWork) -> None:
        shut_out.end(self.consents, uow, grant, client, self.clock.now())
