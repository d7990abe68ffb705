"""Counters in fixed windows."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, Table

from consentcore_sqlalchemy.tables.base import Hash, Ms, metadata

# The key is hashed: it may hold an address, and must not be limited by what an index can hold.
counter = Table(
    "counter",
    metadata,
    Column("key_hash", Hash, primary_key=True),
    Column("window_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("window_start", Ms, primary_key=True, autoincrement=False),
    Column("hits", Integer, nullable=False),
    Column("ends_at", Ms, nullable=False, index=True),
)
