"""Protocol and notices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")
EMPTY = sa.text("''")


def upgrade() -> None:
    _accounts()
    _webhooks()
    _audiences()
    _feed()
    _clients()
    _lanes()
    _once()


def _accounts() -> None:
    op.add_column("owner", sa.Column("previous_email", sa.Text(), nullable=False, server_default=EMPTY))
    op.add_column("owner", sa.Column("email_changed_at", sa.BigInteger(), nullable=True))
    op.add_column(
        "owner_session", sa.Column("seen_at", sa.BigInteger(), nullable=False, server_default=sa.text("0"))
    )
    op.add_column("owner_session", sa.Column("address", sa.Text(), nullable=False, server_default=EMPTY))
    op.add_column("owner_session", sa.Column("browser", sa.Text(), nullable=False, server_default=EMPTY))
    op.create_table(
        "owner_identity",
        sa.Column("issuer", ID, nullable=False),
        sa.Column("subject", ID, nullable=False),
        sa.Column("owner_id", ID, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "subject", name="owner_identity_pkey"),
    )
    op.create_index("owner_identity_owner_id_idx", "owner_identity", ["owner_id"], unique=False)
    op.create_table(
        "owner_ticket",
        sa.Column("ticket_hash", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("owner_id", ID, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("ticket_hash", name="owner_ticket_pkey"),
    )
    op.create_index("owner_ticket_expires_at_idx", "owner_ticket", ["expires_at"], unique=False)
    op.create_index("owner_ticket_owner_id_idx", "owner_ticket", ["owner_id"], unique=False)


def _webhooks() -> None:
    op.add_column("client", sa.Column("contact_email", sa.Text(), nullable=False, server_default=EMPTY))
    for name in ("failing_since", "last_failure_at", "last_success_at", "warned_at", "slow_until"):
        op.add_column("webhook_endpoint", sa.Column(name, sa.BigInteger(), nullable=True))
    op.add_column("delivery", sa.Column("before_replay", sa.Text(), nullable=True))
    op.add_column("delivery", sa.Column("next_before_replay", sa.BigInteger(), nullable=True))
    op.create_index("delivery_of_target", "delivery", ["target", "created_at", "delivery_id"], unique=False)


def _audiences() -> None:
    for table in ("code", "token"):
        op.add_column(table, sa.Column("audience", sa.Text(), nullable=False, server_default=sa.text("'[]'")))
    op.add_column("code", sa.Column("sealed_access", sa.LargeBinary(), nullable=True))
    op.add_column("code", sa.Column("auth_time", sa.BigInteger(), nullable=True))
    op.add_column("code", sa.Column("acr", sa.Text(), nullable=False, server_default=EMPTY))


def _feed() -> None:
    op.add_column("notice", sa.Column("feed_index", sa.BigInteger(), nullable=True))
    op.create_index("notice_feed", "notice", ["client_id", "feed_index"], unique=True)
    op.drop_index("notice_client_id_idx", table_name="notice")  # the new one begins with the same column


def _clients() -> None:
    for name in ("jwks", "jwks_uri"):
        op.add_column("client", sa.Column(name, sa.Text(), nullable=False, server_default=EMPTY))
    op.add_column("client", sa.Column("require_par", sa.Boolean(), nullable=False, server_default=sa.false()))
    for name, default in (("access_token_format", "'opaque'"), ("resources", "'[]'")):
        op.add_column("client", sa.Column(name, sa.Text(), nullable=False, server_default=sa.text(default)))


def _lanes() -> None:
    pending = sa.text("state = 'pending'")
    columns = ["notifier", "target", "next_at", "delivery_id"]
    op.create_index(
        "delivery_lane", "delivery", columns, postgresql_where=pending, sqlite_where=pending, unique=False
    )


def _once() -> None:
    op.create_table(
        "pushed_request",
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", ID, nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("request_hash", name="pushed_request_pkey"),
    )
    op.create_index("pushed_request_expires_at_idx", "pushed_request", ["expires_at"], unique=False)
    op.create_table(
        "used_once",
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name="used_once_pkey"),
    )
    op.create_index("used_once_expires_at_idx", "used_once", ["expires_at"], unique=False)
