"""Grants."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table, Text, text

from consentcore_sqlalchemy.tables.base import ACTIVE_ONLY, Hash, Id, Json, Ms, metadata

consent_grant = Table(
    "consent_grant",
    metadata,
    Column("grant_id", Id, primary_key=True),
    Column("owner_id", Id, nullable=False),
    Column("client_id", Id, nullable=False),
    Column("state", Text, nullable=False),
    Column("scopes", Json, nullable=False),
    Column("created_at", Ms, nullable=False),
    Column("changed_at", Ms, nullable=False),
    Column("expires_at", Ms, nullable=False),
    Column("resources", Json, nullable=False),
    Column("replaces", Id, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("head", Hash, nullable=False),
    Column("seal", Hash, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("declined", Json, nullable=False, server_default=text("'[]'")),
    Column("authorization_details", Json, nullable=False, server_default=text("'[]'")),
    Column("refresh_from", Ms, nullable=False, server_default=text("0")),
    Index(
        "consent_grant_one_active",
        "owner_id",
        "client_id",
        unique=True,
        postgresql_where=ACTIVE_ONLY,
        sqlite_where=ACTIVE_ONLY,
    ),
    Index("consent_grant_of_owner", "owner_id", "changed_at", "grant_id"),
    Index("consent_grant_of_client", "client_id", "grant_id"),
    Index("consent_grant_due", "expires_at", postgresql_where=ACTIVE_ONLY, sqlite_where=ACTIVE_ONLY),
)
