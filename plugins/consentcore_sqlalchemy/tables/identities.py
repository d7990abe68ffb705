"""Who owners are at identity providers."""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary, Table

from consentcore_sqlalchemy.tables.base import Id, Ms, metadata

owner_identity = Table(
    "owner_identity",
    metadata,
    Column("issuer", Id, primary_key=True),
    Column("subject", Id, primary_key=True),
    Column("owner_id", Id, nullable=False, index=True),
    Column("created_at", Ms, nullable=False),
    # what shows that we wrote it
    Column("seal", LargeBinary),
)
