"""Clients and their webhook endpoints."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, LargeBinary, Table, Text, false, text

from consentcore_sqlalchemy.tables.base import Id, Json, Ms, metadata

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
    Column("dpop_bound_access_tokens", Boolean, nullable=False, server_default=false()),
    Column("profile", Text, nullable=False, server_default=text("''")),
    Column("tls_client_auth", Text, nullable=False, server_default=text("''")),
    Column("tls_client_certificate_bound_access_tokens", Boolean, nullable=False, server_default=false()),
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
    Column("optional_scopes", Json, nullable=False, server_default=text("'[]'")),
    Column("authorization_details_types", Json, nullable=False, server_default=text("'[]'")),
    Column("verified_at", Ms),
    Column("logo", Text, nullable=False, server_default=text("''")),
    Column("grant_management", Boolean, nullable=False, server_default=false()),
    Column("suspensions", Json, nullable=False, server_default=text("'[]'")),
    Column("self_registered", Json),
    Column("require_signed_request_object", Boolean, nullable=False, server_default=false()),
    Column("request_object_signing_alg", Text, nullable=False, server_default=text("''")),
    Column("authorization_signed_response_alg", Text, nullable=False, server_default=text("''")),
    Column("introspection_signed_response_alg", Text, nullable=False, server_default=text("''")),
    # what shows that we wrote it
    Column("seal", LargeBinary),
)

client_logo = Table(
    "client_logo",
    metadata,
    Column("client_id", Id, ForeignKey("client.client_id"), primary_key=True),
    Column("content_type", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("fetched_at", Ms, nullable=False),
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
    # what shows that we wrote it
    Column("seal", LargeBinary),
)
