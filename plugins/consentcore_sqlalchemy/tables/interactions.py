"""Pending authorization requests."""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary, Table

from consentcore_sqlalchemy.tables.base import Hash, Id, Json, Ms, metadata

interaction = Table(
    "interaction",
    metadata,
    Column("interaction_hash", Hash, primary_key=True),
    Column("session_hash", Hash, nullable=False),
    Column("request", Json, nullable=False),
    Column("created_at", Ms, nullable=False),
    Column("expires_at", Ms, nullable=False, index=True),
    Column("owner_id", Id, nullable=False),
    # what shows that we wrote it
    Column("seal", LargeBinary),
)
