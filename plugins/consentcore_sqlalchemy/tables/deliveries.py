"""Deliveries and their attempts."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, UniqueConstraint, text

from consentcore_sqlalchemy.tables.base import PENDING_ONLY, Id, Ms, metadata

delivery = Table(
    "delivery",
    metadata,
    Column("delivery_id", Id, primary_key=True),
    Column("notice_id", Id, ForeignKey("notice.notice_id"), nullable=False),
    Column("notifier", Id, nullable=False),
    Column("target", Id, nullable=False),
    Column("created_at", Ms, nullable=False),
    Column("next_at", Ms, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("lease_until", Ms),
    Column("lease_token", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("last_error", Text, nullable=False),
    Column("finished_at", Ms),
    Column("before_replay", Text),
    Column("next_before_replay", Ms),
    # what shows that we wrote it
    Column("seal", LargeBinary),
    UniqueConstraint("notice_id", "notifier", "target"),
    Index(
        "delivery_due",
        "next_at",
        "delivery_id",
        postgresql_where=PENDING_ONLY,
        sqlite_where=PENDING_ONLY,
    ),
    # by target: a claim goes from one to the next, past whatever backlog a busy one has
    Index(
        "delivery_lane",
        "notifier",
        "target",
        "next_at",
        "delivery_id",
        postgresql_where=PENDING_ONLY,
        sqlite_where=PENDING_ONLY,
    ),
    Index("delivery_newest", "created_at", "delivery_id"),
    Index("delivery_of_target", "target", "created_at", "delivery_id"),
    Index(
        "delivery_dead",
        "delivery_id",
        postgresql_where=text("state = 'dead'"),
        sqlite_where=text("state = 'dead'"),
    ),
)


delivery_attempt = Table(
    "delivery_attempt",
    metadata,
    Column("delivery_id", Id, ForeignKey("delivery.delivery_id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("started_at", Ms, nullable=False),
    Column("latency_ms", Integer, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("status", Integer),
    Column("error", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("trigger", Text, nullable=False),
)
