"""What may be used once, and pushed requests."""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary, Table, Text

from consentcore_sqlalchemy.tables.base import Hash, Id, Ms, metadata

pushed_request = Table(
    "pushed_request",
    metadata,
    Column("request_hash", Hash, primary_key=True),
    Column("client_id", Id, nullable=False),
    Column("query", Text, nullable=False),
    Column("created_at", Ms, nullable=False),
    Column("expires_at", Ms, nullable=False, index=True),
    # what shows that we wrote it
    Column("seal", LargeBinary),
)


# What may be used once until its time is over: the hash says nothing of what it was.
used_once = Table(
    "used_once",
    metadata,
    Column("key_hash", Hash, primary_key=True),
    Column("expires_at", Ms, nullable=False, index=True),
)
