"""Clients with their endpoints, and owners with what is theirs."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Table, Text, UniqueConstraint, false, text

from consentcore_sqlalchemy.tables.base import Hash, Id, Json, Ms, metadata

client = Table(
    "client",
    metadata,
    Column("client_id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_at", Ms, nullable=False),
    Column("kind", Text, nullable=False),
    Column("auth_method", Text, nullable=False),
    Column("secrets", Json, nullable=False),
    Column("redirect_uris", Json, nullable=False),
    Column("scopes", Json, nullable=False),
    Column("publisher", Text, nullable=False),
    Column("website", Text, nullable=False),
    Column("privacy_url", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("require_pkce", Boolean, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("contact_email", Text, nullable=False, server_default=text("''")),
    Column("jwks", Json, nullable=False, server_default=text("''")),
    Column("jwks_uri", Text, nullable=False, server_default=text("''")),
    Column("require_par", Boolean, nullable=False, server_default=false()),
    Column("access_token_format", Text, nullable=False, server_default=text("'opaque'")),
    Column("resources", Json, nullable=False, server_default=text("'[]'")),
    Column("disabled_at", Ms),
    Column("disabled_by", Text, nullable=False, server_default=text("''")),
    Column("disabled_reason", Text, nullable=False, server_default=text("''")),
    Column("suspended_at", Ms),
    Column("suspended_by", Text, nullable=False, server_default=text("''")),
    Column("suspended_reason", Text, nullable=False, server_default=text("''")),
    Column("assertion_audience", Text, nullable=False, server_default=text("''")),
)

webhook_endpoint = Table(
    "webhook_endpoint",
    metadata,
    Column("endpoint_id", Id, primary_key=True),
    Column("client_id", Id, ForeignKey("client.client_id"), nullable=False, index=True),
    Column("url", Text, nullable=False),
    Column("created_at", Ms, nullable=False),
    Column("secrets", Json, nullable=False),
    Column("events", Json, nullable=False),
    Column("disabled_at", Ms),
    Column("disabled_reason", Text, nullable=False),
    Column("failing_since", Ms),
    Column("last_failure_at", Ms),
    Column("last_success_at", Ms),
    Column("warned_at", Ms),
    Column("slow_until", Ms),
)

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
    UniqueConstraint("email"),
)

owner_identity = Table(
    "owner_identity",
    metadata,
    Column("issuer", Id, primary_key=True),
    Column("subject", Id, primary_key=True),
    Column("owner_id", Id, nullable=False, index=True),
    Column("created_at", Ms, nullable=False),
)

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
)
