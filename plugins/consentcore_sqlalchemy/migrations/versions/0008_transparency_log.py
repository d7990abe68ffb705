"""Checkpoints that anybody can check, and what the transparency log keeps beside the events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    path = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
    op.create_table(
        "log_object",
        sa.Column("path", path, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("path", name="log_object_pkey"),
    )
    # Those that are there have none of it: they verify by the rule by which they were made.
    for column in (
        sa.Column("note", sa.Text(), nullable=False, server_default=sa.text("''")),
        sa.Column("previous", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("seal", sa.LargeBinary(), nullable=True),
    ):
        op.add_column("checkpoint", column)
