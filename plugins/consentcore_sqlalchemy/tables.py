"""The tables. Times are BIGINT milliseconds, hashes are bytes, lists and mappings are JSON text.

A family of tokens has no table: its state stands on the row of the code that it descends from, so that a token row
stays small and a look-up has one join less. There are no foreign keys into the hot tables, because checking
them would lock the referenced row on every token.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.dialects import postgresql

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    }
)

# Ids sort by code point everywhere: pages must not depend on the server's locale.
Id = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
Json = Text
Ms = BigInteger
Hash = LargeBinary

ACTIVE_ONLY = text("state = 'active'")
PENDING_ONLY = text("state = 'pending'")

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

interaction = Table(
    "interaction",
    metadata,
    Column("interaction_hash", Hash, primary_key=True),
    Column("session_hash", Hash, nullable=False),
    Column("request", Json, nullable=False),
    Column("created_at", Ms, nullable=False),
    Column("expires_at", Ms, nullable=False, index=True),
    Column("owner_id", Id, nullable=False),
)

pushed_request = Table(
    "pushed_request",
    metadata,
    Column("request_hash", Hash, primary_key=True),
    Column("client_id", Id, nullable=False),
    Column("query", Text, nullable=False),
    Column("created_at", Ms, nullable=False),
    Column("expires_at", Ms, nullable=False, index=True),
)

# What may be used once until its time is over: the hash says nothing of what it was.
used_once = Table(
    "used_once",
    metadata,
    Column("key_hash", Hash, primary_key=True),
    Column("expires_at", Ms, nullable=False, index=True),
)

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

code = Table(
    "code",
    metadata,
    Column("code_hash", Hash, primary_key=True),
    Column("family_id", Id, nullable=False),
    Column("grant_id", Id, nullable=False),
    Column("client_id", Id, nullable=False),
    Column("redirect_uri", Text, nullable=False),
    Column("redirect_uri_given", Boolean, nullable=False),
    Column("code_challenge", Text, nullable=False),
    Column("scopes", Json, nullable=False),
    Column("created_at", Ms, nullable=False),
    Column("expires_at", Ms, nullable=False),
    Column("used_at", Ms),
    # when to look at the row for removal; moved by the purge only, so that the hot path never touches its index
    Column("purge_at", Ms, nullable=False, index=True),
    # the family
    Column("killed_at", Ms),
    Column("ends_at", Ms, nullable=False),
    # its latest rotation: only that one can still be in its grace
    Column("rotated_hash", Hash),
    Column("successor_hash", Hash),
    Column("access_hash", Hash),
    Column("grace_until", Ms),
    Column("nonce", Hash),
    Column("nonce_key_id", Text),
    Column("audience", Json, nullable=False, server_default="[]"),
    Column("sealed_access", LargeBinary),
    Column("auth_time", Ms),
    Column("acr", Text, nullable=False, server_default=text("''")),
    UniqueConstraint("family_id"),
    # room for the updates of rotations on the same page, which then touch no index
    postgresql_with={"fillfactor": 70},
)

token = Table(
    "token",
    metadata,
    Column("token_hash", Hash, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("family_id", Id, nullable=False),
    Column("scopes", Json, nullable=False),
    Column("created_at", Ms, nullable=False),
    Column("expires_at", Ms, nullable=False, index=True),
    Column("rotated_at", Ms),
    Column("audience", Json, nullable=False, server_default="[]"),
)

consent_event = Table(
    "consent_event",
    metadata,
    Column("event_id", Id, primary_key=True),
    Column("grant_id", Id, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("type", Text, nullable=False),
    Column("owner_id", Id, nullable=False),
    Column("client_id", Id, nullable=False),
    Column("occurred_at", Ms, nullable=False),
    Column("body", Text, nullable=False),
    Column("prev_hash", Hash, nullable=False),
    Column("record_hash", Hash, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("leaf_index", BigInteger),
    UniqueConstraint("grant_id", "sequence"),
    UniqueConstraint("leaf_index"),
    Index("consent_event_of_owner", "owner_id", "occurred_at", "sequence", "event_id"),
    Index(
        "consent_event_unsequenced",
        "grant_id",
        "sequence",
        postgresql_where=text("leaf_index IS NULL"),
        sqlite_where=text("leaf_index IS NULL"),
    ),
)

notice_snapshot = Table(
    "notice_snapshot",
    metadata,
    Column("snapshot_hash", Id, primary_key=True),
    Column("content", Text, nullable=False),
    Column("created_at", Ms, nullable=False),
)

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("root", Hash, nullable=False),
    Column("created_at", Ms, nullable=False),
    Column("signature", Hash, nullable=False),
    Column("key_id", Text, nullable=False),
)

notice = Table(
    "notice",
    metadata,
    Column("notice_id", Id, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("grant_id", Id, nullable=False, index=True),
    Column("client_id", Id, nullable=False),
    Column("owner_id", Id, nullable=False),
    Column("audiences", Json, nullable=False),
    Column("occurred_at", Ms, nullable=False),
    Column("data", Text, nullable=False),
    Column("expanded_at", Ms),
    # the place in the feed of the client; given when the client asks, so that what commits late is not passed over
    Column("feed_index", BigInteger),
    Index("notice_feed", "client_id", "feed_index", unique=True),
    Index(
        "notice_unexpanded",
        "occurred_at",
        "notice_id",
        postgresql_where=text("expanded_at IS NULL"),
        sqlite_where=text("expanded_at IS NULL"),
    ),
)

delivery = Table(
    "delivery",
    metadata,
    Column("delivery_id", Id, primary_key=True),
    Column("notice_id", Id, ForeignKey("notice.notice_id"), nullable=False),
    Column("notifier", Id, nullable=False),
    Column("target", Id, nullable=False),
    Column("created_at", Ms, nullable=False),
    Column("next_at", Ms, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("lease_until", Ms),
    Column("lease_token", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("last_error", Text, nullable=False),
    Column("finished_at", Ms),
    Column("before_replay", Text),
    Column("next_before_replay", Ms),
    UniqueConstraint("notice_id", "notifier", "target"),
    Index(
        "delivery_due",
        "next_at",
        "delivery_id",
        postgresql_where=PENDING_ONLY,
        sqlite_where=PENDING_ONLY,
    ),
    # by target: a claim goes from one to the next, past whatever backlog a busy one has
    Index(
        "delivery_lane",
        "notifier",
        "target",
        "next_at",
        "delivery_id",
        postgresql_where=PENDING_ONLY,
        sqlite_where=PENDING_ONLY,
    ),
    Index("delivery_newest", "created_at", "delivery_id"),
    Index("delivery_of_target", "target", "created_at", "delivery_id"),
    Index(
        "delivery_dead",
        "delivery_id",
        postgresql_where=text("state = 'dead'"),
        sqlite_where=text("state = 'dead'"),
    ),
)

delivery_attempt = Table(
    "delivery_attempt",
    metadata,
    Column("delivery_id", Id, ForeignKey("delivery.delivery_id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("started_at", Ms, nullable=False),
    Column("latency_ms", Integer, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("status", Integer),
    Column("error", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("trigger", Text, nullable=False),
)

# The key is hashed: it may hold an address, and must not be limited by what an index can hold.
counter = Table(
    "counter",
    metadata,
    Column("key_hash", Hash, primary_key=True),
    Column("window_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("window_start", Ms, primary_key=True, autoincrement=False),
    Column("hits", Integer, nullable=False),
    Column("ends_at", Ms, nullable=False, index=True),
)
