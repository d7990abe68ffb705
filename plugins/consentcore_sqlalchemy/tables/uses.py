"""When grants were last used: apart from their rows, which are sealed."""

from __future__ import annotations

from sqlalchemy import Column, Table

from consentcore_sqlalchemy.tables.base import Id, Ms, metadata

grant_use = Table(
    "grant_use",
    metadata,
    Column("grant_id", Id, primary_key=True),
    Column("used_at", Ms, nullable=False),
)
