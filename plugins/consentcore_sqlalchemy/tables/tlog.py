"""What the transparency log keeps beside the events."""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary, Table

from consentcore_sqlalchemy.tables.base import Id, metadata

log_object = Table(
    "log_object",
    metadata,
    Column("path", Id, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)
