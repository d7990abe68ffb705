"""Tickets of owners."""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary, Table, Text

from consentcore_sqlalchemy.tables.base import Hash, Id, Ms, metadata

owner_ticket = Table(
    "owner_ticket",
    metadata,
    Column("ticket_hash", Hash, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("owner_id", Id, nullable=False, index=True),
    Column("created_at", Ms, nullable=False),
    Column("expires_at", Ms, nullable=False, index=True),
    Column("payload", Text, nullable=False),
    Column("used_at", Ms),
    # what shows that we wrote it
    Column("seal", LargeBinary),
)
