"""Grants and the ledger inside a transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice

from consentcore.api import ENDED, Checkpoint, ConsentEvent, Grant, GrantState, NoticeSnapshot
from consentcore_shelf.engine import Session


class ShelfGrants:
    """:class:`consentcore.api.GrantRepository` in a file."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, grant_id: str) -> Grant | None:
        return self._session.state.grants.get(grant_id)

    def lock(self, grant_id: str) -> Grant | None:
        return self._session.draft.grants.get(grant_id)

    def lock_active(self, owner_id: str, client_id: str) -> Grant | None:
        return self._session.draft.active_grant(owner_id, client_id)

    def latest_ended(self, owner_id: str, client_id: str) -> Grant | None:
        rows = [row for row in self._of(owner_id=owner_id, states=ENDED) if row.client_id == client_id]
        return max(rows, key=_recency, default=None)

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
        self, owner_id: str, states: Iterable[GrantState], *, after: str = "", limit: int = 100
    ) -> Sequence[Grant]:
        rows = self._of(owner_id=owner_id, states=states)
        if after:
            last = self.get(after)
            rows = (row for row in rows if last is not None and _recency(row) < _recency(last))
        return sorted(rows, key=_recency, reverse=True)[:limit]

    def of_client(
        self, client_id: str, states: Iterable[GrantState], *, after: str = "", limit: int = 100
    ) -> Sequence[Grant]:
        rows = self._of(client_id=client_id, states=states)
        return sorted((row for row in rows if row.grant_id > after), key=lambda row: row.grant_id)[:limit]

    def all(self, *, after: str = "", limit: int = 500) -> Sequence[Grant]:
        rows = (row for row in self._session.state.grants.values() if row.grant_id > after)
        return sorted(rows, key=lambda row: row.grant_id)[:limit]

    def due(self, now: int, limit: int) -> Sequence[Grant]:
        state = self._session.state
        off = {row.client_id for row in state.clients.values() if not row.enabled}
        active = (row for row in state.grants.values() if row.state is GrantState.ACTIVE)
        rows = (row for row in active if row.expires_at <= now or row.client_id in off)
        return sorted(rows, key=lambda row: (row.expires_at, row.grant_id))[:limit]

    def _of(
        self, *, states: Iterable[GrantState], owner_id: str | None = None, client_id: str | None = None
    ) -> Iterable[Grant]:
        wanted = frozenset(states)
        for row in self._session.state.grants.values():
            if (
                row.state in wanted
                and owner_id in {None, row.owner_id}
                and client_id in {None, row.client_id}
            ):
                yield row

    def _store(self, grant: Grant) -> None:
        draft, pair = self._session.draft, (grant.owner_id, grant.client_id)
        if grant.state is GrantState.ACTIVE:
            if pair in draft.active:
                raise self._session.collision("the owner has an active grant for this client already")
            draft.active.put(pair, grant.grant_id)
        draft.grants.put(grant.grant_id, grant)


class ShelfLedger:
    """:class:`consentcore.api.LedgerRepository` in a file."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def append(self, event: ConsentEvent) -> None:
        draft = self._session.draft
        chain = draft.chains.get(event.grant_id) or {}
        if event.sequence in chain or event.event_id in draft.events:
            raise self._session.collision(f"grant {event.grant_id} has an event {event.sequence} already")
        draft.chains.put(event.grant_id, {**chain, event.sequence: event.event_id})
        draft.events.put(event.event_id, event)

    def of_grant(self, grant_id: str) -> Sequence[ConsentEvent]:
        state = self._session.state
        chain = state.chains.get(grant_id) or {}
        return self._events(chain[sequence] for sequence in sorted(chain))

    def of_owner(self, owner_id: str, *, before: str = "", limit: int = 100) -> Sequence[ConsentEvent]:
        rows = (row for row in self._session.state.events.values() if row.owner_id == owner_id)
        if before:
            last = self.get(before)
            rows = (row for row in rows if last is not None and _age(row) < _age(last))
        return sorted(rows, key=_age, reverse=True)[:limit]

    def get(self, event_id: str) -> ConsentEvent | None:
        return self._session.state.events.get(event_id)

    def orphans(self, limit: int) -> Sequence[ConsentEvent]:
        state = self._session.state
        return list(islice((row for row in state.events.values() if row.grant_id not in state.grants), limit))

    def put_snapshot(self, snapshot: NoticeSnapshot) -> None:
        if snapshot.snapshot_hash not in self._session.draft.snapshots:
            self._session.draft.snapshots.put(snapshot.snapshot_hash, snapshot)

    def snapshot(self, snapshot_hash: str) -> NoticeSnapshot | None:
        return self._session.state.snapshots.get(snapshot_hash)

    def sequence_leaves(self, limit: int) -> int:
        draft = self._session.draft
        waiting = list(islice((row for row in draft.events.values() if row.leaf_index is None), limit))
        for index, event in enumerate(waiting, start=len(draft.leaves)):
            draft.events.put(event.event_id, replace(event, leaf_index=index))
            draft.leaves.put(index, event.event_id)
        return len(waiting)

    def leaves(self, start: int, limit: int) -> Sequence[ConsentEvent]:
        leaves = self._session.state.leaves
        last = min(start + limit, len(leaves))
        return self._events(leaves.get(index) for index in range(max(start, 0), last))

    def add_checkpoint(self, checkpoint: Checkpoint) -> None:
        if checkpoint.size in self._session.draft.checkpoints:
            raise self._session.collision(f"there is a checkpoint of size {checkpoint.size} already")
        self._session.draft.checkpoints.put(checkpoint.size, checkpoint)

    def checkpoints(self) -> Sequence[Checkpoint]:
        return sorted(self._session.state.checkpoints.values(), key=lambda row: row.size)

    def _events(self, event_ids: Iterable[str | None]) -> Sequence[ConsentEvent]:
        events = self._session.state.events
        rows = (events.get(event_id) for event_id in event_ids if event_id is not None)
        return [row for row in rows if row is not None]


def _recency(grant: Grant) -> tuple[int, str]:
    return (grant.changed_at, grant.grant_id)


def _age(event: ConsentEvent) -> tuple[int, int, str]:
    return (event.occurred_at, event.sequence, event.event_id)
