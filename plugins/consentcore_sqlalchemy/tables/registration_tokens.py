"""Initial access tokens."""

from __future__ import annotations

from sqlalchemy import Column, Integer, LargeBinary, Table, Text

from consentcore_sqlalchemy.tables.base import Hash, Id, Ms, metadata

registration_token = Table(
    "registration_token",
    metadata,
    Column("token_hash", Hash, primary_key=True),
    Column("token_id", Id, nullable=False, unique=True),
    Column("note", Text, nullable=False),
    Column("created_at", Ms, nullable=False),
    Column("expires_at", Ms, nullable=False, index=True),
    Column("uses", Integer, nullable=False),
    Column("used", Integer, nullable=False),
    # what shows that we wrote it
    Column("seal", LargeBinary),
)
