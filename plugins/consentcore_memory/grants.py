"""Grants inside a transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from consentcore.api import Client, Grant, GrantState
from consentcore_memory.engine import Session


class MemoryGrants:
    """:class:`consentcore.api.GrantRepository` in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, grant_id: str, *, lock: bool = False) -> Grant | None:
        return self._session.view(lock=lock).grants.get(grant_id)

    def active_of(self, owner_id: str, client_id: str, *, lock: bool = False) -> Grant | None:
        return self._session.view(lock=lock).active_grant(owner_id, client_id)

    def asked(self, owner_id: str, client_id: str) -> tuple[Client | None, Grant | None]:
        return self._session.state.clients.get(client_id), self.active_of(owner_id, client_id)

    def add(self, grant: Grant) -> None:
        if grant.grant_id in self._session.draft.grants:
            raise self._session.collision(f"there is a grant {grant.grant_id!r} already")
        self._store(grant)

    def update(self, grant: Grant, *, expected_sequence: int) -> None:
        before = self._session.draft.grants.get(grant.grant_id)
        if before is None or before.sequence != expected_sequence:
            raise self._session.collision(f"grant {grant.grant_id} has changed meanwhile")
        if before.state is GrantState.ACTIVE:
            self._session.draft.active.drop([(before.owner_id, before.client_id)])
        self._store(grant)

    def of_owner(
        self,
        owner_id: str,
        states: Iterable[GrantState],
        *,
        client_id: str = "",
        after: str = "",
        limit: int = 100,
    ) -> Sequence[Grant]:
        rows = self._narrowed(states, owner_id=owner_id, client_id=client_id)
        if after:
            last = self.get(after)
            rows = (row for row in rows if last is not None and _recency(row) < _recency(last))
        return sorted(rows, key=_recency, reverse=True)[:limit]

    def active_of_owners(self, owner_ids: Collection[str]) -> Sequence[Grant]:
        wanted = frozenset(owner_ids)
        return [row for row in self._narrowed([GrantState.ACTIVE]) if row.owner_id in wanted]

    def all(
        self,
        *,
        client_id: str = "",
        states: Iterable[GrantState] | None = None,
        after: str = "",
        limit: int = 500,
    ) -> Sequence[Grant]:
        rows = self._narrowed(GrantState if states is None else states, client_id=client_id)
        return sorted((row for row in rows if row.grant_id > after), key=lambda row: row.grant_id)[:limit]

    def ending(self, behind: tuple[int, str], until: int, limit: int) -> Sequence[Grant]:
        active = (row for row in self._session.state.grants.values() if row.state is GrantState.ACTIVE)
        rows = (row for row in active if behind < _end(row) and row.expires_at <= until)
        return sorted(rows, key=_end)[:limit]

    def due(self, now: int, limit: int) -> Sequence[Grant]:
        state = self._session.state
        off = {row.client_id for row in state.clients.values() if not row.enabled}
        active = (row for row in state.grants.values() if row.state is GrantState.ACTIVE)
        rows = (row for row in active if row.expires_at <= now or row.client_id in off)
        return sorted(rows, key=_end)[:limit]

    def _narrowed(
        self, states: Iterable[GrantState], *, owner_id: str = "", client_id: str = ""
    ) -> Iterable[Grant]:
        wanted = frozenset(states)
        for row in self._session.state.grants.values():
            if row.state in wanted and owner_id in {"", row.owner_id} and client_id in {"", row.client_id}:
                yield row

    def _store(self, grant: Grant) -> None:
        draft, pair = self._session.draft, (grant.owner_id, grant.client_id)
        if grant.state is GrantState.ACTIVE:
            if pair in draft.active:
                raise self._session.collision("the owner has an active grant for this client already")
            draft.active.put(pair, grant.grant_id)
        draft.grants.put(grant.grant_id, grant)


def _end(grant: Grant) -> tuple[int, str]:
    return (grant.expires_at, grant.grant_id)


def _recency(grant: Grant) -> tuple[int, str]:
    return (grant.changed_at, grant.grant_id)
