"""Notices."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text, text

from consentcore_sqlalchemy.tables.base import Id, Json, Ms, metadata

notice = Table(
    "notice",
    metadata,
    Column("notice_id", Id, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("grant_id", Id, nullable=False, index=True),
    Column("client_id", Id, nullable=False),
    Column("owner_id", Id, nullable=False),
    Column("audiences", Json, nullable=False),
    Column("occurred_at", Ms, nullable=False),
    Column("data", Text, nullable=False),
    Column("expanded_at", Ms),
    # the place in the feed of the client; given when the client asks, so that what commits late is not passed over
    Column("feed_index", BigInteger),
    # what shows that we wrote it
    Column("seal", LargeBinary),
    Index("notice_feed", "client_id", "feed_index", unique=True),
    Index(
        "notice_unexpanded",
        "occurred_at",
        "notice_id",
        postgresql_where=text("expanded_at IS NULL"),
        sqlite_where=text("expanded_at IS NULL"),
    ),
)
