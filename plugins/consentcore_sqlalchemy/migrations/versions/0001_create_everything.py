"""Create everything."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    _people()
    _evidence()
    _tokens()
    _outbox()


def _people() -> None:
    op.create_table(
        "client",
        sa.Column("client_id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("auth_method", sa.Text(), nullable=False),
        sa.Column("secrets", sa.Text(), nullable=False),
        sa.Column("redirect_uris", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("publisher", sa.Text(), nullable=False),
        sa.Column("website", sa.Text(), nullable=False),
        sa.Column("privacy_url", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("require_pkce", sa.Boolean(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("client_id", name="client_pkey"),
    )
    op.create_table(
        "webhook_endpoint",
        sa.Column("endpoint_id", ID, nullable=False),
        sa.Column("client_id", ID, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("secrets", sa.Text(), nullable=False),
        sa.Column("events", sa.Text(), nullable=False),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.Column("disabled_reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.client_id"], name="webhook_endpoint_client_id_fkey"),
        sa.PrimaryKeyConstraint("endpoint_id", name="webhook_endpoint_pkey"),
    )
    op.create_index("webhook_endpoint_client_id_idx", "webhook_endpoint", ["client_id"], unique=False)
    op.create_table(
        "owner",
        sa.Column("owner_id", ID, nullable=False),
        sa.Column("email", ID, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("owner_id", name="owner_pkey"),
        sa.UniqueConstraint("email", name="owner_email_key"),
    )
    op.create_table(
        "owner_session",
        sa.Column("session_hash", sa.LargeBinary(), nullable=False),
        sa.Column("owner_id", ID, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("auth_time", sa.BigInteger(), nullable=False),
        sa.Column("acr", sa.Text(), nullable=False),
        sa.Column("amr", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("session_hash", name="owner_session_pkey"),
    )
    op.create_index("owner_session_expires_at_idx", "owner_session", ["expires_at"], unique=False)
    op.create_index("owner_session_owner_id_idx", "owner_session", ["owner_id"], unique=False)
    op.create_table(
        "interaction",
        sa.Column("interaction_hash", sa.LargeBinary(), nullable=False),
        sa.Column("session_hash", sa.LargeBinary(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("owner_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("interaction_hash", name="interaction_pkey"),
    )
    op.create_index("interaction_expires_at_idx", "interaction", ["expires_at"], unique=False)


def _evidence() -> None:
    op.create_table(
        "consent_grant",
        sa.Column("grant_id", ID, nullable=False),
        sa.Column("owner_id", ID, nullable=False),
        sa.Column("client_id", ID, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("resources", sa.Text(), nullable=False),
        sa.Column("replaces", ID, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("grant_id", name="consent_grant_pkey"),
    )
    op.create_index(
        "consent_grant_due",
        "consent_grant",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("state = 'active'"),
        sqlite_where=sa.text("state = 'active'"),
    )
    op.create_index("consent_grant_of_client", "consent_grant", ["client_id", "grant_id"], unique=False)
    op.create_index(
        "consent_grant_of_owner", "consent_grant", ["owner_id", "changed_at", "grant_id"], unique=False
    )
    op.create_index(
        "consent_grant_one_active",
        "consent_grant",
        ["owner_id", "client_id"],
        unique=True,
        postgresql_where=sa.text("state = 'active'"),
        sqlite_where=sa.text("state = 'active'"),
    )
    op.create_table(
        "consent_event",
        sa.Column("event_id", ID, nullable=False),
        sa.Column("grant_id", ID, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("owner_id", ID, nullable=False),
        sa.Column("client_id", ID, nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("prev_hash", sa.LargeBinary(), nullable=False),
        sa.Column("record_hash", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("leaf_index", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("event_id", name="consent_event_pkey"),
        sa.UniqueConstraint("grant_id", "sequence", name="consent_event_grant_id_sequence_key"),
        sa.UniqueConstraint("leaf_index", name="consent_event_leaf_index_key"),
    )
    op.create_index(
        "consent_event_of_owner",
        "consent_event",
        ["owner_id", "occurred_at", "sequence", "event_id"],
        unique=False,
    )
    op.create_index(
        "consent_event_unsequenced",
        "consent_event",
        ["grant_id", "sequence"],
        unique=False,
        postgresql_where=sa.text("leaf_index IS NULL"),
        sqlite_where=sa.text("leaf_index IS NULL"),
    )
    op.create_table(
        "notice_snapshot",
        sa.Column("snapshot_hash", ID, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("snapshot_hash", name="notice_snapshot_pkey"),
    )
    op.create_table(
        "checkpoint",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("size", name="checkpoint_pkey"),
    )


def _tokens() -> None:
    op.create_table(
        "code",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("family_id", ID, nullable=False),
        sa.Column("grant_id", ID, nullable=False),
        sa.Column("client_id", ID, nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("redirect_uri_given", sa.Boolean(), nullable=False),
        sa.Column("code_challenge", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("purge_at", sa.BigInteger(), nullable=False),
        sa.Column("killed_at", sa.BigInteger(), nullable=True),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("rotated_hash", sa.LargeBinary(), nullable=True),
        sa.Column("successor_hash", sa.LargeBinary(), nullable=True),
        sa.Column("access_hash", sa.LargeBinary(), nullable=True),
        sa.Column("grace_until", sa.BigInteger(), nullable=True),
        sa.Column("nonce", sa.LargeBinary(), nullable=True),
        sa.Column("nonce_key_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("code_hash", name="code_pkey"),
        sa.UniqueConstraint("family_id", name="code_family_id_key"),
        postgresql_with={"fillfactor": 70},
    )
    op.create_index("code_purge_at_idx", "code", ["purge_at"], unique=False)
    op.create_table(
        "token",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("family_id", ID, nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("rotated_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("token_hash", name="token_pkey"),
    )
    op.create_index("token_expires_at_idx", "token", ["expires_at"], unique=False)
    op.create_table(
        "counter",
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("window_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("window_start", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key_hash", "window_ms", "window_start", name="counter_pkey"),
    )
    op.create_index("counter_ends_at_idx", "counter", ["ends_at"], unique=False)


def _outbox() -> None:
    op.create_table(
        "notice",
        sa.Column("notice_id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("grant_id", ID, nullable=False),
        sa.Column("client_id", ID, nullable=False),
        sa.Column("owner_id", ID, nullable=False),
        sa.Column("audiences", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("expanded_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("notice_id", name="notice_pkey"),
    )
    op.create_index("notice_client_id_idx", "notice", ["client_id"], unique=False)
    op.create_index("notice_grant_id_idx", "notice", ["grant_id"], unique=False)
    op.create_index(
        "notice_unexpanded",
        "notice",
        ["occurred_at", "notice_id"],
        unique=False,
        postgresql_where=sa.text("expanded_at IS NULL"),
        sqlite_where=sa.text("expanded_at IS NULL"),
    )
    op.create_table(
        "delivery",
        sa.Column("delivery_id", ID, nullable=False),
        sa.Column("notice_id", ID, nullable=False),
        sa.Column("notifier", ID, nullable=False),
        sa.Column("target", ID, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("lease_token", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.notice_id"], name="delivery_notice_id_fkey"),
        sa.PrimaryKeyConstraint("delivery_id", name="delivery_pkey"),
        sa.UniqueConstraint("notice_id", "notifier", "target", name="delivery_notice_id_notifier_target_key"),
    )
    op.create_index(
        "delivery_dead",
        "delivery",
        ["delivery_id"],
        unique=False,
        postgresql_where=sa.text("state = 'dead'"),
        sqlite_where=sa.text("state = 'dead'"),
    )
    op.create_index(
        "delivery_due",
        "delivery",
        ["next_at", "delivery_id"],
        unique=False,
        postgresql_where=sa.text("state = 'pending'"),
        sqlite_where=sa.text("state = 'pending'"),
    )
    op.create_index("delivery_newest", "delivery", ["created_at", "delivery_id"], unique=False)
    op.create_table(
        "delivery_attempt",
        sa.Column("delivery_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("latency_ms", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.delivery_id"], name="delivery_attempt_delivery_id_fkey"
        ),
        sa.PrimaryKeyConstraint("delivery_id", "number", name="delivery_attempt_pkey"),
    )
