"""Rows of consent events, snapshots and checkpoints."""

from __future__ import annotations

from consentcore.api import Checkpoint, ConsentEvent, EventType, NoticeSnapshot
from consentcore_sqlalchemy.rows.common import Row, Values


def event_values(event: ConsentEvent) -> Values:
    """Columns of a consent event."""
    return {
        "event_id": event.event_id,
        "grant_id": event.grant_id,
        "sequence": event.sequence,
        "type": event.type.value,
        "owner_id": event.owner_id,
        "client_id": event.client_id,
        "occurred_at": event.occurred_at,
        "body": event.body,
        "prev_hash": event.prev_hash,
        "record_hash": event.record_hash,
        "key_id": event.key_id,
        "leaf_index": event.leaf_index,
    }


def event_from(row: Row) -> ConsentEvent:
    """Read a consent event."""
    return ConsentEvent(
        event_id=row[0],
        grant_id=row[1],
        sequence=row[2],
        type=EventType(row[3]),
        owner_id=row[4],
        client_id=row[5],
        occurred_at=row[6],
        body=row[7],
        prev_hash=row[8],
        record_hash=row[9],
        key_id=row[10],
        leaf_index=row[11],
    )


def snapshot_values(snapshot: NoticeSnapshot) -> Values:
    """Columns of a notice snapshot."""
    return {
        "snapshot_hash": snapshot.snapshot_hash,
        "content": snapshot.content,
        "created_at": snapshot.created_at,
    }


def snapshot_from(row: Row) -> NoticeSnapshot:
    """Read a notice snapshot."""
    return NoticeSnapshot(row[0], row[1], row[2])


def checkpoint_values(checkpoint: Checkpoint) -> Values:
    """Columns of a checkpoint."""
    return {
        "size": checkpoint.size,
        "root": checkpoint.root,
        "created_at": checkpoint.created_at,
        "signature": checkpoint.signature,
        "key_id": checkpoint.key_id,
    }


def checkpoint_from(row: Row) -> Checkpoint:
    """Read a checkpoint."""
    return Checkpoint(row[0], row[1], row[2], row[3], row[4])
