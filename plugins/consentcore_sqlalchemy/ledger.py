"""The ledger inside a transaction."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Select, bindparam, delete, exists, insert, select, tuple_

from consentcore.api import Checkpoint, ConsentEvent, Disclosure, NoticeSnapshot, Tombstone
from consentcore_sqlalchemy.grants import _grant
from consentcore_sqlalchemy.rows.ledger import (
    CHECKPOINTS,
    DISCLOSURES,
    EVENTS,
    FIRST_COPY,
    SNAPSHOT,
    SNAPSHOTS,
    TOMBSTONES,
)
from consentcore_sqlalchemy.sequencing import sequence
from consentcore_sqlalchemy.tables import checkpoint as checkpoint_table
from consentcore_sqlalchemy.tables import consent_event, disclosure, notice_snapshot, tombstone
from consentcore_sqlalchemy.work import Work

_event = consent_event.c
T = TypeVar("T")
TOGETHER = 500
"""Rows in one statement: SQLite takes no more than some 32,000 parameters."""
_same = notice_snapshot.alias("same")
_PUT = insert(notice_snapshot).from_select(
    [column.key for column in notice_snapshot.c],
    select(*(bindparam(column.key, type_=column.type) for column in notice_snapshot.c)).where(
        ~exists().where(_same.c.snapshot_hash == bindparam("snapshot_hash", type_=_same.c.snapshot_hash.type))
    ),
)
"""Stores a page unless it is there. With ON CONFLICT, whoever shows a new page would wait for the end of the
transaction of who showed it a moment before: only the row is unique, and of two copies the first counts."""


class SqlLedger:
    """:class:`consentcore.api.LedgerRepository` in SQL."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def append(self, event: ConsentEvent) -> None:
        self._work.add(consent_event, EVENTS.values(event))

    def of_grant(self, grant_id: str) -> Sequence[ConsentEvent]:
        return self._events(
            select(consent_event).where(_event.grant_id == grant_id).order_by(_event.sequence)
        )

    def of_grants(self, grant_ids: Collection[str]) -> Sequence[ConsentEvent]:
        if not grant_ids:
            return []
        theirs = select(consent_event).where(_event.grant_id.in_(list(grant_ids)))
        return self._events(theirs.order_by(_event.grant_id, _event.sequence))

    def of_owner(self, owner_id: str, *, before: str = "", limit: int = 100) -> Sequence[ConsentEvent]:
        page = select(consent_event).where(_event.owner_id == owner_id)
        if before:
            last = consent_event.alias("last")
            found = last.c.event_id == before
            when = select(last.c.occurred_at).where(found).scalar_subquery()
            number = select(last.c.sequence).where(found).scalar_subquery()
            place = tuple_(_event.occurred_at, _event.sequence, _event.event_id)
            page = page.where(place < tuple_(when, number, before))
        page = page.order_by(_event.occurred_at.desc(), _event.sequence.desc(), _event.event_id.desc())
        return self._events(page.limit(limit))

    def get(self, event_id: str) -> ConsentEvent | None:
        row = self._work.first(select(consent_event).where(_event.event_id == event_id))
        return EVENTS.read(row) if row else None

    def orphans(self, limit: int) -> Sequence[ConsentEvent]:
        known = exists().where(_grant.grant_id == _event.grant_id)
        return self._events(
            select(consent_event).where(~known).order_by(_event.grant_id, _event.sequence).limit(limit)
        )

    def put_snapshot(self, snapshot: NoticeSnapshot) -> None:
        self._work.write_all(_PUT, [{**SNAPSHOTS.values(snapshot), "copy": secrets.token_hex(16)}])

    def snapshot(self, snapshot_hash: str) -> NoticeSnapshot | None:
        found = notice_snapshot.c.snapshot_hash == snapshot_hash
        row = self._work.first(select(*SNAPSHOT).where(found, FIRST_COPY))
        return SNAPSHOTS.read(row) if row else None

    def put_disclosures(self, disclosures: Sequence[Disclosure]) -> None:
        for some in _parts(disclosures):
            new = self._work.upsert(disclosure).values([DISCLOSURES.values(one) for one in some])
            self._work.write(new.on_conflict_do_nothing(index_elements=["digest"]))

    def disclosures(self, digests: Collection[str]) -> Mapping[str, Disclosure]:
        found: dict[str, Disclosure] = {}
        for some in _parts(list(digests)):
            rows = self._work.rows(select(disclosure).where(disclosure.c.digest.in_(some)))
            found.update((one.digest, one) for one in map(DISCLOSURES.read, rows))
        return found

    def forget(self, tombstones: Sequence[Tombstone]) -> None:
        for some in _parts(tombstones):
            subjects = [one.subject for one in some]
            self._work.write(delete(disclosure).where(disclosure.c.digest.in_(subjects)))
            self._work.write(delete(notice_snapshot).where(notice_snapshot.c.snapshot_hash.in_(subjects)))
            new = self._work.upsert(tombstone).values([TOMBSTONES.values(one) for one in some])
            self._work.write(new.on_conflict_do_nothing(index_elements=["subject"]))

    def tombstones(self, subjects: Collection[str]) -> Mapping[str, Tombstone]:
        found: dict[str, Tombstone] = {}
        for some in _parts(list(subjects)):
            rows = self._work.rows(select(tombstone).where(tombstone.c.subject.in_(some)))
            found.update((one.subject, one) for one in map(TOMBSTONES.read, rows))
        return found

    def sequence_leaves(self, limit: int, *, start: int = 0) -> int:
        return sequence(self._work, limit, start)

    def leaves(self, start: int, limit: int) -> Sequence[ConsentEvent]:
        return self._events(
            select(consent_event).where(_event.leaf_index >= start).order_by(_event.leaf_index).limit(limit)
        )

    def add_checkpoint(self, checkpoint: Checkpoint) -> None:
        self._work.add(checkpoint_table, CHECKPOINTS.values(checkpoint))

    def checkpoints(self, *, after: int = 0, limit: int | None = None) -> Sequence[Checkpoint]:
        size = checkpoint_table.c.size
        page = select(checkpoint_table).where(size > after).order_by(size).limit(limit)
        return [CHECKPOINTS.read(row) for row in self._work.rows(page)]

    def newest_checkpoint(self) -> Checkpoint | None:
        newest = select(checkpoint_table).order_by(checkpoint_table.c.size.desc()).limit(1)
        row = self._work.first(newest)
        return CHECKPOINTS.read(row) if row else None

    def _events(self, statement: Select[Any]) -> Sequence[ConsentEvent]:
        return [EVENTS.read(row) for row in self._work.rows(statement)]


def _parts(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(rows), TOGETHER):
        yield rows[start : start + TOGETHER]
