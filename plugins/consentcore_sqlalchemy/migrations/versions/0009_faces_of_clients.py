"""When the operator checked who is behind a client, and the logo that it is shown with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("client", sa.Column("verified_at", sa.BigInteger()))
    op.add_column("client", sa.Column("logo", sa.Text(), nullable=False, server_default=sa.text("''")))
    op.create_table(
        "client_logo",
        sa.Column("client_id", ID, nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("fetched_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("client_id", name="client_logo_pkey"),
        sa.ForeignKeyConstraint(["client_id"], ["client.client_id"], name="client_logo_client_id_fkey"),
    )
