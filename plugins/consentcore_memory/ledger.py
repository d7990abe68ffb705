"""The ledger inside a transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from consentcore.api import Checkpoint, ConsentEvent, Disclosure, NoticeSnapshot, Tombstone
from consentcore_memory.engine import Session


class MemoryLedger:
    """:class:`consentcore.api.LedgerRepository` in memory."""

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

    def of_grants(self, grant_ids: Collection[str]) -> Sequence[ConsentEvent]:
        return [event for grant_id in sorted(set(grant_ids)) for event in self.of_grant(grant_id)]

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

    def put_disclosures(self, disclosures: Sequence[Disclosure]) -> None:
        kept = self._session.draft.disclosures
        for one in disclosures:
            if one.digest not in kept:
                kept.put(one.digest, one)

    def disclosures(self, digests: Collection[str]) -> Mapping[str, Disclosure]:
        kept = self._session.state.disclosures
        found = ((digest, kept.get(digest)) for digest in digests)
        return {digest: one for digest, one in found if one is not None}

    def forget(self, tombstones: Sequence[Tombstone]) -> None:
        draft = self._session.draft
        subjects = [one.subject for one in tombstones]
        draft.disclosures.drop(subjects)
        draft.snapshots.drop(subjects)
        for one in tombstones:
            if one.subject not in draft.tombstones:
                draft.tombstones.put(one.subject, one)

    def tombstones(self, subjects: Collection[str]) -> Mapping[str, Tombstone]:
        kept = self._session.state.tombstones
        found = ((subject, kept.get(subject)) for subject in subjects)
        return {subject: one for subject, one in found if one is not None}

    def sequence_leaves(self, limit: int, *, start: int = 0) -> int:
        draft = self._session.draft
        waiting = list(
            islice(in_chains(row for row in draft.events.values() if row.leaf_index is None), limit)
        )
        first = (
            max(start, 1 + max((index for index, _ in draft.leaves.items()), default=-1)) if waiting else 0
        )
        for index, event in enumerate(waiting, start=first):
            draft.events.put(event.event_id, replace(event, leaf_index=index))
            draft.leaves.put(index, event.event_id)
        return len(waiting)

    def leaves(self, start: int, limit: int) -> Sequence[ConsentEvent]:
        leaves = self._session.state.leaves
        return self._events(leaves.get(index) for index in range(max(start, 0), start + limit))

    def add_checkpoint(self, checkpoint: Checkpoint) -> None:
        if checkpoint.size in self._session.draft.checkpoints:
            raise self._session.collision(f"there is a checkpoint of size {checkpoint.size} already")
        self._session.draft.checkpoints.put(checkpoint.size, checkpoint)

    def checkpoints(self, *, after: int = 0, limit: int | None = None) -> Sequence[Checkpoint]:
        found = sorted(self._session.state.checkpoints.values(), key=lambda row: row.size)
        return [row for row in found if row.size > after][:limit]

    def newest_checkpoint(self) -> Checkpoint | None:
        return max(self._session.state.checkpoints.values(), key=lambda row: row.size, default=None)

    def _events(self, event_ids: Iterable[str | None]) -> Sequence[ConsentEvent]:
        events = self._session.state.events
        rows = (events.get(event_id) for event_id in event_ids if event_id is not None)
        return [row for row in rows if row is not None]


def in_chains(events: Iterable[ConsentEvent]) -> Sequence[ConsentEvent]:
    """Events by time, those of a grant by its chain: a clock may go back, a chain may not."""
    order: dict[str, tuple[int, str, int]] = {}
    latest: dict[str, int] = {}
    found = sorted(events, key=lambda row: (row.grant_id, row.sequence))
    for row in found:
        latest[row.grant_id] = max(row.occurred_at, latest.get(row.grant_id, row.occurred_at))
        order[row.event_id] = (latest[row.grant_id], row.grant_id, row.sequence)
    return sorted(found, key=lambda row: order[row.event_id])


def _age(event: ConsentEvent) -> tuple[int, int, str]:
    return (event.occurred_at, event.sequence, event.event_id)
