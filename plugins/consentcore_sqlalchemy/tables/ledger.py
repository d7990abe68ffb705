"""The evidence of how grants came about."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text, UniqueConstraint, text

from consentcore_sqlalchemy.tables.base import Hash, Id, Ms, metadata

consent_event = Table(
    "consent_event",
    metadata,
    Column("event_id", Id, primary_key=True),
    Column("grant_id", Id, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("type", Text, nullable=False),
    Column("owner_id", Id, nullable=False),
    Column("client_id", Id, nullable=False),
    Column("occurred_at", Ms, nullable=False),
    Column("body", Text, nullable=False),
    Column("prev_hash", Hash, nullable=False),
    Column("record_hash", Hash, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("leaf_index", BigInteger),
    UniqueConstraint("grant_id", "sequence"),
    UniqueConstraint("leaf_index"),
    Index("consent_event_of_owner", "owner_id", "occurred_at", "sequence", "event_id"),
    Index(
        "consent_event_waiting",
        "leaf_index",
        "occurred_at",
        "grant_id",
        "sequence",
        "event_id",
        postgresql_where=text("leaf_index IS NULL"),
        sqlite_where=text("leaf_index IS NULL"),
    ),
)


notice_snapshot = Table(
    "notice_snapshot",
    metadata,
    Column("snapshot_hash", Id, primary_key=True),
    Column("content", Text, nullable=False),
    Column("created_at", Ms, nullable=False),
    # what shows that we wrote it
    Column("seal", LargeBinary),
    # Of the key too: two who show a new page at once store it twice, and neither waits for the other.
    Column("copy", Id, primary_key=True, server_default=text("''")),
)


disclosure = Table(
    "disclosure",
    metadata,
    Column("digest", Id, primary_key=True),
    Column("encoded", Text, nullable=False),
)


tombstone = Table(
    "tombstone",
    metadata,
    Column("subject", Id, primary_key=True),
    Column("forgotten_at", Ms, nullable=False),
    Column("reason", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("seal", Hash, nullable=False),
)


checkpoint = Table(
    "checkpoint",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("root", Hash, nullable=False),
    Column("created_at", Ms, nullable=False),
    Column("signature", Hash, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("note", Text, nullable=False, server_default=text("''")),
    Column("previous", BigInteger, nullable=False, server_default=text("0")),
    Column("seal", Hash, nullable=True),
)
