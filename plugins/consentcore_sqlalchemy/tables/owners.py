"""Owners and their browser sessions."""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary, Table, Text, UniqueConstraint, text

from consentcore_sqlalchemy.tables.base import Hash, Id, Json, Ms, metadata

owner = Table(
    "owner",
    metadata,
    Column("owner_id", Id, primary_key=True),
    Column("email", Id, nullable=False),
    Column("created_at", Ms, nullable=False),
    Column("name", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("password_hash", Text),
    Column("previous_email", Text, nullable=False, server_default=text("''")),
    Column("email_changed_at", Ms),
    # what shows that we wrote it
    Column("seal", LargeBinary),
    UniqueConstraint("email"),
)


owner_session = Table(
    "owner_session",
    metadata,
    Column("session_hash", Hash, primary_key=True),
    Column("owner_id", Id, nullable=False, index=True),
    Column("created_at", Ms, nullable=False),
    Column("expires_at", Ms, nullable=False, index=True),
    Column("auth_time", Ms, nullable=False),
    Column("acr", Text, nullable=False),
    Column("amr", Json, nullable=False),
    Column("seen_at", Ms, nullable=False, server_default=text("0")),
    Column("address", Text, nullable=False, server_default=text("''")),
    Column("browser", Text, nullable=False, server_default=text("''")),
    # what shows that we wrote it
    Column("seal", LargeBinary),
)
