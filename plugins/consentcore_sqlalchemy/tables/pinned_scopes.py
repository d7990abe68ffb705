"""What entries of the scope catalog said."""

from __future__ import annotations

from sqlalchemy import Column, Integer, LargeBinary, Table, Text

from consentcore_sqlalchemy.tables.base import Id, Ms, metadata

pinned_scope = Table(
    "pinned_scope",
    metadata,
    Column("scope_id", Id, primary_key=True),
    Column("version", Id, primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("content", Text, nullable=False),
    Column("pinned_at", Ms, nullable=False),
    # what shows that we wrote it
    Column("seal", LargeBinary),
)
